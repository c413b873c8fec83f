/** What a process is told first. */
export interface LoadJob {
  /** Of node-llama-cpp, as a URL. */
  readonly module: string;
  readonly path: string;
  readonly contextTokens?: number | undefined;
  readonly threads?: number | undefined;
  readonly gpu: boolean;
}

export interface LocalPrompt {
  readonly system: string;
  /** Ends with what the user said. */
  readonly turns: readonly { readonly role: "user" | "assistant"; readonly text: string }[];
  readonly maxTokens: number | null;
  readonly temperature?: number | undefined;
  readonly topP?: number | undefined;
  readonly topK?: number | undefined;
  readonly seed?: number | undefined;
  readonly stop?: readonly string[] | undefined;
  /** What each answer is: any JSON, or of a schema as `toGrammarSchema` makes it. */
  readonly format?: "json" | Readonly<Record<string, unknown>> | undefined;
}

export type ToTask =
  | { readonly kind: "load"; readonly job: LoadJob }
  | { readonly kind: "ask"; readonly prompt: LocalPrompt }
  | { readonly kind: "stop" };

export type FromTask =
  | { readonly kind: "begun"; readonly inputTokens: number }
  | { readonly kind: "text" | "thinking"; readonly text: string }
  | {
      readonly kind: "done";
      readonly finish: "stop" | "length" | "unknown";
      readonly stopSequence?: string | undefined;
      readonly inputTokens: number;
      readonly outputTokens: number;
    }
  /** The prompt does not fit: nothing is wrong with the model. */
  | { readonly kind: "too-long"; readonly inputTokens: number; readonly contextTokens: number }
  | { readonly kind: "failed"; readonly message: string };
