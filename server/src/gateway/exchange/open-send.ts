import type { EgressHandler, EgressHeaders, Exchange } from "../../core/index.ts";
import { ChunkQueue } from "./chunk-queue.ts";
import { type SendClock, attemptError, clockRanOut, providerFailed } from "./failures.ts";
import { encodingOf } from "./decode-whole.ts";
import type { ChatReply, SendRequest } from "./types.ts";

/** Of a refusal: it is a message for people. */
const maxRefusalBytes = 64 * 1024;

/** An attempt under way: its clocks, and what came so far. */
export class OpenSend implements EgressHandler {
  readonly reply: Promise<ChatReply>;
  readonly #request: SendRequest;
  #settle!: { resolve(reply: ChatReply): void; reject(error: unknown): void };
  #exchange: Exchange | undefined;
  #head: { readonly status: number; readonly headers: EgressHeaders } | undefined;
  #queue: ChunkQueue | undefined;
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;
  #clock: SendClock = "firstToken";
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(request: SendRequest) {
    this.#request = request;
    this.reply = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    if (request.stream) this.#wait("firstToken");
  }

  start(exchange: Exchange): void {
    this.#exchange = exchange;
  }

  /** Nothing was sent. */
  stop(): void {
    this.#over();
  }

  onHeaders(status: number, headers: EgressHeaders): void {
    this.#head = { status, headers };
    const isRefusal = status < 200 || status > 299;
    if (isRefusal || !this.#request.stream || isJson(headers)) return;
    const encoding = encodingOf(headers);
    if (encoding !== "identity") {
      this.#cancel(
        providerFailed(`${this.#request.name} streams in an encoding nobody asked for: ${encoding}.`, {
          reason: "encoding",
          retryable: false,
        }),
      );
      return;
    }
    this.#queue = new ChunkQueue({
      pause: () => {
        this.#stopClock();
        this.#exchange?.pause();
      },
      resume: () => {
        if (this.#isOver) return;
        this.#wait("gap");
        this.#exchange?.resume();
      },
      leave: () => this.#cancel(new Error("The answer was left unread.")),
    });
    this.#settle.resolve({ kind: "stream", status, headers, chunks: this.#queue });
  }

  onData(chunk: Uint8Array): void {
    if (this.#isOver) return;
    if (this.#clock === "gap") this.#timer?.refresh();
    else if (this.#request.stream) this.#wait("gap");
    if (this.#queue !== undefined) {
      this.#queue.push(chunk);
      return;
    }
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#head!.status > 299 && this.#bytes >= maxRefusalBytes) this.#finish();
  }

  onEnd(): void {
    this.#finish();
  }

  onError(error: unknown): void {
    this.#fail(attemptError(error, { name: this.#request.name, totalMs: this.#request.clocks.totalMs }));
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#over();
    if (this.#queue !== undefined) {
      this.#queue.finish();
      return;
    }
    const isCut = this.#head!.status > 299 && this.#bytes >= maxRefusalBytes;
    const bytes = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
    this.#settle.resolve({ kind: "whole", ...this.#head!, bytes: isCut ? bytes.subarray(0, maxRefusalBytes) : bytes });
    if (isCut) this.#exchange?.cancel(new Error("The refusal is long enough."));
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    this.#over();
    this.#queue?.fail(error);
    this.#settle.reject(error);
  }

  /** The connection is closed before anybody hears of it. */
  #cancel(error: unknown): void {
    if (this.#isOver) return;
    this.#exchange?.cancel(error);
    this.#fail(error);
  }

  #over(): void {
    this.#isOver = true;
    this.#stopClock();
  }

  #wait(clock: SendClock): void {
    this.#stopClock();
    this.#clock = clock;
    const ms = this.#request.clocks[clock === "gap" ? "gapMs" : "firstTokenMs"];
    // A bound no timer can hold is none: the whole has one.
    if (ms < 2 ** 31) this.#timer = setTimeout(() => this.#cancel(clockRanOut(clock, ms, this.#request.name)), Math.max(1, Math.ceil(ms)));
  }

  #stopClock(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

/** An error, or a whole answer, instead of the stream that was asked for. */
function isJson(headers: EgressHeaders): boolean {
  return /^application\/(?:[\w.-]+\+)?json\b/i.test(String(headers["content-type"] ?? ""));
}
