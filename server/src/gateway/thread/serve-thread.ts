import { parentPort } from "node:worker_threads";
import { tellAnswer } from "../worker-answer.ts";
import type { ThreadMessage } from "./protocol.ts";

/** The other side of `createLazyThread`: call once at the top of a thread's file. One question after the other. */
export function serveThread<Question, Answer>(
  answer: (question: Question) => Promise<Answer> | Answer,
  onClose?: () => Promise<void>,
): void {
  const port = parentPort!;
  let turn: Promise<void> = Promise.resolve();
  port.on("message", (message: ThreadMessage<Question>) => {
    turn = turn.then(async () => {
      if (message.kind === "close") {
        await onClose?.();
        return port.close();
      }
      port.postMessage(await tellAnswer(message.question, answer));
    });
  });
}
