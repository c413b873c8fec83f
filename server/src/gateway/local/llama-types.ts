/** The part of node-llama-cpp that is used here; the package itself is installed by the program's user. */
export interface LlamaModule {
  getLlama(options: { gpu: "auto" | false; build: "never"; skipDownload: true; progressLogs: false; logLevel: "error" }): Promise<Llama>;
  readonly LlamaChat: new (options: { contextSequence: LlamaSequence }) => LlamaChat;
}

/** Made by the package, for one kind of answer. */
export type LlamaGrammar = object;

export interface Llama {
  getGrammarFor(type: "json"): Promise<LlamaGrammar>;
  createGrammarForJsonSchema(schema: object): Promise<LlamaGrammar>;
  loadModel(options: { modelPath: string; gpuLayers?: number }): Promise<LlamaModel>;
}

export interface LlamaModel {
  readonly tokenizer: unknown;
  createContext(options: { contextSize?: number; threads?: number; sequences: 1 }): Promise<LlamaContext>;
}

interface LlamaContext {
  readonly contextSize: number;
  getSequence(): LlamaSequence;
}

export interface LlamaSequence {
  readonly tokenMeter: { readonly usedOutputTokens: number };
}

export type HistoryItem =
  | { readonly type: "system" | "user"; readonly text: string }
  | { readonly type: "model"; readonly response: readonly string[] };

export interface LlamaChat {
  readonly chatWrapper: {
    generateContextState(options: { chatHistory: readonly HistoryItem[] }): {
      contextText: { tokenize(tokenizer: unknown): readonly unknown[] };
    };
  };
  generateResponse(history: readonly HistoryItem[], options: GenerateOptions): Promise<{ metadata: GenerateEnd }>;
}

interface GenerateOptions {
  readonly signal: AbortSignal;
  readonly stopOnAbortSignal: true;
  readonly maxTokens: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly seed?: number;
  readonly customStopTriggers?: readonly string[];
  readonly grammar?: LlamaGrammar;
  onResponseChunk(chunk: { readonly type?: "segment"; readonly segmentType?: string; readonly text: string }): void;
}

interface GenerateEnd {
  readonly stopReason: string;
  readonly customStopTrigger?: readonly unknown[];
}
