import { AppError, type Context, toAppError } from "../../../core/index.ts";
import { type BatchRecord, noteProvider } from "../repository.ts";
import type { BatchesDeps } from "../types.ts";

export interface PollInput {
  readonly batch: BatchRecord;
  readonly context: Context;
  readonly signal: AbortSignal;
  readonly id: string;
}

/** One look at the provider's batch. A provider that cannot be reached is looked at again; one that refused the batch ends it. */
export async function pollProvider({ batch, context, signal, id }: PollInput, deps: Pick<BatchesDeps, "sql" | "gateway" | "logger">) {
  const { target, status: before } = batch.provider!;
  const protocol = deps.gateway!.batches.at(target, signal);
  try {
    let state = await protocol.state(id);
    if (batch.cancelled_by !== null && !state.ended) {
      await protocol.cancel(id);
      state = await protocol.state(id);
    }
    if (state.status !== before) await deps.sql.as(context, (tx) => noteProvider(tx, batch.id, { status: state.status }));
    if (state.refused !== null) throw new AppError("provider_refused", `${target} took none of the batch ${id}: ${state.refused}.`);
    return { ended: state.ended };
  } catch (error) {
    signal.throwIfAborted();
    const known = toAppError(error);
    if (known.code === "provider_refused" || known.kind === "bug") throw error;
    deps.logger.warn({ error: known, batch: batch.id }, "a provider's batch could not be looked at");
    return { ended: false };
  }
}
