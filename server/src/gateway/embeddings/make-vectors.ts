import { type Cancellation, type Egress, AppError, isAppError, toAbortSignal } from "../../core/index.ts";
import { askProvider } from "./ask-provider.ts";
import { inBatches } from "./in-batches.ts";
import type { Embedder } from "./resolve-embedder.ts";
import type { EmbeddingCall, EmbeddingInput, EmbeddingRequest, Encoder, MadeVectors } from "./types.ts";
import type { VectorMemory, VectorScope } from "./vector-memory.ts";

export interface MakeVectorsDeps {
  readonly egress: Egress;
  readonly encoder: Encoder;
  readonly memory: VectorMemory;
  readonly countTexts: (texts: readonly string[], model: string) => Promise<number | null>;
  readonly now: () => number;
  readonly signal: Cancellation;
  /** The place of the key to send, from 1. */
  readonly key: number;
}

/** Tokens that went in, and who counted them. What an earlier try was paid for is in it too. */
export interface Spent {
  tokens: number | null;
  from: "provider" | "tokenizer";
}

export interface Made {
  readonly kind: "vectors";
  readonly vectors: readonly Float32Array[];
  readonly remembered: number;
}

interface Wanted {
  readonly input: EmbeddingInput;
  /** Where it stands in the request; the same text may stand in several places. */
  readonly places: number[];
}

/**
 * All vectors of a call from one target. What is remembered is not asked for, what stands there twice is asked for once, and each
 * batch is remembered when it came: a try again asks only for the rest.
 */
export async function makeVectors(call: EmbeddingCall, target: Embedder, deps: MakeVectorsDeps & { readonly spent: Spent }): Promise<Made> {
  const { inputs, dimensions, foreign } = call.request;
  const scope: VectorScope = { projectId: call.origin.projectId, target: target.name, dimensions, foreign };
  const vectors = new Array<Float32Array | undefined>(inputs.length).fill(undefined);
  const missing = new Map<string, Wanted>();
  for (const [place, input] of inputs.entries()) {
    vectors[place] = deps.memory.find(scope, input);
    if (vectors[place] !== undefined) continue;
    const key = JSON.stringify(input);
    const wanted = missing.get(key);
    if (wanted === undefined) missing.set(key, { input, places: [place] });
    else wanted.places.push(place);
  }
  const remembered = vectors.filter((vector) => vector !== undefined).length;
  for (const batch of inBatches([...missing.values()], target.kind === "local" ? localBatch : target.config.maxInputs)) {
    const asked = batch.map(({ input }) => input);
    const made = await makeBatch(asked, { request: call.request, target, deps });
    for (const [index, { input, places }] of batch.entries()) {
      const vector = made[index]!;
      deps.memory.keep(scope, input, vector);
      for (const place of places) vectors[place] = vector;
    }
  }
  return { kind: "vectors", vectors: vectors as Float32Array[], remembered };
}

/** Texts that go to our own encoder at a time; between two such batches others have their turn. */
const localBatch = 64;

interface Maker {
  readonly request: EmbeddingRequest;
  readonly target: Embedder;
  readonly deps: MakeVectorsDeps & { readonly spent: Spent };
}

async function makeBatch(inputs: readonly EmbeddingInput[], maker: Maker): Promise<readonly Float32Array[]> {
  const { request, target, deps } = maker;
  const { vectors, tokens } =
    target.kind === "provider" ? await askProvider(inputs, { request, target }, deps) : await makeHere(inputs, maker);
  const { spent } = deps;
  if (tokens === null || target.kind === "local") spent.from = "tokenizer";
  const counted = tokens ?? (await countInputs(inputs, maker));
  spent.tokens = spent.tokens === null || counted === null ? null : spent.tokens + counted;
  return vectors;
}

async function makeHere(inputs: readonly EmbeddingInput[], { request, target, deps }: Maker): Promise<MadeVectors> {
  const fields = Object.keys(request.foreign);
  if (inputs.some((input) => typeof input !== "string")) fields.push("input");
  if (fields.length > 0)
    throw new AppError("untranslatable", `${target.name} takes texts and none of another's fields: ${fields.join(", ")}.`, {
      details: { fields },
    });
  const made = await deps.encoder.encode(target.model, inputs as readonly string[], toAbortSignal(deps.signal)).catch(elsewhere);
  const length = made.vectors[0]?.length;
  if (request.dimensions !== undefined && request.dimensions !== length)
    throw new AppError("invalid_request", `${target.name} makes vectors of ${length} numbers, not of ${request.dimensions}.`, {
      details: { issues: [{ path: "dimensions", message: `${length}, or nothing` }] },
    });
  return made;
}

/** What failed here, and not because of the caller, may go well with the next target. */
function elsewhere(error: unknown): never {
  if (!isAppError(error) || error.kind !== "operational") throw error;
  throw new AppError(error.code, error.message, { details: { ...error.details, retryable: false }, cause: error });
}

async function countInputs(inputs: readonly EmbeddingInput[], { target, deps }: Maker): Promise<number | null> {
  const texts = inputs.filter((input) => typeof input === "string");
  const counted = await deps.countTexts(texts, target.model);
  const listed = inputs.reduce((sum, input) => sum + (typeof input === "string" ? 0 : input.length), 0);
  return counted === null ? null : counted + listed;
}
