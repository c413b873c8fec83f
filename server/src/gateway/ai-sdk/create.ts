import type { Clock, Egress, Secret } from "../../core/index.ts";
import type { NativeSource } from "../native/types.ts";
import type { ChatEvent, ChatRequest } from "../types.ts";
import type { AiSdkRules } from "./config.ts";
import type { LanguageModel, ModelOptions } from "./language-model.ts";
import { loadProvider } from "./load-provider.ts";
import { readError } from "./read-error.ts";
import { createStreamReader, wholeEvents } from "./to-events.ts";
import { toOptions } from "./to-options.ts";

export interface AiSdkDeps {
  readonly egress: Egress;
  readonly clock: Clock;
  readonly packageFolders: readonly string[];
}

interface AiSdkConfig {
  readonly aiSdk: AiSdkRules;
  readonly key?: Secret | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly clocks: { readonly totalMs: number };
}

/** Models of a package of the AI SDK, asked over our one way out. */
export function createAiSdkSource(name: string, config: AiSdkConfig, { egress, clock, packageFolders }: AiSdkDeps): NativeSource {
  const { aiSdk, key, headers, clocks } = config;
  const settings = {
    ...(key === undefined ? {} : { apiKey: key.reveal() }),
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
    fetch: egress.fetch,
  };
  const provider = loadProvider(aiSdk, settings, { path: `gateway.providers.${name}`, folders: packageFolders });

  async function* ask(model: string, request: ChatRequest, abortSignal: AbortSignal): AsyncGenerator<ChatEvent> {
    const target = `${name}/${model}`;
    const languageModel = provider.languageModel(model);
    const options = { ...toOptions(request, await languageModel.supportedUrls, target), abortSignal };
    try {
      if (request.stream) yield* streamOf(languageModel, options, model);
      else yield* wholeEvents(await languageModel.doGenerate(options), model);
    } catch (error) {
      abortSignal.throwIfAborted();
      const read = readError(error, { name: target, now: clock.now(), totalMs: clocks.totalMs });
      if (read instanceof Error) throw read;
      yield { type: "error", error: read };
    }
  }
  return { ask, close: () => undefined };
}

async function* streamOf(languageModel: LanguageModel, options: ModelOptions, model: string): AsyncGenerator<ChatEvent> {
  const { stream } = await languageModel.doStream(options);
  const read = createStreamReader();
  let hasStarted = false;
  for await (const part of stream) {
    if (part.type === "error") throw part.error;
    if (part.type === "response-metadata" && !hasStarted) {
      hasStarted = true;
      yield { type: "start", id: part.id ?? "", model: part.modelId ?? model };
      continue;
    }
    const events = read(part);
    if (events.length > 0 && !hasStarted) {
      hasStarted = true;
      yield { type: "start", id: "", model };
    }
    yield* events;
  }
}
