import { AppError, type Context, toAppError } from "../../../core/index.ts";
import type { CallOutcome, Question } from "../../../gateway/index.ts";
import type { AskPort } from "../../types.ts";
import type { BatchRecord } from "../repository.ts";
import type { BatchesDeps } from "../types.ts";
import type { KeptRow } from "./keep-replies.ts";
import { readKept } from "./read-kept.ts";
import type { KeptQuestion } from "./write-questions.ts";

export interface KeptInput {
  readonly batch: BatchRecord;
  readonly context: Context;
  readonly questions: string;
  /** Null where nothing was sent. */
  readonly replies: string | null;
  /** The provider's. */
  readonly id: string | null;
}

/** What answers the rows' questions from what the provider gave: nothing is asked, unless the request wants what is missing asked. */
export async function openKept(input: KeptInput, deps: Pick<BatchesDeps, "blobs" | "gateway">): Promise<(row: number) => AskPort> {
  const { batch, context, id } = input;
  const { batches, ask } = deps.gateway!;
  const asked = new Map<number, string>();
  const given = new Map<number, KeptRow>();
  if (input.replies !== null) {
    for (const { row, body } of await readKept<KeptQuestion>(context, input.questions, deps.blobs)) asked.set(row, body);
    for (const each of await readKept<KeptRow>(context, input.replies, deps.blobs)) given.set(each.row, each);
  }

  async function answer(row: number, question: Question): Promise<CallOutcome> {
    const kept = given.get(row);
    const text = asked.get(row);
    if (kept !== undefined && "body" in kept && text !== undefined)
      return batches.answer(question, { asked: text, reply: kept.body, batch: id! });
    // What kept it from being sent is the better reason.
    await batches.write(question);
    throw missing(kept, batch);
  }

  return (row) => async (question) => {
    try {
      return await answer(row, question);
    } catch (error) {
      if (batch.provider!.fallback !== "ask" || !isMissing(error)) throw error;
      return ask(question);
    }
  };
}

const reasons: readonly unknown[] = ["no-reply", "another-question"];

function isMissing(error: unknown): boolean {
  return reasons.includes(toAppError(error).details["reason"]);
}

function missing(kept: KeptRow | undefined, { provider }: BatchRecord): AppError {
  const { target, status = "not sent" } = provider!;
  const said = kept !== undefined && "error" in kept ? `${kept.error.reason}: ${kept.error.message}` : `the batch is ${status}`;
  return new AppError("provider_failed", `${target} gave no answer to this row in its batch: ${said}.`, {
    details: { target, reason: "no-reply", billed: false },
  });
}
