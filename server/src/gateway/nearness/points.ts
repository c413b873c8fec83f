import { AppError } from "../../core/index.ts";
import { defaultWithinMs } from "./clock.ts";
import type { AskVectors, VectorQuestion } from "./types.ts";

/** Texts that stand still, such as examples, as points: each is made once, and however many wait for it, one asks. */
export interface Points {
  /** How alike each of the texts is to the question, in [0, 1]. Throws where it cannot be told. */
  near(asked: string, texts: readonly string[], question: Omit<VectorQuestion, "texts">): Promise<readonly number[]>;
  /** Makes what is missing. */
  load(texts: readonly string[], question: Omit<VectorQuestion, "texts">): Promise<void>;
  /** Forgets all but these. */
  keep(texts: ReadonlySet<string>): void;
}

export function createPoints(ask: AskVectors): Points {
  const known = new Map<string, Float32Array>();
  let loading: Promise<void> | undefined;

  async function load(texts: readonly string[], question: Omit<VectorQuestion, "texts">): Promise<void> {
    for (;;) {
      const missing = [...new Set(texts)].filter((text) => !known.has(text));
      if (missing.length === 0) return;
      if (loading === undefined) {
        loading = make(missing, question).finally(() => (loading = undefined));
        await loading;
      }
      // Whoever asks may leave, or fail by himself: then the next one asks.
      else await within(loading, question.withinMs ?? defaultWithinMs);
    }
  }

  async function make(texts: readonly string[], question: Omit<VectorQuestion, "texts">): Promise<void> {
    const { vectors } = await ask({ ...question, texts });
    for (const [index, text] of texts.entries()) known.set(text, vectors[index]!);
  }

  return {
    load,
    async near(asked, texts, question) {
      await load(texts, question);
      const { vectors } = await ask({ ...question, texts: [asked] });
      return texts.map((text) => likeness(vectors[0]!, known.get(text)));
    },
    keep(texts) {
      for (const text of known.keys()) if (!texts.has(text)) known.delete(text);
    },
  };
}

/** Ends when the other one does, however it does. */
async function within(loading: Promise<void>, ms: number): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new AppError("deadline_exceeded", "The examples are being read still.")), ms);
  await Promise.race([loading.catch(() => undefined), promise]).finally(() => clearTimeout(timer));
}

/** The cosine of two vectors of length one; what points away is not alike at all. */
function likeness(one: Float32Array, other: Float32Array | undefined): number {
  let sum = 0;
  for (const [index, value] of one.entries()) sum += value * (other?.[index] ?? 0);
  return Math.min(1, Math.max(0, sum));
}
