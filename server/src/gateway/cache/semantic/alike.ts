import { AppError, type Clock, type Logger, type Random, toAppError } from "../../../core/index.ts";
import type { GatewayCall } from "../../stage.ts";
import type { ChatAnswer } from "../../types.ts";
import { type SemanticConfig, isNamed } from "../config.ts";
import type { KeptAnswer, KeptAnswers } from "../kept-answers.ts";
import type { RequestKeys } from "../request-keys.ts";
import { canBeTold } from "../worth-keeping.ts";
import type { Calibrations } from "./calibrations.ts";
import { type Embedder, cosine, toUnit } from "./lexical-embedder.ts";
import { isSameAnswer } from "./same-answer.ts";

/** What there was among kept answers that a question is like. */
export interface Look {
  readonly hit: KeptAnswer | null;
  /** For the evidence. */
  readonly note: Readonly<Record<string, unknown>>;
  /** Where the answer to this question is kept. */
  readonly place: KeptAnswer["place"];
  /** The provider's own answer, where there was no hit: what the threshold learns from. */
  heard(answer: ChatAnswer): void;
}

export const unseen: Look = { hit: null, note: {}, place: null, heard: () => {} };

export interface Alike {
  /** Never throws: what cannot be looked for is not found. */
  look(call: GatewayCall, keys: RequestKeys, maxAgeMs: number): Promise<Look>;
}

export interface AlikeDeps {
  readonly config: SemanticConfig;
  readonly kept: KeptAnswers;
  readonly calibrations: Calibrations;
  readonly embedder: Embedder;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whether a hit is asked all the same. */
  readonly random: Pick<Random, "next">;
}

/** Looks for the kept question that is most like one. Until a function's traffic has shown how alike is alike enough, it only says so. */
export function createAlike(deps: AlikeDeps): Alike {
  const { config, kept, calibrations, embedder, clock, logger, random } = deps;

  function nearest(call: GatewayCall, { place, maxAgeMs }: { place: NonNullable<KeptAnswer["place"]>; maxAgeMs: number }) {
    let best: { readonly kept: KeptAnswer; readonly similarity: number } | null = null;
    for (const each of kept.inGroup(place.group)) {
      if (clock.now() - each.keptAt > maxAgeMs || !canBeTold(each.answer, call.dialect)) continue;
      const similarity = cosine(place.vector, each.place!.vector);
      if (best === null || similarity > best.similarity) best = { kept: each, similarity };
    }
    return best;
  }

  return {
    async look(call, { group, question }, maxAgeMs) {
      const { projectId, function: name } = call.origin;
      if (group === null || !isNamed(config, { model: call.resolved.name, function: name })) return unseen;
      let place: NonNullable<KeptAnswer["place"]>;
      try {
        const [vector] = await inTime(embedder.embed([question]));
        place = { group, vector: toUnit(vector!) };
      } catch (error) {
        const { code, message } = toAppError(error);
        logger.warn({ error: message, embedder: embedder.name }, "a question could not be compared with kept ones");
        return { ...unseen, note: { notCompared: code, embedder: embedder.name } };
      }
      const near = maxAgeMs === 0 ? null : nearest(call, { place, maxAgeMs });
      if (near === null) return { ...unseen, place };
      const { similarity } = near;
      const threshold = calibrations.thresholdOf(projectId, name);
      const isAlike = threshold !== null && similarity >= threshold;
      const note = {
        distance: rounded(1 - similarity),
        limit: threshold === null ? null : rounded(1 - threshold),
        embedder: embedder.name,
      };
      if (isAlike && random.next() >= config.verifyShare) return { hit: near.kept, note, place, heard: () => {} };
      return {
        hit: null,
        note: { near: { from: near.kept.from, ...note, isAlike } },
        place,
        heard: (answer) => calibrations.add(projectId, name, { similarity, isEqual: isSameAnswer(near.kept.answer, answer) }),
      };
    },
  };
}

/** The longest a question waits for what may save it a call. */
const longestMs = 500;

async function inTime<T>(coming: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new AppError("deadline_exceeded", `It took longer than ${longestMs} ms.`)), longestMs);
  try {
    return await Promise.race([coming, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function rounded(distance: number): number {
  return Math.round(Math.max(0, distance) * 1e4) / 1e4;
}
