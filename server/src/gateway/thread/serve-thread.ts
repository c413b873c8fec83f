import { parentPort } from "node:worker_threads";
import type { ThreadAnswer, ThreadMessage } from "./protocol.ts";

// Imported by worker threads: nothing but types besides, since each thread would hold its own copy.

/** What went wrong in a thread, with a code of the table of errors. */
export class ThreadFailure extends Error {
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

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
      port.postMessage(await told(message.question));
    });
  });

  async function told(question: Question): Promise<ThreadAnswer<Answer>> {
    try {
      return { answer: await answer(question) };
    } catch (error) {
      const { code, details } = error instanceof ThreadFailure ? error : { code: "internal", details: {} };
      return { error: { code, message: error instanceof Error ? error.message : String(error), details } };
    }
  }
}
