import { type Egress, AppError } from "../../core/index.ts";
import { askProvider } from "./ask-provider.ts";
import { inBatches } from "./in-batches.ts";
import type { Embedder } from "./resolve-embedder.ts";
import type { EmbeddingCall, EmbeddingInput, Encoder, MadeVectors } from "./types.ts";
import type { VectorMemory, VectorScope } from "./vector-memory.ts";

export interface MakeVectorsDeps {
  readonly egress: Egress;
  readonly encoder: Encoder;
  readonly memory: VectorMemory;
  readonly countTexts: (texts: readonly string[], model: string) => Promise<number | null>;
  readonly now: () => number;
  readonly signal: AbortSignal;
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
    const made = await makeBatch(asked, call, target, deps);
    for (const [index, { input, places }] of batch.entries()) {
      const vector = made.vectors[index]!;
      deps.memory.keep(scope, input, vector);
      for (const place of places) vectors[place] = vector;
    }
    await add(deps.spent, made, asked, target, deps);
  }
  return { kind: "vectors", vectors: vectors as Float32Array[], remembered };
}

/** Texts that go to our own encoder at a time; between two such batches others have their turn. */
const localBatch = 64;

async function makeBatch(
  inputs: readonly EmbeddingInput[],
  { request }: EmbeddingCall,
  target: Embedder,
  deps: MakeVectorsDeps,
): Promise<MadeVectors> {
  if (target.kind === "provider") return askProvider(inputs, { request, target }, deps);
  const fields = Object.keys(request.foreign);
  if (inputs.some((input) => typeof input !== "string")) fields.push("input");
  if (fields.length > 0)
    throw new AppError("untranslatable", `${target.name} takes texts and no others' fields: ${fields.join(", ")}.`, {
      details: { fields },
    });
  const made = await deps.encoder.encode(target.model, inputs as readonly string[], deps.signal);
  const length = made.vectors[0]?.length;
  if (request.dimensions !== undefined && request.dimensions !== length)
    throw new AppError("invalid_request", `${target.name} makes vectors of ${length} numbers, not of ${request.dimensions}.`, {
      details: { issues: [{ path: "dimensions", message: `${length}, or nothing` }] },
    });
  return made;
}

async function add(
  spent: Spent,
  { tokens }: MadeVectors,
  inputs: readonly EmbeddingInput[],
  target: Embedder,
  deps: MakeVectorsDeps,
): Promise<void> {
  if (tokens !== null) {
    if (spent.tokens !== null) spent.tokens += tokens;
    if (target.kind === "local") spent.from = "tokenizer";
    return;
  }
  spent.from = "tokenizer";
  const counted = await deps.countTexts(
    inputs.filter((input) => typeof input === "string"),
    target.model,
  );
  const listed = inputs.reduce((sum, input) => sum + (typeof input === "string" ? 0 : input.length), 0);
  spent.tokens = spent.tokens === null || counted === null ? null : spent.tokens + counted + listed;
}
