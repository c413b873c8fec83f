// Imported by threads and processes of the gateway: nothing but types besides, since each would hold its own copy.

/** What a thread or a process says to a question. */
export type WorkerAnswer<Answer> =
  | { readonly answer: Answer }
  | { readonly error: { readonly code: string; readonly message: string; readonly details: Readonly<Record<string, unknown>> } };

/** What went wrong there, with a code of the table of errors. */
export class WorkerFailure extends Error {
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

/** The answer to a question, or why there is none, as it goes back. */
export async function tellAnswer<Question, Answer>(
  question: Question,
  answer: (question: Question) => Promise<Answer> | Answer,
): Promise<WorkerAnswer<Answer>> {
  try {
    return { answer: await answer(question) };
  } catch (error) {
    const { code, details } = error instanceof WorkerFailure ? error : { code: "internal", details: {} };
    return { error: { code, message: error instanceof Error ? error.message : String(error), details } };
  }
}
