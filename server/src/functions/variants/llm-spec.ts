/** A function whose arguments may be narrower than those it is declared with: each definition's own types were checked. */
type Loose<A extends unknown[], R> = { call(...args: A): R }["call"];

/** Text with `{{field}}` for fields of the input, or a function that writes it. */
export type PromptText<I> = string | Loose<[input: I], string>;

/** Milliseconds; what is absent, or looser than the provider's own, does not count. */
export interface LlmClocks {
  /** For one answer of the model. */
  readonly totalMs?: number;
  /** Until its first word. */
  readonly firstTokenMs?: number;
  /** Between two pieces of it. */
  readonly gapMs?: number;
}

/** What `llm` takes. */
export interface LlmOptions<I, O> {
  /** A name in `gateway.models`, or `<provider>/<model>`. */
  readonly model: string;
  readonly system?: PromptText<I>;
  /** The last turn of the user. This, `messages`, or both. */
  readonly prompt?: PromptText<I>;
  /** The field of the input that is a list of `{ role, content }`. */
  readonly messages?: string;
  readonly temperature?: number;
  readonly topP?: number;
  readonly maxTokens?: number;
  readonly seed?: number;
  readonly stop?: readonly string[];
  readonly reasoning?: "off" | { readonly effort: string } | { readonly tokens: number };
  /** Fields of the provider's own, passed on as they are. */
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** Oldest turns go first until what is sent has at most so many tokens. */
  readonly history?: { readonly maxTokens: number };
  readonly clocks?: LlmClocks;
  /** `schema` (default): the model is asked for the output as JSON. A function makes the output of plain text. */
  readonly output?: "schema" | Loose<[text: string, input: I], O>;
  /** False: an answer that does not keep the schema is neither mended nor asked for again. */
  readonly repair?: boolean;
}

/** A variant answered by a foundation model. */
export interface LlmSpec<I = never, O = never> extends LlmOptions<I, O> {
  readonly kind: "llm";
}

/** Asks another variant several times and answers with the output that scores highest. */
export interface BestOfSpec<I, O> {
  readonly kind: "best-of";
  /** A variant of the same function. */
  readonly of: string;
  readonly count: number;
  /** Higher is better. */
  readonly score: Loose<[output: O, input: I], number | Promise<number>>;
}
