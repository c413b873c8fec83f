import type { ListeningSocket } from "../types.ts";

export interface Shared {
  readonly listening: ListeningSocket | undefined;
  readonly ready: boolean;
  /** Lets go of what came with it; the process itself goes on listening. */
  release(): void;
}

/** Who does the work now: this process itself, or one that it started. */
export interface Incumbent {
  readonly url: string;
  /** What the next one listens on, and whether this one is ready. */
  share(): Promise<Shared>;
  /** Accepts nothing more, drains, closes the stores, and stays, so that it can come back. */
  stepAside(): Promise<void>;
  /** Opens again with the configuration it had, on the socket the failed one gives back when it is asked, if it does. */
  comeBack(giveBack: () => Promise<ListeningSocket | undefined>): Promise<void>;
  /** Drains and ends; with `idleMs` another one accepts already. */
  end(options: { readonly idleMs: number }): Promise<void>;
  report(problem: string | null): Promise<void>;
  /** Ends at once. */
  kill(): void;
}

/** Idle connections get this long to move to a process that accepts already. */
export const idleMsOverlapping = 2_000;
/** The same where new connections have to wait for the store meanwhile. */
export const idleMsAlone = 250;
/** The journal is brought into the store before the next process opens it, for no longer than this. */
export const settleMs = 5_000;
