import type { Clock, Logger } from "../../core/index.ts";
import type { Ask, Stage } from "../stage.ts";
import type { CacheConfig } from "./config.ts";
import { type CacheCounts, createCounts } from "./counts.ts";
import { createKeptAnswers } from "./kept-answers.ts";
import { createCacheStage } from "./stage.ts";

export { cacheSchema } from "./config.ts";

export interface CacheReport extends CacheCounts {
  readonly entries: number;
  readonly bytes: number;
  /** Of this node, for all projects. */
  readonly maxBytes: number;
}

export interface Cache {
  /** None where nothing is kept. */
  readonly stages: readonly Stage[];
  report(projectId: string): CacheReport;
  /** Forgets a project's answers; how many there were. */
  clear(projectId: string): number;
  close(): void;
}

export interface CacheDeps {
  readonly config: CacheConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly again: Ask;
}

/** Answers that are told again: of this node, in memory. */
export function createCache({ config, clock, logger, again }: CacheDeps): Cache {
  const { exact } = config;
  const maxBytes = exact?.maxBytes ?? 0;
  const kept = createKeptAnswers(maxBytes);
  const counts = createCounts();
  const stop = new AbortController();
  const epochs = new Map<string, number>();
  const epochOf = (projectId: string) => epochs.get(projectId) ?? 0;
  const stages =
    exact === undefined
      ? []
      : [
          createCacheStage({
            config: { ...config, exact },
            kept,
            counts,
            alike: undefined,
            clock,
            logger,
            again,
            signal: stop.signal,
            epochOf,
          }),
        ];
  return {
    stages,
    report: (projectId) => ({ ...counts.of(projectId), ...kept.sizeOf(projectId), maxBytes }),
    clear(projectId) {
      epochs.set(projectId, epochOf(projectId) + 1);
      return kept.clear(projectId);
    },
    close: () => stop.abort(),
  };
}
