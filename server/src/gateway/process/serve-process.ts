import { tellAnswer } from "../worker-answer.ts";
import type { ProcessQuestion } from "./protocol.ts";

/** The other side of `createLazyProcess`: call once at the top of a process's file. It is asked one question after the other. */
export function serveProcess<Question, Answer>(answer: (question: Question) => Promise<Answer> | Answer): void {
  // Whoever asked is gone: nobody would end this process.
  process.once("disconnect", () => process.exit(0));
  process.on("message", ({ question }: ProcessQuestion<Question>) => {
    void tellAnswer(question, answer).then((told) => process.send?.(told));
  });
}
