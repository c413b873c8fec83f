import { createHash } from "node:crypto";
import { type ScriptedWire, anthropicWire, openaiWire } from "./scripted-answers.ts";

/** Numbers of a vector, where the request does not say. */
export const scriptedDimensions = 4;
/** What the scripted provider counts. */
export const scriptedTokens = 42;

/** The vector of an input: the same for the same, another for another. */
export function scriptedVector(input: unknown, dimensions = scriptedDimensions): Float32Array {
  const hash = createHash("sha256").update(JSON.stringify(input)).digest();
  return Float32Array.from({ length: dimensions }, (_, index) => (hash[index % hash.length]! - 127.5) / 128);
}

/** Answers that are never streams: made of the request's body alone. */
export function wholeWire(path: string, body: Record<string, unknown>): ScriptedWire | undefined {
  if (path.endsWith("/v1/embeddings")) return { ...openaiWire, answer: () => embeddings(body) };
  if (path.endsWith("/v1/messages/count_tokens")) return { ...anthropicWire, answer: () => ({ input_tokens: scriptedTokens }) };
  return undefined;
}

/** `backwards` lists them from the last, `one-less` leaves the first out, `picky` those that are "bad", `no-usage` does not tell the tokens. */
function embeddings({ input, dimensions, encoding_format: encoding, model }: Record<string, unknown>): unknown {
  const inputs = Array.isArray(input) && typeof input[0] !== "number" ? (input as unknown[]) : [input];
  const data = inputs.map((each, index) => {
    const vector = scriptedVector(each, (dimensions as number | undefined) ?? scriptedDimensions);
    return { object: "embedding", index, embedding: encoding === "base64" ? Buffer.from(vector.buffer).toString("base64") : [...vector] };
  });
  if (model === "backwards") data.reverse();
  if (model === "one-less") data.shift();
  if (model === "picky" && inputs.includes("bad")) data.pop();
  const tokens = inputs.length * 10;
  return { object: "list", model, data, ...(model === "no-usage" ? {} : { usage: { prompt_tokens: tokens, total_tokens: tokens } }) };
}
