import type { ErrorCode } from "@millrace/contract";
import { type AppError, type Step, roundMs, toAppError } from "../../core/index.ts";
import { AttemptBook, type CallOutcome, type Gateway, type Question, sumAttempts } from "../../gateway/index.ts";
import type { VariantCall } from "../types.ts";
import { type Expected, type Verdict, judgeAnswer, textOf } from "./judge-answer.ts";

export interface Asking {
  readonly gateway: Pick<Gateway, "ask">;
  readonly question: Omit<Question, "evidence" | "signal">;
  readonly expected: Expected;
  /** Members of the step: the prompt's version, the history's tokens. */
  readonly facts: Readonly<Record<string, unknown>>;
}

const maxLostCharacters = 2000;

/** Asks once, and notes it as one step, around those of the tries it took: what came of it, tokens and cost. */
export async function askModel(asking: Asking, call: VariantCall): Promise<Verdict> {
  const { evidence, deadline } = call;
  const startMs = evidence.elapsed();
  let isNoted = false;
  const note = (step: Pick<Step, "status" | "error" | "details">) => {
    if (isNoted) return;
    isNoted = true;
    const details = { ...asking.facts, ...step.details };
    const durationMs = roundMs(evidence.elapsed() - startMs);
    evidence.step({ name: asking.question.request.model, kind: "ask", startMs: roundMs(startMs), durationMs, ...step, details });
  };
  const book = new AttemptBook();
  // At once: the record is written as soon as the time is over or the caller gone, with what came and what that costs by then.
  deadline.onEnd(() => note({ status: "timeout", error: "deadline_exceeded", details: spentSoFar(book) ?? {} }));
  let outcome: CallOutcome;
  try {
    outcome = await asking.gateway.ask({ ...asking.question, book, evidence, signal: call.signal });
  } catch (error) {
    const known = toAppError(error);
    note({
      status: known.code === "deadline_exceeded" ? "timeout" : "failed",
      error: known.code,
      details: spentSoFar(book) ?? (unpaid(known) ? {} : { usage: null, cost: null }),
    });
    throw error;
  }
  const verdict = judgeAnswer(outcome, asking.expected);
  // Of an answer that is no output this is all that is kept.
  const lost = "value" in verdict ? {} : { text: verdict.text.slice(0, maxLostCharacters) };
  note({
    ...statusOf(verdict),
    details: { ...detailsOf(outcome), output: verdict.output, ...("issues" in verdict ? { issues: verdict.issues } : {}), ...lost },
  });
  return verdict;
}

/** What the attempts of an ask without an answer cost, and what there is of one. Undefined where nothing is to be paid. */
function spentSoFar(book: AttemptBook): Record<string, unknown> | undefined {
  const attempts = book.soFar();
  const paid = sumAttempts(attempts);
  if (paid === undefined) return undefined;
  const partial = attempts.findLast(({ answer }) => answer !== null);
  const text = textOf(partial?.answer?.content ?? []);
  return {
    target: attempts.at(-1)!.target,
    usage: paid.usage,
    cost: paid.cost,
    ...(text === "" ? {} : { output: "cut", text: text.slice(0, maxLostCharacters) }),
  };
}

function statusOf(verdict: Verdict): Pick<Step, "status" | "error"> {
  if (verdict.output === "invalid") return { status: "failed", error: "invalid_output" };
  return "error" in verdict ? { status: "failed", error: verdict.error.code } : { status: "ok" };
}

function detailsOf({ target, answer, cost, notes }: CallOutcome): Record<string, unknown> {
  return {
    target,
    model: answer?.model ?? null,
    finish: answer?.finish ?? null,
    usage: answer?.usage ?? null,
    cost,
    ...(notes === undefined ? {} : { notes }),
  };
}

const noConnection: readonly unknown[] = ["ECONNREFUSED", "ENOTFOUND", "EHOSTUNREACH", "ENETUNREACH"];
const neverSent: readonly ErrorCode[] = [
  "invalid_request",
  "untranslatable",
  "unknown_model",
  "data_class_refused",
  "capability_missing",
  "budget_exceeded",
  "budget_unavailable",
  "unknown_price",
  "abuse_blocked",
  "abuse_unavailable",
  "egress_refused",
];

/** Refused with a status, or never sent: nothing is billed for it. Of all else nobody knows. */
function unpaid({ code, details }: AppError): boolean {
  const { status, code: reason, billed } = details;
  return billed === false || neverSent.includes(code) || (typeof status === "number" && status >= 400) || noConnection.includes(reason);
}
