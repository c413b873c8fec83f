import type { AnswerContext, ChatAnswer } from "../../types.ts";
import { writeEnvelope } from "./envelope.ts";
import { writeOutput } from "./output-items.ts";
import { writeStatus } from "./status.ts";
import { writeUsage } from "./usage.ts";

export function writeAnswer(answer: ChatAnswer, context: AnswerContext): Record<string, unknown> {
  const { id, usage, logProbabilities } = answer;
  const status = writeStatus(answer.finish);
  return {
    ...writeEnvelope(id, context),
    ...status,
    output: writeOutput(answer.content, { id, logProbabilities, isWhole: status.status === "completed" }),
    usage: usage === null ? null : writeUsage(usage),
  };
}
