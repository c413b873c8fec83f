/** The part of `@ai-sdk/provider`'s specification, version 4, that is used here. Packages are installed by the program's user. */
export interface LanguageModel {
  readonly specificationVersion: string;
  readonly supportedUrls: PromiseLike<Record<string, RegExp[]>> | Record<string, RegExp[]>;
  doGenerate(options: ModelOptions): PromiseLike<GenerateResult>;
  doStream(options: ModelOptions): PromiseLike<{ stream: AsyncIterable<StreamPart> }>;
}

export interface ModelOptions {
  readonly prompt: readonly PromptMessage[];
  readonly maxOutputTokens?: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly stopSequences?: readonly string[];
  readonly seed?: number;
  readonly presencePenalty?: number;
  readonly frequencyPenalty?: number;
  readonly responseFormat?: { readonly type: "json"; readonly schema?: unknown; readonly name?: string; readonly description?: string };
  readonly reasoning?: string;
  readonly tools?: readonly {
    readonly type: "function";
    readonly name: string;
    readonly description?: string;
    readonly inputSchema: unknown;
    readonly strict?: boolean;
  }[];
  readonly toolChoice?: { readonly type: "auto" | "none" | "required" } | { readonly type: "tool"; readonly toolName: string };
  readonly abortSignal?: AbortSignal;
}

export type FileData = { readonly type: "data"; readonly data: string } | { readonly type: "url"; readonly url: URL };

export type PromptPart =
  | { readonly type: "text" | "reasoning"; readonly text: string }
  | { readonly type: "file"; readonly data: FileData; readonly mediaType: string; readonly filename?: string }
  | { readonly type: "tool-call"; readonly toolCallId: string; readonly toolName: string; readonly input: unknown }
  | {
      readonly type: "tool-result";
      readonly toolCallId: string;
      readonly toolName: string;
      readonly output: { readonly type: "text" | "error-text"; readonly value: string };
    };

export type PromptMessage =
  | { readonly role: "system"; readonly content: string }
  | { readonly role: "user" | "assistant" | "tool"; readonly content: readonly PromptPart[] };

export interface ModelUsage {
  readonly inputTokens: { readonly total?: number; readonly cacheRead?: number; readonly cacheWrite?: number };
  readonly outputTokens: { readonly total?: number; readonly reasoning?: number };
}

interface ModelEnd {
  readonly finishReason: { readonly unified: string };
  readonly usage: ModelUsage;
}

export interface GenerateResult extends ModelEnd {
  readonly content: readonly ContentItem[];
  readonly response?: { readonly id?: string; readonly modelId?: string };
}

export type ContentItem =
  | { readonly type: "text" | "reasoning"; readonly text: string }
  | ToolCallItem
  | { readonly type: "source" | "file" | "reasoning-file" | "custom" | "tool-result" | "tool-approval-request" };

interface ToolCallItem {
  readonly type: "tool-call";
  readonly toolCallId: string;
  readonly toolName: string;
  /** JSON text. */
  readonly input: string;
}

export type StreamPart =
  | { readonly type: "text-delta" | "reasoning-delta"; readonly id: string; readonly delta: string }
  | { readonly type: "tool-input-start"; readonly id: string; readonly toolName: string }
  | { readonly type: "tool-input-delta"; readonly id: string; readonly delta: string }
  | ToolCallItem
  | { readonly type: "response-metadata"; readonly id?: string; readonly modelId?: string }
  | ({ readonly type: "finish" } & ModelEnd)
  | { readonly type: "error"; readonly error: unknown }
  | { readonly type: "file" | "reasoning-file" | "custom" | "tool-result" | "tool-approval-request" }
  | {
      readonly type:
        | "stream-start"
        | "text-start"
        | "text-end"
        | "reasoning-start"
        | "reasoning-end"
        | "tool-input-end"
        | "source"
        | "ping"
        | "raw";
    };
