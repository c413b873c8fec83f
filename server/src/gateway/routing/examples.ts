import { type Logger, toAppError } from "../../core/index.ts";
import { localProvider } from "../embeddings/local-models.ts";
import { type AskVectors, type Points, createPoints } from "../nearness/index.ts";
import type { Alias } from "./alias-config.ts";

/** What the examples of aliases mean: made once. */
export interface Examples {
  pointsOf(alias: Alias): Points;
  /** Before the first call, where nobody is paid for it and nothing leaves this machine; elsewhere the first call makes them. */
  warm(models: Readonly<Record<string, Alias>>): void;
}

/** Its files may have to be made ready first, and there may be hundreds of examples. */
const warmMs = 120_000;

export function createExamples(ask: AskVectors, logger: Logger): Examples {
  const known = new WeakMap<Alias, Points>();

  function pointsOf(alias: Alias): Points {
    let points = known.get(alias);
    if (points === undefined) known.set(alias, (points = createPoints(ask)));
    return points;
  }

  return {
    pointsOf,
    warm(models) {
      for (const [model, alias] of Object.entries(models)) {
        if (alias.choose !== "similarity" || alias.embedder?.startsWith(`${localProvider}/`) !== true) continue;
        const texts = alias.examples.map(({ text }) => text);
        const { embedder } = alias;
        pointsOf(alias)
          .load(texts, {
            embedder,
            origin: { projectId: "", principalId: "system:gateway", function: "system:gateway", address: null },
            dataClasses: [],
            evidence: { step: () => undefined, elapsed: () => 0 },
            step: "embedding",
            signal: new AbortController().signal,
            withinMs: warmMs,
          })
          .catch((error: unknown) =>
            logger.warn({ model, embedder, error: toAppError(error).message }, "its examples could not be read; the next call tries again"),
          );
      }
    },
  };
}
