import { AppError, type Clock, type Step, roundMs, toAppError } from "../../core/index.ts";
import type { AskEmbeddings, EmbeddingSpend } from "../embeddings/types.ts";
import type { ResolvedEmbedder } from "../embeddings/resolve-embedder.ts";
import { dataClassOf, whyUnseen } from "../routing/data-class.ts";
import { defaultWithinMs } from "./clock.ts";
import type { AskVectors, VectorQuestion } from "./types.ts";

export interface AskVectorsDeps {
  readonly call: AskEmbeddings;
  readonly resolve: (model: string) => ResolvedEmbedder;
  /** From what everybody may see to what nearly nobody may. */
  readonly dataClasses: readonly string[];
  readonly clock: Clock;
}

/** So long an embedder that failed is asked nothing: each call would wait for it again. */
const restMs = 10_000;
/** Of a text's beginning: encoders take a few hundred tokens. */
const mostCharacters = 1000;

/** Vectors for our own code: by the same rules, budgets and memory as those a caller asks for, as one step with its cost. */
export function createAskVectors({ call, resolve, dataClasses, clock }: AskVectorsDeps): AskVectors {
  const resting = new Map<string, { readonly until: number; readonly code: string }>();

  async function ask(question: VectorQuestion, note: (spent: EmbeddingSpend) => void) {
    const { embedder, texts, origin, evidence, signal } = question;
    const rest = resting.get(embedder);
    if (rest !== undefined && clock.now() < rest.until)
      throw new AppError("provider_busy", `${embedder} failed (${rest.code}) and is left alone for ${restMs / 1000} seconds.`, {
        details: { target: embedder, billed: false },
      });
    const resolved = resolve(embedder);
    refuseUnseen(question, resolved);
    try {
      const reply = await call({
        origin,
        request: { model: embedder, inputs: texts.map(beginningOf), encoding: "float", foreign: {} },
        resolved: { ...resolved, totalMs: Math.min(question.withinMs ?? defaultWithinMs, resolved.totalMs) },
        evidence,
        signal,
        startedAt: performance.now(),
        onFailure: note,
      });
      resting.delete(embedder);
      return reply;
    } catch (error) {
      const { kind, code } = toAppError(error);
      // A caller who left, and what is wrong with this call alone, say nothing about the next.
      if (kind !== "user" && !signal.aborted) resting.set(embedder, { until: clock.now() + restMs, code });
      throw error;
    }
  }

  function refuseUnseen({ embedder, dataClasses: declared, tags, regions }: VectorQuestion, { targets }: ResolvedEmbedder): void {
    const [target] = targets;
    // What runs here may see all.
    if (target === undefined || target.kind === "local") return;
    const why = whyUnseen(target.config, dataClassOf({ declared, metadata: tags }, dataClasses)?.name, regions);
    if (why !== undefined) throw new AppError("data_class_refused", `${embedder} ${why}.`, { details: { model: embedder } });
  }

  return async (question) => {
    const { evidence } = question;
    const startMs = evidence.elapsed();
    let spent: EmbeddingSpend | undefined;
    const step = (more: Pick<Step, "status" | "error" | "details">) =>
      evidence.step({
        name: question.embedder,
        kind: question.step,
        startMs: roundMs(startMs),
        durationMs: roundMs(evidence.elapsed() - startMs),
        ...more,
      });
    try {
      const reply = await ask(question, (told) => (spent = told));
      const { remembered, cost } = reply;
      question.paid?.(cost);
      const usage = { ...reply.usage, cachedInput: 0, cacheWrite: 0, reasoning: 0 };
      step({ status: "ok", details: { texts: question.texts.length, remembered, usage, cost } });
      return { vectors: reply.vectors.map(toUnit), remembered, usage, cost };
    } catch (error) {
      const { code, message } = toAppError(error);
      if (spent !== undefined) question.paid?.(spent.cost);
      step({ status: code === "deadline_exceeded" ? "timeout" : "failed", error: code, details: { message, ...spent } });
      throw error;
    }
  };
}

function beginningOf(text: string): string {
  // Of an empty text no provider makes anything.
  return text.slice(0, mostCharacters).toWellFormed().trim() || "-";
}

function toUnit(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector);
  return length === 0 ? vector : vector.map((value) => value / length);
}
