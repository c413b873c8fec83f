import { z } from "zod";
import { AppError } from "../../core/index.ts";
import type { MadeVectors } from "./types.ts";

const answerSchema = z.looseObject({
  data: z.array(z.looseObject({ index: z.int().nonnegative().optional(), embedding: z.union([z.array(z.number()), z.base64()]) })),
  usage: z.looseObject({ prompt_tokens: z.int().nonnegative().optional(), total_tokens: z.int().nonnegative().optional() }).nullish(),
});

/** What a provider answered to `count` inputs, in their order. `provider_failed` unless there is one whole vector for each. */
export function readEmbeddingAnswer(body: unknown, count: number, target: string): MadeVectors {
  const failed = (what: string) =>
    new AppError("provider_failed", `${target} gave ${what}.`, { details: { target, reason: "malformed", retryable: false } });
  const parsed = answerSchema.safeParse(body);
  if (!parsed.success) throw failed("no list of embeddings");
  const { data, usage } = parsed.data;
  if (data.length !== count) throw failed(`${data.length} embeddings for ${count} inputs`);
  const vectors = new Array<Float32Array | undefined>(count).fill(undefined);
  for (const [place, { index = place, embedding }] of data.entries()) {
    const vector = typeof embedding === "string" ? fromBase64(embedding) : Float32Array.from(embedding);
    if (vector === undefined || vector.length === 0 || !vector.every(Number.isFinite))
      throw failed("an embedding that is no list of numbers");
    if (vector.length !== vectors.find((each) => each !== undefined)?.length && place > 0) throw failed("embeddings of different lengths");
    if (index >= count || vectors[index] !== undefined) throw failed("embeddings in no order");
    vectors[index] = vector;
  }
  return { vectors: vectors as Float32Array[], tokens: usage?.prompt_tokens ?? usage?.total_tokens ?? null };
}

function fromBase64(text: string): Float32Array | undefined {
  const bytes = Uint8Array.from(Buffer.from(text, "base64"));
  return bytes.length % 4 === 0 ? new Float32Array(bytes.buffer) : undefined;
}
