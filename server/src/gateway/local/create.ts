import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { AppError, type Clock, createId } from "../../core/index.ts";
import { findPackage } from "../find-package.ts";
import type { NativeSource } from "../native/types.ts";
import type { ChatEvent, ChatRequest, Usage } from "../types.ts";
import { type LocalModelConfig, localProvider } from "./config.ts";
import { type LocalModel, createLocalModel } from "./local-model.ts";
import { toPrompt } from "./to-prompt.ts";

export interface LocalDeps {
  readonly models: Readonly<Record<string, LocalModelConfig>>;
  /** Where node-llama-cpp is looked for, and above. */
  readonly packageFolders: readonly string[];
  readonly clock: Clock;
}

/** `local/<model>`. `config_invalid` where the package, or the file of a model, is not there. */
export function createLocalModels({ models, packageFolders, clock }: LocalDeps): NativeSource | undefined {
  if (Object.keys(models).length === 0) return undefined;
  const module = findPackage({ name: "node-llama-cpp", path: "gateway.local" }, packageFolders);
  const created = new Map(Object.entries(models).map(([name, rules]) => [name, open(name, rules, module)]));

  async function* ask(model: string, request: ChatRequest, signal: AbortSignal): AsyncGenerator<ChatEvent> {
    const name = `${localProvider}/${model}`;
    const prompt = toPrompt(request, name);
    yield { type: "start", id: `chatcmpl-${createId(clock)}`, model };
    const parts = new PartNumbers();
    for await (const piece of created.get(model)!.ask(prompt, signal)) {
      if (piece.kind === "begun") yield { type: "usage", usage: usageOf(piece.inputTokens, null) };
      else if (piece.kind !== "done") yield { type: piece.kind, part: parts.of(piece.kind), text: piece.text };
      else {
        const { finish, stopSequence, inputTokens, outputTokens } = piece;
        yield { type: "finish", finish, ...(stopSequence === undefined ? {} : { stopSequence }) };
        yield { type: "usage", usage: usageOf(inputTokens, outputTokens) };
        yield { type: "end" };
      }
    }
  }

  return {
    ask,
    close() {
      for (const model of created.values()) model.close();
    },
  };
}

function open(name: string, { path, contextTokens, threads, gpu, idleSeconds }: LocalModelConfig, module: string): LocalModel {
  const file = resolve(path);
  if (!existsSync(file)) {
    const where = `gateway.local.${name}.path`;
    const message = `${where} names ${file}, and there is no such file: put the model's GGUF file there, or correct the path`;
    throw new AppError("config_invalid", `${message}.`, { details: { issues: [{ path: where, message }] } });
  }
  return createLocalModel(`${localProvider}/${name}`, { module, path: file, contextTokens, threads, gpu }, idleSeconds * 1000);
}

/** Counted by the model's own tokenizer, so exact. */
function usageOf(input: number, output: number | null): Usage {
  return { input, output, cachedInput: null, cacheWrite: null, reasoning: null, from: "provider" };
}

/** What it thinks and what it says take turns: each turn is a part of its own. */
class PartNumbers {
  #kind = "";
  #part = -1;

  of(kind: "text" | "thinking"): number {
    if (kind !== this.#kind) this.#part += 1;
    this.#kind = kind;
    return this.#part;
  }
}
