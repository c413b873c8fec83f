import type { EmbeddingReply, EmbeddingRequest } from "./types.ts";

/** OpenAI's answer, as text: by hand, since a list of a million numbers goes through `JSON.stringify` slowly. */
export function writeEmbeddingAnswer({ model, encoding }: EmbeddingRequest, { vectors, usage }: EmbeddingReply): string {
  const data = vectors.map(
    (vector, index) => `{"object":"embedding","index":${index},"embedding":${encoding === "base64" ? base64(vector) : numbers(vector)}}`,
  );
  const count = usage.input ?? 0;
  const told = JSON.stringify({ prompt_tokens: count, total_tokens: count });
  return `{"object":"list","data":[${data.join(",")}],"model":${JSON.stringify(model)},"usage":${told}}`;
}

function base64(vector: Float32Array): string {
  return `"${bytesOf(vector).toString("base64")}"`;
}

/** Little-endian, as OpenAI sends them and as every machine we run on holds them. */
export function bytesOf(vector: Float32Array): Buffer {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);
}

function numbers(vector: Float32Array): string {
  const texts: string[] = [];
  for (const value of vector) texts.push(shortest(value));
  return `[${texts.join(",")}]`;
}

/** The fewest digits, of those tried, that are read back as the same number of 32 bits. */
function shortest(value: number): string {
  const brief = Number(value.toPrecision(7));
  return String(Math.fround(brief) === value ? brief : Number(value.toPrecision(9)));
}
