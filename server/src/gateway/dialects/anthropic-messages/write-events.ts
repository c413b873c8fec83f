import type { AnswerContext, ChatAnswer, ChatEvent, EventWriter, Usage } from "../../types.ts";
import { typeOf } from "./errors.ts";
import { writeStopReason } from "./stop-reasons.ts";
import { writeUsage } from "./usage.ts";
import { type Piece, blockDelta, blockStart } from "./write-blocks.ts";
import { parseArguments } from "./write-content.ts";

/** Canonical events as the Messages API streams them: blocks one after the other, then one message_delta with reason and usage. */
export class AnthropicWriter implements EventWriter {
  readonly #context: AnswerContext;
  #started = false;
  #blocks = 0;
  #open: number | undefined;
  /** The arguments so far of the tool call that is open; undefined when none is. */
  #arguments: string | undefined;
  /** Pieces of later parts, while an earlier tool call is not whole: a block cannot be opened again. */
  #waiting: Piece[] = [];
  #usage: Usage | null = null;
  #finish: Pick<ChatAnswer, "finish" | "stopSequence"> = { finish: "unknown" };

  constructor(context: AnswerContext) {
    this.#context = context;
  }

  write(event: ChatEvent): string {
    switch (event.type) {
      case "start":
        return this.#start(event.id);
      case "usage":
        this.#usage = event.usage;
        return "";
      case "finish":
        this.#finish = event;
        return this.#flush();
      case "end":
        return `${this.#start("msg")}${this.#flush()}${this.#end()}`;
      case "error":
        return sse("error", { error: { type: typeOf(event.error.kind), message: event.error.message } });
      default:
        return `${this.#start("msg")}${this.#piece(event)}`;
    }
  }

  #start(id: string): string {
    if (this.#started) return "";
    this.#started = true;
    const message = { id, type: "message", role: "assistant", model: this.#context.model, content: [] };
    return sse("message_start", { message: { ...message, stop_reason: null, stop_sequence: null, usage: writeUsage(null) } });
  }

  #piece(piece: Piece): string {
    if (this.#open === piece.part) return this.#append(piece);
    if (this.#waiting.length === 0 && (this.#arguments === undefined || isWhole(this.#arguments))) return this.#begin(piece);
    this.#waiting.push(piece);
    return "";
  }

  #begin(piece: Piece): string {
    const block = blockStart(piece);
    if (block === undefined) return "";
    const closed = this.#close();
    this.#open = piece.part;
    this.#arguments = piece.type === "tool-call" ? "" : undefined;
    return `${closed}${sse("content_block_start", { index: this.#blocks, content_block: block })}${this.#append(piece)}`;
  }

  #append(piece: Piece): string {
    const delta = blockDelta(piece);
    const written = delta === undefined ? "" : sse("content_block_delta", { index: this.#blocks, delta });
    if (piece.type !== "arguments") return written;
    this.#arguments = `${this.#arguments ?? ""}${piece.text}`;
    if (this.#waiting.length === 0 || !piece.text.includes("}") || !isWhole(this.#arguments)) return written;
    const waiting = this.#waiting;
    this.#waiting = [];
    return `${written}${waiting.map((next) => this.#piece(next)).join("")}`;
  }

  /** Nothing more will come, so what waits is written, part by part. */
  #flush(): string {
    const waiting = this.#waiting.toSorted((a, b) => a.part - b.part);
    this.#waiting = [];
    return waiting.map((piece) => (this.#open === piece.part ? this.#append(piece) : this.#begin(piece))).join("");
  }

  #close(): string {
    if (this.#open === undefined) return "";
    this.#open = undefined;
    return sse("content_block_stop", { index: this.#blocks++ });
  }

  #end(): string {
    const delta = { stop_reason: writeStopReason(this.#finish), stop_sequence: this.#finish.stopSequence ?? null };
    return `${this.#close()}${sse("message_delta", { delta, usage: writeUsage(this.#usage) })}${sse("message_stop", {})}`;
  }
}

/** Only asked when another part begins, so each call's arguments are parsed once where calls come one after the other. */
function isWhole(text: string): boolean {
  return text !== "" && parseArguments(text) !== undefined;
}

function sse(type: string, fields: Record<string, unknown>): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}
