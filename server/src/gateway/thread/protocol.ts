export type ThreadMessage<Question> = { readonly kind: "ask"; readonly question: Question } | { readonly kind: "close" };
