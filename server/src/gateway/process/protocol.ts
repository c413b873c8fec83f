export interface ProcessQuestion<Question> {
  readonly question: Question;
}

export type ProcessAnswer<Answer> =
  | { readonly answer: Answer }
  | { readonly error: { readonly code: string; readonly message: string; readonly details: Readonly<Record<string, unknown>> } };
