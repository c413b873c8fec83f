import { AppError } from "../../core/index.ts";
import type { ChatMessage, ChatRequest, Gateway, TextPart } from "../../gateway/index.ts";
import type { LlmSpec, PromptText } from "../variants/llm-spec.ts";
import type { Erased } from "../variants/specs.ts";
import { fillTemplate, parseTemplate } from "./template.ts";

export type WriteText = (input: Record<string, unknown>) => string;

/** What is asked, before turns are left out of it. */
export interface WrittenQuestion {
  readonly system: readonly TextPart[];
  /** Examples, before all that was said: no part of the history. */
  readonly shown: readonly ChatMessage[];
  readonly messages: readonly ChatMessage[];
}

/** Reads the templates once; writes the question of each input. */
export function questionWriter(
  spec: LlmSpec<Erased, Erased>,
  dialect: Gateway["dialect"],
): (input: Record<string, unknown>) => WrittenQuestion {
  const writeSystem = writer(spec.system);
  const writePrompt = writer(spec.prompt);

  return (input) => {
    const told = spec.messages === undefined ? nothing : readMessages(spec.model, input[spec.messages], dialect);
    const system = [...asParts(writeSystem?.(input)), ...told.system];
    const prompt = asParts(writePrompt?.(input));
    const messages: ChatMessage[] = [...told.messages, ...(prompt.length === 0 ? [] : [{ role: "user" as const, content: prompt }])];
    if (messages.length === 0)
      throw new AppError("variant_failed", "There is nothing to ask: the prompt is empty, and so are the messages.");
    return { system, shown: [], messages };
  };
}

const nothing: Pick<ChatRequest, "system" | "messages"> = { system: [], messages: [] };

/** In the form of OpenAI's clients, which is also that of plain `{ role, content }`: calls of tools and their results included. */
function readMessages(model: string, messages: unknown, dialect: Gateway["dialect"]): Pick<ChatRequest, "system" | "messages"> {
  if (!Array.isArray(messages) || messages.length === 0) return nothing;
  return dialect("openai-chat").parseRequest({ model, messages });
}

function writer(text: PromptText<Erased> | undefined): WriteText | undefined {
  if (typeof text === "function") return text as WriteText;
  if (text === undefined) return undefined;
  const template = parseTemplate(text);
  return (input) => fillTemplate(template, input);
}

function asParts(text: string | undefined): TextPart[] {
  return text === undefined || text === "" ? [] : [{ type: "text", text }];
}
