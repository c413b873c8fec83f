import type { Clock, Random } from "../../core/index.ts";
import type { Release } from "./slots.ts";

/** A key whose limit was reached rests so long when the provider does not say how long. */
const limitedMs = 10_000;
/** One that was refused: somebody must mend it. */
const refusedMs = 300_000;
/** No provider's word keeps a key away for longer. */
const longestMs = 3_600_000;

export interface KeyQuestion {
  /** In which order a session would take the keys, or null when any serves as well. */
  readonly order: ((places: readonly number[]) => readonly number[]) | null;
  /** Keys that turned this call away already. */
  readonly without: ReadonlySet<number>;
  /** Whether nothing may be sent with a key for other reasons. */
  readonly isOpen: (place: number) => boolean;
}

/** The keys of one target, each known by its place from 1: which rest, and how much each has to do. */
export class KeyRing {
  readonly size: number;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #loads: number[];
  readonly #restsUntil: number[];

  constructor(size: number, { clock, random }: { clock: Clock; random: Random }) {
    this.size = size;
    this.#clock = clock;
    this.#random = random;
    this.#loads = Array.from({ length: size + 1 }, () => 0);
    this.#restsUntil = Array.from({ length: size + 1 }, () => 0);
  }

  /**
   * A session's own key while it is healthy, so that the provider's cache of its prompt stays warm. Otherwise the less loaded of two by
   * chance: nearly as even as the least loaded of all, and callers do not all run to the same one (Mitzenmacher, 2001).
   */
  choose({ order, without, isOpen }: KeyQuestion): number | undefined {
    const now = this.#clock.now();
    const able = this.#places().filter((place) => !without.has(place) && this.#restsUntil[place]! <= now && !isOpen(place));
    if (able.length < 2) return able[0];
    if (order !== null) return order(able)[0];
    const first = this.#random.integer(able.length);
    const second = (first + 1 + this.#random.integer(able.length - 1)) % able.length;
    const [one, other] = [able[first]!, able[second]!];
    return this.#loads[other]! < this.#loads[one]! ? other : one;
  }

  /** A try begins; what it answers ends it. */
  begin(place: number): Release {
    let isOver = false;
    this.#loads[place]! += 1;
    return () => {
      if (!isOver) this.#loads[place]! -= 1;
      isOver = true;
    };
  }

  /** The provider turned the key away: because it is not valid, or for a while. */
  rest(place: number, why: "refused" | "limited", askedMs?: number): void {
    const ms = why === "refused" ? refusedMs : Math.min(longestMs, askedMs ?? limitedMs);
    this.#restsUntil[place] = Math.max(this.#restsUntil[place]!, this.#clock.now() + ms);
  }

  /** Until the first key that rests is back. */
  get waitMs(): number {
    return Math.max(0, Math.min(...this.#restsUntil.slice(1)) - this.#clock.now());
  }

  load(place: number): number {
    return this.#loads[place]!;
  }

  /** Until this one is back; 0 when it does not rest. */
  restMs(place: number): number {
    return Math.max(0, this.#restsUntil[place]! - this.#clock.now());
  }

  get isIdle(): boolean {
    const now = this.#clock.now();
    return this.#loads.every((load) => load === 0) && this.#restsUntil.every((until) => until <= now);
  }

  #places(): number[] {
    return Array.from({ length: this.size }, (_, index) => index + 1);
  }
}

/** What a failure says of the key it was sent with. Null: nothing. */
export function keyVerdict(status: unknown): "refused" | "limited" | null {
  if (status === 401 || status === 403) return "refused";
  return status === 429 ? "limited" : null;
}
