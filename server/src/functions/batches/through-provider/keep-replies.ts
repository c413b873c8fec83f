import { AppError, type Context } from "../../../core/index.ts";
import type { BatchReply } from "../../../gateway/index.ts";
import type { BatchRecord } from "../repository.ts";
import type { BatchesDeps } from "../types.ts";

export interface RepliesInput {
  readonly batch: BatchRecord;
  readonly context: Context;
  readonly signal: AbortSignal;
  readonly id: string;
}

/** What became of one row at the provider. */
export type KeptRow = { readonly row: number } & ({ readonly body: unknown } | Pick<Extract<BatchReply, { error: unknown }>, "error">);

/** Fetches what the provider gave and keeps it as a blob: from there on the provider is not needed. Answers its hash. */
export async function keepReplies({ batch, context, signal, id }: RepliesInput, deps: Pick<BatchesDeps, "blobs" | "gateway">) {
  const replies = await deps.gateway!.batches.at(batch.provider!.target, signal).replies(id);
  const own = `${batch.id}-`;
  function* lines(): Generator<Uint8Array> {
    for (const { id: name, ...given } of replies) {
      const row = Number(name.slice(own.length));
      if (!name.startsWith(own) || !Number.isSafeInteger(row))
        throw new AppError(
          "provider_failed",
          `The batch ${id} at ${batch.provider!.target} is not this one: it answers "${name.slice(0, 100)}".`,
        );
      yield Buffer.from(`${JSON.stringify({ batch: batch.id, row, ...given })}\n`);
    }
  }
  return (await deps.blobs.put(context, inTurn(lines()))).hash;
}

async function* inTurn<T>(values: Iterable<T>): AsyncGenerator<T> {
  yield* values;
}
