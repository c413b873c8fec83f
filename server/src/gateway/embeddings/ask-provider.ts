import type { Cancellation, Egress } from "../../core/index.ts";
import { failure, isErrorBody, keyHeaders, parseBody, refusal } from "../attempt-target.ts";
import { dialects } from "../dialects/index.ts";
import { sendChat } from "../exchange/send.ts";
import { readEmbeddingAnswer } from "./read-answer.ts";
import type { Embedder } from "./resolve-embedder.ts";
import type { EmbeddingInput, EmbeddingRequest, MadeVectors } from "./types.ts";

/** Of one answer: 2,048 vectors of 3,072 numbers, written with 12 digits and more. */
const maxBytes = 128 * 1024 * 1024;

export interface AskProviderDeps {
  readonly egress: Egress;
  readonly now: () => number;
  readonly signal: Cancellation;
  readonly key: number;
}

/** One request to one provider, in OpenAI's dialect. Throws what kept it from answering. */
export async function askProvider(
  inputs: readonly EmbeddingInput[],
  { request, target }: { readonly request: EmbeddingRequest; readonly target: Extract<Embedder, { kind: "provider" }> },
  { egress, now, signal, key }: AskProviderDeps,
): Promise<MadeVectors> {
  const { config, model, name } = target;
  const dialect = dialects["openai-chat"];
  const reply = await sendChat({
    egress,
    url: `${config.baseUrl.replace(/\/+$/, "")}/embeddings`,
    name,
    headers: { ...config.headers, ...keyHeaders(config, key) },
    body: JSON.stringify({
      ...request.foreign,
      model,
      input: inputs,
      encoding_format: request.encoding,
      dimensions: request.dimensions,
      user: request.user,
    }),
    stream: false,
    clocks: config.clocks,
    signal,
    maxBytes,
  });
  if (reply.status < 200 || reply.status > 299) throw refusal(reply, dialect, { target, key, now: now() });
  const body = parseBody(reply as Extract<typeof reply, { kind: "whole" }>);
  if (isErrorBody(body)) throw failure(dialect.parseError(500, body), target, key);
  return readEmbeddingAnswer(body, inputs.length, name);
}
