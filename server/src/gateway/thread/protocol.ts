export type ThreadMessage<Question> = { readonly kind: "ask"; readonly question: Question } | { readonly kind: "close" };

export type ThreadAnswer<Answer> =
  | { readonly answer: Answer }
  | { readonly error: { readonly code: string; readonly message: string; readonly details: Readonly<Record<string, unknown>> } };
