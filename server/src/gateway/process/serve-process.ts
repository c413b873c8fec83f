import type { ProcessAnswer, ProcessQuestion } from "./protocol.ts";

// Imported by processes: nothing but types besides, since each would hold its own copy.

/** What went wrong in a process, with a code of the table of errors. */
export class ProcessFailure extends Error {
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

/** The other side of `createLazyProcess`: call once at the top of a process's file. It is asked one question after the other. */
export function serveProcess<Question, Answer>(answer: (question: Question) => Promise<Answer> | Answer): void {
  // Whoever asked is gone: nobody would end this process.
  process.once("disconnect", () => process.exit(0));
  process.on("message", ({ question }: ProcessQuestion<Question>) => {
    void tell(question).then((told) => process.send?.(told));
  });

  async function tell(question: Question): Promise<ProcessAnswer<Answer>> {
    try {
      return { answer: await answer(question) };
    } catch (error) {
      const { code, details } = error instanceof ProcessFailure ? error : { code: "internal", details: {} };
      return { error: { code, message: error instanceof Error ? error.message : String(error), details } };
    }
  }
}
