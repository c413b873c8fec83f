import { AppError, type Context, toAppError } from "../../../core/index.ts";
import { isSpentBudget, judgeError } from "../judge-error.ts";
import { type BatchRecord, keepProgress, knownProviderIds, noteProvider } from "../repository.ts";
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

/** The provider's id, null where nothing is to be sent; or that it may not be sent yet. */
export type Submitted = { readonly id: string | null } | { readonly held: true };

/**
 * Sends the questions. That it may have been sent is noted before: who comes after a crash looks at the provider first whether it was.
 * What holds back the rows of any batch (a function that is switched off) holds this one back as well, and is told as `waiting`.
 */
export async function submitQuestions({ batch, context, signal, questions }: SubmitInput, deps: Deps): Promise<Submitted> {
  const { id: mark, provider, cancelled_by } = batch;
  if (provider!.id !== undefined) return { id: provider!.id };
  const protocol = deps.gateway!.batches.at(provider!.target, signal);
  const note = async (id: string) => {
    await deps.sql.as(context, (tx) => noteProvider(tx, mark, { id }));
    return { id };
  };
  if (provider!.sentAt !== undefined) {
    const known = await deps.sql.as(context, knownProviderIds);
    const found = await protocol.find({ mark, count: questions.count, since: provider!.sentAt, known });
    if (found !== null) return note(found);
  }
  if (cancelled_by !== null || questions.count === 0) return { id: null };
  const kept = await readKept<KeptQuestion>(context, questions.hash, deps.blobs);
  const waiting = whatHolds({ batch, context }, deps) ?? (await reserve({ batch, context, kept }, deps));
  if (waiting !== null || batch.waiting !== null)
    await deps.sql.as(context, (tx) => keepProgress(tx, { id: mark, answered: [], rate: null, waiting }));
  if (waiting !== null) return { held: true };
  if (provider!.sentAt === undefined) await deps.sql.as(context, (tx) => noteProvider(tx, mark, { sentAt: deps.clock.now() }));
  return note(await protocol.submit({ mark, questions: kept.map(({ row, body }) => ({ id: `${mark}-${row}`, body })) }));
}

/** So long a provider may take; who never hears of it any more has probably paid for it. */
const leaseMs = 49 * 3_600_000;

/** Its estimate is held in every budget before it is sent. Throws where it is more than a whole budget, and what no waiting mends. */
async function reserve(
  { batch, context, kept }: Pick<SubmitInput, "batch" | "context"> & { readonly kept: readonly KeptQuestion[] },
  deps: Deps,
): Promise<BatchRecord["waiting"]> {
  const { projectId, principalId } = context;
  const origin = { projectId, principalId, function: batch.function, address: null, tags: { batch: batch.id } };
  const bodies = kept.map(({ body }) => body);
  try {
    await deps.gateway!.batches.reserve({ mark: batch.id, target: batch.provider!.target, origin, bodies, leaseMs });
    return null;
  } catch (error) {
    return waitingFor(toAppError(error), batch, deps);
  }
}

/** Whoever started the batch must still be let in. Throws what no waiting mends. */
function whatHolds({ batch, context }: Pick<SubmitInput, "batch" | "context">, deps: Deps): BatchRecord["waiting"] {
  const principal = deps.governance.principal(context);
  if (principal === null)
    throw new AppError("forbidden", `The key or session "${context.principalId}" that started this batch is not in force any more.`);
  try {
    deps.functions.admit(principal, batch.function);
    return null;
  } catch (error) {
    return waitingFor(toAppError(error), batch, deps);
  }
}

/** What passes is waited for; anything else is thrown. */
function waitingFor(error: AppError, batch: BatchRecord, { clock }: Deps): NonNullable<BatchRecord["waiting"]> {
  if (judgeError(error).kind !== "hold" && !isSpentBudget(error)) throw error;
  const { code, message } = error;
  return { code, message, since: batch.waiting?.since ?? new Date(clock.now()).toISOString() };
}
