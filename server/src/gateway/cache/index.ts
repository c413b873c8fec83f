import { type Clock, type Context, type Logger, createRandom } from "../../core/index.ts";
import type { Ask, Stage } from "../stage.ts";
import type { CacheConfig } from "./config.ts";
import { type CacheCounts, createCounts } from "./counts.ts";
import { createKeptAnswers } from "./kept-answers.ts";
import { createAlike } from "./semantic/alike.ts";
import { type FunctionCalibration, createCalibrations } from "./semantic/calibrations.ts";
import { type Embedder, lexicalEmbedder } from "./semantic/lexical-embedder.ts";
import { createCacheStage } from "./stage.ts";

export { cacheSchema } from "./config.ts";
export type { Embedder } from "./semantic/lexical-embedder.ts";

export interface CacheReport extends CacheCounts {
  readonly entries: number;
  readonly bytes: number;
  /** Of this node, for all projects. */
  readonly maxBytes: number;
  /** What functions' own traffic has shown of how alike is alike enough. */
  readonly calibrations: FunctionCalibration[];
}

export interface Cache {
  /** None where nothing is kept. */
  readonly stages: readonly Stage[];
  report(projectId: string): CacheReport;
  /** Forgets the project's answers, audited; how many there were. */
  clear(context: Context): Promise<number>;
  /** Its inference was erased, which is audited there: nobody is told its answer again by this node. */
  forget(context: Pick<Context, "projectId">, inferenceId: string): void;
  close(): void;
}

export interface CacheDeps {
  readonly config: CacheConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly again: Ask;
  /** The encoders of sentences that run here, by name. */
  readonly encode: (model: string, texts: readonly string[], signal: AbortSignal) => Promise<{ readonly vectors: readonly Float32Array[] }>;
  /** Instead of what is configured. */
  readonly embedder?: Embedder | undefined;
  readonly audit?: AuditPort | undefined;
}

/** Writes down who changed what. */
export type AuditPort = (
  context: Context,
  change: { readonly action: string; readonly object: string; readonly after: Record<string, unknown> },
) => Promise<void>;

/** Answers that are told again: of this node, in memory. */
export function createCache({ config, clock, logger, again, encode, audit, ...deps }: CacheDeps): Cache {
  const { exact, semantic } = config;
  const maxBytes = exact?.maxBytes ?? 0;
  const kept = createKeptAnswers(maxBytes);
  const counts = createCounts();
  const stop = new AbortController();
  const epochs = new Map<string, number>();
  const epochOf = (projectId: string) => epochs.get(projectId) ?? 0;
  const calibrations = semantic && createCalibrations(semantic);
  const embedder = deps.embedder ?? embedderOf(semantic?.embedder, encode, stop.signal);
  const random = createRandom(clock.now());
  const alike = semantic && createAlike({ config: semantic, kept, calibrations: calibrations!, embedder, clock, logger, random });
  const stages =
    exact === undefined
      ? []
      : [createCacheStage({ config: exact, kept, counts, alike, clock, logger, again, signal: stop.signal, epochOf })];
  return {
    stages,
    report: (projectId) => ({
      ...counts.of(projectId),
      ...kept.sizeOf(projectId),
      maxBytes,
      calibrations: calibrations?.list(projectId) ?? [],
    }),
    async clear(context) {
      const { projectId } = context;
      // Before: what could not be written down is not done.
      await audit?.(context, { action: "gateway.clear-cache", object: "gateway:cache", after: kept.sizeOf(projectId) });
      epochs.set(projectId, epochOf(projectId) + 1);
      return kept.clear(projectId);
    },
    forget: ({ projectId }, inferenceId) => void kept.forget(projectId, inferenceId),
    close: () => stop.abort(),
  };
}

function embedderOf(name = "lexical", encode: CacheDeps["encode"], signal: AbortSignal): Embedder {
  if (name === "lexical") return lexicalEmbedder;
  const model = name.slice(name.indexOf("/") + 1);
  return { name, embed: async (texts) => (await encode(model, texts, signal)).vectors };
}
