import { AppError, type Context } from "../../../core/index.ts";
import { type BatchRecord, knownProviderIds, noteProvider } from "../repository.ts";
import type { BatchesDeps } from "../types.ts";
import { readKept } from "./read-kept.ts";
import type { KeptQuestion } from "./write-questions.ts";

export interface SubmitInput {
  readonly batch: BatchRecord;
  readonly context: Context;
  readonly signal: AbortSignal;
  readonly questions: { readonly hash: string; readonly count: number };
}

type Deps = Pick<BatchesDeps, "sql" | "blobs" | "functions" | "gateway" | "governance" | "clock">;

/**
 * Sends the questions, and answers the provider's id of the batch; null where nothing is to be sent. That it may have been sent is
 * noted before: who comes after a crash looks there first whether it was.
 */
export async function submitQuestions({ batch, context, signal, questions }: SubmitInput, deps: Deps): Promise<string | null> {
  const { id: mark, provider, cancelled_by } = batch;
  if (provider!.id !== undefined) return provider!.id;
  const protocol = deps.gateway!.batches.at(provider!.target, signal);
  const note = async (id: string) => {
    await deps.sql.as(context, (tx) => noteProvider(tx, mark, { id }));
    return id;
  };
  if (provider!.sentAt !== undefined) {
    const known = await deps.sql.as(context, knownProviderIds);
    const found = await protocol.find({ mark, count: questions.count, since: provider!.sentAt, known });
    if (found !== null) return note(found);
  }
  if (cancelled_by !== null || questions.count === 0) return null;
  const principal = deps.governance.principal(context);
  if (principal === null)
    throw new AppError("forbidden", `The key or session "${context.principalId}" that started this batch is not in force any more.`);
  deps.functions.admit(principal, batch.function);
  const kept = await readKept<KeptQuestion>(context, questions.hash, deps.blobs);
  if (provider!.sentAt === undefined) await deps.sql.as(context, (tx) => noteProvider(tx, mark, { sentAt: deps.clock.now() }));
  return note(await protocol.submit({ mark, questions: kept.map(({ row, body }) => ({ id: `${mark}-${row}`, body })) }));
}
