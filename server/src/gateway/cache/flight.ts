import { AppError } from "../../core/index.ts";
import type { Ask, CallOutcome, GatewayCall, GatewayReply } from "../stage.ts";
import type { Told } from "../tell.ts";
import type { Piece } from "./kept-answers.ts";

/** Of one answer as it streams: an answer of common pieces is half a megabyte at most. */
const maxHeldCharacters = 16 * 1024 * 1024;

type Streamed = Extract<GatewayReply, { kind: "stream" }>;

/** One who waits for the answer of a flight. */
export interface Seat {
  readonly call: GatewayCall;
  /** Pieces heard so far. */
  heard: number;
  /** Why it hears no more, where that is its own fault. */
  lost: AppError | null;
}

/** How a flight ended that was heard to its end. */
export interface Landing {
  readonly outcome: CallOutcome;
  /** As it streamed; null for one that came whole. */
  readonly pieces: readonly Piece[] | null;
}

/**
 * One call of a provider that several wait for. The provider is read as fast as the fastest of them listens, each hears it from the
 * beginning, and nobody waits for a slower one. Who goes away leaves the others their answer; the last to go cancels the provider.
 */
export class Flight {
  readonly leader: GatewayCall;
  readonly reply: Promise<GatewayReply>;
  readonly #gone = new AbortController();
  /** In the order in which they came. */
  readonly #seats = new Set<Seat>();
  /** Pieces from the `#dropped`th on. */
  readonly #told: Told[] = [];
  readonly #gaps: number[] = [];
  #dropped = 0;
  #heldCharacters = 0;
  readonly #onLanding: (landing: Landing | null) => void;
  #iterator: AsyncIterator<Told> | undefined;
  #reading: Promise<void> | undefined;
  #end: CallOutcome | undefined;
  #payer: Seat | undefined;

  /** `onLanding` hears once that nobody can join any more: with what there is to keep, or null. */
  constructor(call: GatewayCall, next: Ask, onLanding: (landing: Landing | null) => void) {
    this.leader = call;
    let landed = false;
    this.#onLanding = (landing) => {
      if (!landed) onLanding(landing);
      landed = true;
    };
    this.reply = next({ ...call, signal: this.#gone.signal });
    this.reply.then(
      (reply) => {
        if (reply.kind === "whole") this.#land(reply.outcome, null);
        // The last one left while the provider was asked.
        else if (this.#seats.size === 0) void this.#cancel();
      },
      () => this.#onLanding(null),
    );
  }

  /** What one has heard, as far as it is still held. */
  heardBy(seat: Seat): readonly Told[] {
    return this.#told.slice(0, Math.max(0, seat.heard - this.#dropped));
  }

  /** Whether it was heard to its end, and how it was. */
  get end(): CallOutcome | undefined {
    return this.#end;
  }

  sit(call: GatewayCall): Seat {
    const seat: Seat = { call, heard: 0, lost: null };
    this.#seats.add(seat);
    return seat;
  }

  /** Whether there is an end, and this one was told it. */
  hasHeardAll(seat: Seat): boolean {
    return this.#end !== undefined && seat.heard === this.#dropped + this.#told.length;
  }

  isAlone(seat: Seat): boolean {
    return this.#seats.size === 1 && this.#seats.has(seat);
  }

  /** Who pays for all: of those who were there at the end, the first that came. */
  isPayer(seat: Seat): boolean {
    return this.#payer === seat;
  }

  /** The next piece for one seat; undefined after the last. Throws for one so far behind that it is not held any more. */
  async next(seat: Seat, streamed: Streamed): Promise<Told | undefined> {
    if (seat.heard === this.#dropped + this.#told.length) {
      if (this.#end !== undefined) return undefined;
      await (this.#reading ??= this.#read(streamed));
    }
    if (seat.heard < this.#dropped) throw new AppError("provider_failed", "This client reads too slowly for an answer of this length.");
    const piece = this.#told[seat.heard - this.#dropped];
    if (piece !== undefined) seat.heard++;
    return piece;
  }

  leave(seat: Seat): void {
    if (!this.#seats.delete(seat) || this.#seats.size > 0 || this.#end !== undefined) return;
    void this.#cancel();
  }

  async #read(streamed: Streamed): Promise<void> {
    const startedAt = performance.now();
    this.#iterator ??= streamed.texts[Symbol.asyncIterator]();
    try {
      const { value, done } = await this.#iterator.next();
      if (done !== true) {
        this.#gaps.push(performance.now() - startedAt);
        this.#told.push(value);
        this.#hold(value);
      }
      if (done !== true && !value.isLast) return;
      const outcome = streamed.outcome();
      const pieces = this.#told.map(({ events }, index) => ({ events, gapMs: this.#gaps[index]! }));
      this.#land(outcome, pieces);
      void streamed.leave();
    } finally {
      this.#reading = undefined;
    }
  }

  /** One that becomes too long is neither joined nor kept, and only its end is held. */
  #hold({ text }: Told): void {
    this.#heldCharacters += text.length;
    if (this.#heldCharacters <= maxHeldCharacters) return;
    this.#onLanding(null);
    while (this.#heldCharacters > maxHeldCharacters) {
      this.#heldCharacters -= this.#told.shift()!.text.length;
      this.#gaps.shift();
      this.#dropped++;
    }
  }

  #land(outcome: CallOutcome, pieces: readonly Piece[] | null): void {
    this.#end = outcome;
    [this.#payer] = this.#seats;
    this.#onLanding({ outcome, pieces });
  }

  async #cancel(): Promise<void> {
    this.#onLanding(null);
    this.#gone.abort(new AppError("invalid_request", "Nobody waits for the answer any more."));
    const reply = await this.reply.catch(() => undefined);
    if (reply?.kind === "stream") await reply.leave();
  }
}
