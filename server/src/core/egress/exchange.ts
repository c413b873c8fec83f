import type { Dispatcher } from "undici";
import type { Cancellation } from "../cancellation.ts";
import { failed, refused, timedOut, tooLarge } from "./failures.ts";
import type { Policy, Target } from "./policy.ts";
import { nextLeg } from "./redirect.ts";
import type { EgressBody, EgressHandler, EgressHeaders, EgressLimits, Exchange } from "./types.ts";

export interface Call {
  readonly target: Target;
  readonly method: string;
  readonly headers: Record<string, string | string[]>;
  readonly body: EgressBody | null;
}

export interface ExchangeDeps {
  readonly policy: Policy;
  readonly limits: Required<EgressLimits>;
  readonly signal: Cancellation | undefined;
  readonly handler: EgressHandler;
  /** Called once, when it is over. */
  readonly onSettled: (error: unknown) => void;
}

/** One request, from the first connection to the last byte, over all its redirects: its clocks, its bounds, its one end. */
export class OpenExchange implements Exchange {
  readonly #deps: ExchangeDeps;
  #call: Call;
  #agent: Dispatcher | undefined;
  #leg: Leg | undefined;
  #redirects = 0;
  #bytes = 0;
  #paused = false;
  #settled = false;
  readonly #total: NodeJS.Timeout;
  /** Until the head of the answer; then between pieces of the body. */
  #phase: NodeJS.Timeout | undefined;

  constructor(call: Call, deps: ExchangeDeps) {
    this.#call = call;
    this.#deps = deps;
    const { totalMs, headersMs } = deps.limits;
    this.#total = setTimeout(() => this.cancel(timedOut(this.host, "total", totalMs)), totalMs);
    // A clock that could not ring before the whole's is not set: each costs as much as reading a header.
    if (headersMs < totalMs) this.#phase = setTimeout(() => this.cancel(timedOut(this.host, "headers", headersMs)), headersMs);
    deps.signal?.addEventListener("abort", this.#abort, { once: true });
  }

  get host(): string {
    return this.#call.target.host;
  }

  get url(): string {
    return this.#call.target.url.href;
  }

  readonly #abort = (): void => this.cancel(this.#deps.signal?.reason);

  start(agent: Dispatcher): void {
    if (this.#settled) return;
    this.#agent = agent;
    const { target, method, headers, body } = this.#call;
    const leg = new Leg(this);
    this.#leg = leg;
    agent.dispatch(
      {
        origin: target.origin,
        path: target.path,
        method,
        headers,
        body: body as Dispatcher.DispatchOptions["body"],
        // The clocks are ours: they say which one ran out, and stop while we are the slow side.
        headersTimeout: 0,
        bodyTimeout: 0,
      },
      leg,
    );
  }

  pause(): void {
    if (this.#settled || this.#paused) return;
    this.#paused = true;
    clearTimeout(this.#phase);
    this.#phase = undefined;
    this.#leg?.controller?.pause();
  }

  resume(): void {
    if (this.#settled || !this.#paused) return;
    this.#paused = false;
    this.#waitForData();
    this.#leg?.controller?.resume();
  }

  cancel(reason: unknown): void {
    if (this.#settled) return;
    this.#settle(reason);
    this.#leg?.end(reason);
    this.#deps.handler.onError(reason);
  }

  onHead(status: number, headers: EgressHeaders): void {
    const location = headers["location"];
    if (status >= 300 && status < 400 && status !== 304 && typeof location === "string") {
      this.#redirect(status, location);
      return;
    }
    const { maxResponseBytes } = this.#deps.limits;
    if (Number(headers["content-length"] ?? 0) > maxResponseBytes && this.#call.method !== "HEAD") {
      this.cancel(tooLarge(this.host, maxResponseBytes));
      return;
    }
    clearTimeout(this.#phase);
    this.#phase = undefined;
    this.#waitForData();
    this.#deps.handler.onHeaders(status, headers);
  }

  onData(chunk: Uint8Array): void {
    const { maxResponseBytes } = this.#deps.limits;
    this.#bytes += chunk.length;
    if (this.#bytes > maxResponseBytes) {
      this.cancel(tooLarge(this.host, maxResponseBytes));
      return;
    }
    this.#phase?.refresh();
    this.#deps.handler.onData(chunk);
  }

  onEnd(): void {
    this.#settle(undefined);
    this.#deps.handler.onEnd();
  }

  onError(error: unknown): void {
    // undici reports what our own `onEnd` throws.
    if (this.#settled) return;
    const problem = failed(this.host, error);
    this.#settle(problem);
    this.#deps.handler.onError(problem);
  }

  #redirect(status: number, location: string): void {
    let next: Call;
    try {
      if (this.#redirects >= this.#deps.limits.maxRedirects)
        throw refused(`${this.host} redirects more than ${this.#deps.limits.maxRedirects} times.`, {
          host: this.host,
          reason: "redirect",
          setting: "egress.maxRedirects",
        });
      next = nextLeg(this.#call, { status, location, policy: this.#deps.policy });
    } catch (error) {
      this.cancel(error);
      return;
    }
    this.#redirects += 1;
    this.#leg?.end(new Error("redirected"));
    this.#call = next;
    const agent = this.#agent!;
    // Not inside the old answer's callback.
    queueMicrotask(() => this.start(agent));
  }

  #waitForData(): void {
    const { idleMs, totalMs } = this.#deps.limits;
    if (this.#paused || idleMs >= totalMs) return;
    if (this.#phase === undefined) this.#phase = setTimeout(() => this.cancel(timedOut(this.host, "idle", idleMs)), idleMs);
    else this.#phase.refresh();
  }

  #settle(error: unknown): void {
    this.#settled = true;
    clearTimeout(this.#total);
    clearTimeout(this.#phase);
    this.#deps.signal?.removeEventListener("abort", this.#abort);
    this.#deps.onSettled(error);
  }
}

/** One request of undici's and its answer. After `end` nothing of it reaches the exchange. */
class Leg implements Dispatcher.DispatchHandler {
  controller: Dispatcher.DispatchController | undefined;
  #exchange: OpenExchange | undefined;
  #reason: unknown;

  constructor(exchange: OpenExchange) {
    this.#exchange = exchange;
  }

  end(reason: unknown): void {
    this.#exchange = undefined;
    this.#reason = reason;
    this.controller?.abort(asError(reason));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.#exchange === undefined) controller.abort(asError(this.#reason));
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: EgressHeaders): void {
    // 103 and its like announce; the answer follows.
    if (status >= 200) this.#exchange?.onHead(status, headers);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    this.#exchange?.onData(chunk);
  }

  onResponseEnd(): void {
    this.#exchange?.onEnd();
  }

  onResponseError(_controller: unknown, error: unknown): void {
    this.#exchange?.onError(error);
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error("cancelled", { cause: reason });
}
