import { AppError, type Context, toAppError } from "../../../core/index.ts";
import type { CallOutcome } from "../../../gateway/index.ts";
import { inputOf } from "../map-row.ts";
import { readRows } from "../read-rows.ts";
import type { BatchRecord } from "../repository.ts";
import type { BatchesDeps } from "../types.ts";
import { findServingModel } from "./find-serving-model.ts";

/** What both providers take in one batch. */
const maxQuestions = 50_000;
const maxBytes = 96 * 1024 * 1024;

/** One row's question as its provider takes it. */
export interface KeptQuestion {
  /** Ours: no other batch has the same bytes, so that they can go with this one. */
  readonly batch: string;
  readonly row: number;
  readonly body: string;
}

export interface QuestionsInput {
  readonly batch: BatchRecord;
  readonly context: Context;
  readonly signal: AbortSignal;
}

type Deps = Pick<BatchesDeps, "blobs" | "functions" | "gateway">;

/**
 * The questions of all rows as a blob, each as the variant writes it. A row without one (an input outside the schema, a class of data
 * that may not be sent) is left out: when rows are answered, it fails with its own reason.
 */
export async function writeQuestions(input: QuestionsInput, deps: Deps): Promise<{ hash: string; count: number }> {
  const { batch, context, signal } = input;
  const { asked, target } = await findServingModel(context, batch.function, deps);
  if (target !== batch.provider!.target)
    throw new AppError(
      "conflict",
      `"${batch.function}" asks ${target} and asked ${batch.provider!.target} when the batch was started. Start it anew.`,
    );
  const mapping = { map: batch.map, fields: Object.keys(deps.functions.definition(batch.function).input.shape) };
  const path = await deps.blobs.path(context, batch.rows_hash!);
  let count = 0;
  let bytes = 0;

  async function question(values: Readonly<Record<string, unknown>>): Promise<string | null> {
    let body: string | null = null;
    const call = { function: batch.function, ...asked, input: inputOf(values, { batch, mapping }), signal };
    try {
      await deps.functions.runVariant(context, {
        ...call,
        async ask(each) {
          body ??= await deps.gateway!.batches.write(each);
          return nobody;
        },
      });
    } catch (error) {
      signal.throwIfAborted();
      // Nobody answers here, so the variant fails, as soon as its question is known or before.
      if (toAppError(error).code === "model_not_ready") throw error;
    }
    return body;
  }

  async function* lines(): AsyncGenerator<Uint8Array> {
    for await (const row of readRows(path)) {
      signal.throwIfAborted();
      const body = "reason" in row ? null : await question(row.values);
      if (body === null) continue;
      const line = Buffer.from(`${JSON.stringify({ batch: batch.id, row: row.row, body } satisfies KeptQuestion)}\n`);
      count++;
      bytes += line.length;
      if (count > maxQuestions || bytes > maxBytes)
        throw new AppError(
          "invalid_request",
          `A batch through a provider holds ${maxQuestions} rows and ${maxBytes} bytes of questions at most; this one has more. Start several.`,
        );
      yield line;
    }
  }

  const { hash } = await deps.blobs.put(context, lines());
  return { hash, count };
}

const nobody: CallOutcome = { target: null, answer: null, cost: null, error: null };
