import { toAppError } from "../../core/index.ts";
import { AttemptBook } from "../attempt-book.ts";
import { sumAttempts } from "../money/sum-attempts.ts";
import type { Ask, CallOutcome, GatewayCall } from "../stage.ts";

export interface RefreshDeps {
  /** From the first stage on: what nobody waits for is budgeted and paid like every other call. */
  readonly again: Ask;
  readonly signal: AbortSignal;
}

/** Asks the same once more behind the caller's back, as an inference of its own. Never throws. */
export async function refresh(call: GatewayCall, from: string, { again, signal }: RefreshDeps): Promise<void> {
  const { reopen, ...asked } = call;
  const book = new AttemptBook();
  const opened = reopen!();
  const { inferenceId, evidence } = opened;
  let outcome: CallOutcome;
  try {
    const reply = await again({ ...asked, book, inferenceId, evidence, signal, startedAt: performance.now(), cacheControl: "no-cache" });
    if (reply.kind === "stream") for await (const { isLast } of reply.texts) if (isLast) break;
    outcome = reply.kind === "whole" ? reply.outcome : reply.outcome();
    if (reply.kind === "stream") void reply.leave();
  } catch (error) {
    outcome = { target: null, answer: null, cost: sumAttempts(book.soFar())?.cost ?? null, error: toAppError(error) };
  }
  await opened.close({ ...outcome, notes: { ...outcome.notes, refreshes: from } });
}
