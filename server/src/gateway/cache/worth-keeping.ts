import type { CallOutcome } from "../stage.ts";
import type { ChatAnswer } from "../types.ts";
import type { ExactConfig } from "./config.ts";

/** An answer that another may be told: whole, good, and nobody's refusal. */
export function isWorthKeeping({ answer, error, target }: CallOutcome, { toolCalls }: Pick<ExactConfig, "toolCalls">): boolean {
  if (error !== null || answer === null || target === null || answer.content.length === 0) return false;
  if (answer.content.some(({ type }) => type === "refusal")) return false;
  const calls = answer.finish === "tool-calls" || answer.content.some(({ type }) => type === "tool-call");
  return calls ? toolCalls && answer.finish === "tool-calls" : answer.finish === "stop";
}

/** What only one dialect knows is told again in that one. */
export function canBeTold(answer: ChatAnswer, dialect: string): boolean {
  return answer.content.every((part) => part.type !== "foreign" || part.dialect === dialect);
}
