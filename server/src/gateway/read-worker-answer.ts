import { AppError } from "../core/index.ts";
import type { WorkerAnswer } from "./worker-answer.ts";

/** The answer, or the error a thread or a process said, as one of ours. */
export function readWorkerAnswer<Answer>(said: WorkerAnswer<Answer>): Answer {
  if ("answer" in said) return said.answer;
  const { code, message, details } = said.error;
  throw new AppError(code as ConstructorParameters<typeof AppError>[0], message, { details: { ...details } });
}
