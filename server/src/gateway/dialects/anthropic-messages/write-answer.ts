import { AppError } from "../../../core/index.ts";
import type { AnswerContext, ChatAnswer } from "../../types.ts";
import { isRecord } from "./check-shape.ts";
import { writeStopReason } from "./stop-reasons.ts";
import { writeUsage } from "./usage.ts";
import { type Writing, writeContent } from "./write-content.ts";

export function writeAnswer(answer: ChatAnswer, { model }: AnswerContext): unknown {
  const own = answer.dialect === "anthropic-messages";
  const writing: Writing = { own, problems: new Map() };
  const content = writeContent(answer.content, "content", writing);
  refuse(writing.problems);
  // Another dialect's extras say nothing here.
  const { usage, ...foreign } = own ? (answer.foreign ?? {}) : {};
  return {
    id: answer.id,
    type: "message",
    role: "assistant",
    model,
    content,
    stop_reason: writeStopReason(answer),
    stop_sequence: answer.stopSequence ?? null,
    usage: { ...writeUsage(answer.usage), ...(isRecord(usage) ? usage : {}) },
    ...foreign,
  };
}

/** The caller's request was carried, so what cannot be given back is the provider's doing. */
function refuse(problems: ReadonlyMap<string, string>): void {
  if (problems.size === 0) return;
  const named = [...problems].map(([field, why]) => (why === "" ? field : `${field} (${why})`)).join(", ");
  throw new AppError("provider_failed", `The answer holds what the Messages API cannot carry: ${named}.`, {
    details: { fields: [...problems.keys()] },
  });
}
