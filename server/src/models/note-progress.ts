import { runProgressSchema } from "@millrace/contract";
import type { RunProgress } from "./types.ts";

/** How often progress is written at most: a person looks once a second or so. */
const pauseMs = 500;

export interface ProgressNotes {
  note(progress: RunProgress): void;
  /** Waits for the write that is under way; what comes after is dropped. */
  end(): Promise<void>;
}

/** Writes the newest progress, one write at a time. A write that fails is told and costs nothing but the view. */
export function noteProgress(
  write: (progress: RunProgress) => Promise<void>,
  deps: { readonly onError: (error: unknown) => void; readonly pauseMs?: number },
): ProgressNotes {
  const pause = deps.pauseMs ?? pauseMs;
  let newest: RunProgress | undefined;
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> | undefined;
  let ended = false;

  function next(): void {
    if (ended || writing !== undefined || timer !== undefined || newest === undefined) return;
    const progress = newest;
    newest = undefined;
    writing = write(progress)
      .catch(deps.onError)
      .finally(() => {
        writing = undefined;
        if (!ended)
          timer = setTimeout(() => {
            timer = undefined;
            next();
          }, pause);
      });
  }

  return {
    note(progress) {
      newest = progress;
      next();
    },
    async end() {
      ended = true;
      clearTimeout(timer);
      await writing;
    },
  };
}

/** What a training task says of itself; null when it makes no sense: nothing a task says may hurt who started it. */
export function readProgress(said: unknown): RunProgress | null {
  const parsed = runProgressSchema.safeParse(said);
  return parsed.success ? parsed.data : null;
}
