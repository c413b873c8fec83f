import { AppError, startThread } from "../../../core/index.ts";
import { type Work, createHands } from "./hands.ts";
import type { Layout } from "./layout.ts";
import type { BoostingOptions } from "./types.ts";

/** Places in the Int32 control block. */
export const control = {
  /** Counts pieces of work; helpers sleep on it. */
  generation: 0,
  /** Minus the parts nobody took yet; from 0 on there is none. Whoever adds one has taken a part. */
  next: 1,
  done: 2,
  parts: 3,
  work: 4,
  failed: 5,
  stopped: 6,
} as const;

/** Threads that do the parts of a piece of work together, this one among them. */
export interface Crew {
  /** Returns when every part is done. */
  run(work: Work, parts: number): void;
  close(): void;
}

/**
 * Helpers take parts while there are any, so one that starts late, or is kept off its core, costs nothing but its help. This thread blocks
 * while the last parts are done elsewhere: it is a task process's.
 */
export function createCrew(memory: WebAssembly.Memory, layout: Layout, options: BoostingOptions): Crew {
  const state = new Int32Array(memory.buffer, layout.controlAt, 16);
  const hands = createHands(memory, layout, options);
  const { onTree: _, ...plain } = options;
  const threads = Array.from({ length: options.threads - 1 }, () =>
    startThread("./crew-thread", import.meta.url, { memory, layout, options: plain } satisfies CrewThreadData),
  );
  for (const thread of threads) {
    thread.unref();
    // One that does not come up takes no part of the work: the others do it.
    thread.on("error", () => {});
  }
  return {
    run(kind, parts) {
      Atomics.store(state, control.work, kind);
      Atomics.store(state, control.parts, parts);
      Atomics.store(state, control.done, 0);
      Atomics.store(state, control.next, -parts);
      if (threads.length > 0 && parts > 1) {
        Atomics.add(state, control.generation, 1);
        Atomics.notify(state, control.generation);
      }
      takeParts(state, hands);
      for (let done = Atomics.load(state, control.done); done < parts; done = Atomics.load(state, control.done))
        Atomics.wait(state, control.done, done);
      if (Atomics.load(state, control.failed) !== 0) throw new AppError("internal", "A thread that helps to grow trees failed.");
    },
    close() {
      Atomics.store(state, control.stopped, 1);
      Atomics.add(state, control.generation, 1);
      Atomics.notify(state, control.generation);
    },
  };
}

/** What a helper is started with. */
export interface CrewThreadData {
  readonly memory: WebAssembly.Memory;
  readonly layout: Layout;
  readonly options: BoostingOptions;
}

/** Takes parts of the work at hand and does them until none is left. */
export function takeParts(state: Int32Array, hands: (work: Work, part: number) => void): void {
  for (let next = Atomics.add(state, control.next, 1); next < 0; next = Atomics.add(state, control.next, 1)) {
    try {
      hands(Atomics.load(state, control.work) as Work, next + Atomics.load(state, control.parts));
    } catch (error) {
      Atomics.store(state, control.failed, 1);
      throw error;
    } finally {
      Atomics.add(state, control.done, 1);
      Atomics.notify(state, control.done);
    }
  }
}
