import type { HistoryItem, Llama, LlamaChat, LlamaGrammar, LlamaModel, LlamaModule, LlamaSequence } from "./llama-types.ts";
import type { FromTask, LoadJob, LocalPrompt, ToTask } from "./protocol.ts";

interface Loaded {
  readonly llama: Llama;
  readonly model: LlamaModel;
  readonly sequence: LlamaSequence;
  readonly chat: LlamaChat;
  readonly contextTokens: number;
}

let loading: Promise<Loaded> | undefined;
let stopping = new AbortController();

// Whoever asked is gone: nobody would end this process.
process.once("disconnect", () => process.exit(0));

process.on("message", (message: ToTask) => {
  if (message.kind === "stop") return stopping.abort();
  if (message.kind === "load") {
    loading = load(message.job);
    // It is told to the first who asks.
    loading.catch(() => undefined);
    return;
  }
  stopping = new AbortController();
  answer(message.prompt, stopping.signal).then(tell, (error: unknown) =>
    tell({ kind: "failed", message: error instanceof Error ? error.message : String(error) }),
  );
});

async function load({ module, path, contextTokens, threads, gpu }: LoadJob): Promise<Loaded> {
  const { getLlama, LlamaChat } = (await import(module)) as LlamaModule;
  const llama = await getLlama({ gpu: gpu ? "auto" : false, build: "never", skipDownload: true, progressLogs: false, logLevel: "error" });
  const model = await llama.loadModel({ modelPath: path, ...(gpu ? {} : { gpuLayers: 0 }) });
  const context = await model.createContext({
    sequences: 1,
    ...(contextTokens === undefined ? {} : { contextSize: contextTokens }),
    ...(threads === undefined ? {} : { threads }),
  });
  const sequence = context.getSequence();
  return { llama, model, sequence, chat: new LlamaChat({ contextSequence: sequence }), contextTokens: context.contextSize };
}

async function answer(prompt: LocalPrompt, signal: AbortSignal): Promise<FromTask> {
  const { llama, model, sequence, chat, contextTokens } = await loading!;
  const chatHistory = historyOf(prompt);
  const inputTokens = chat.chatWrapper.generateContextState({ chatHistory }).contextText.tokenize(model.tokenizer).length;
  // Past its end the package would drop the oldest of the prompt without a word.
  const room = contextTokens - inputTokens - 1;
  if (room < 1) return { kind: "too-long", inputTokens, contextTokens };
  tell({ kind: "begun", inputTokens });
  const grammar = prompt.format === undefined ? undefined : await grammarOf(llama, prompt.format);
  const before = sequence.tokenMeter.usedOutputTokens;
  const { temperature, topP, topK, seed, stop } = prompt;
  const { metadata } = await chat.generateResponse(chatHistory, {
    signal,
    stopOnAbortSignal: true,
    maxTokens: Math.min(prompt.maxTokens ?? room, room),
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { topP }),
    ...(topK === undefined ? {} : { topK }),
    ...(seed === undefined ? {} : { seed }),
    ...(stop === undefined ? {} : { customStopTriggers: stop }),
    ...(grammar === undefined ? {} : { grammar }),
    onResponseChunk({ type, segmentType, text }) {
      if (text === "") return;
      tell({ kind: type === "segment" && segmentType === "thought" ? "thinking" : "text", text });
    },
  });
  const { stopReason, customStopTrigger } = metadata;
  const finish = stopReason === "maxTokens" ? "length" : stopReason === "abort" ? "unknown" : "stop";
  const outputTokens = sequence.tokenMeter.usedOutputTokens - before;
  return { kind: "done", finish, stopSequence: customStopTrigger?.join(""), inputTokens, outputTokens };
}

function grammarOf(llama: Llama, format: NonNullable<LocalPrompt["format"]>): Promise<LlamaGrammar> {
  return format === "json" ? llama.getGrammarFor("json") : llama.createGrammarForJsonSchema(format);
}

function historyOf({ system, turns }: LocalPrompt): HistoryItem[] {
  const said = turns.map(({ role, text }): HistoryItem => (role === "user" ? { type: "user", text } : { type: "model", response: [text] }));
  // The empty one at the end is what it writes.
  return [...(system === "" ? [] : [{ type: "system" as const, text: system }]), ...said, { type: "model", response: [] }];
}

function tell(message: FromTask): void {
  process.send?.(message);
}
