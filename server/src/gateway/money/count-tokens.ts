import { startThread } from "../../core/index.ts";
import { estimateParts, estimateTokens } from "../budgets/estimate-tokens.ts";
import { createLazyThread } from "../thread/create-lazy-thread.ts";
import type { ChatRequest, ContentPart } from "../types.ts";
import type { CountQuestion, Encoding } from "./tokenizer/tokenizer-thread.ts";

/** Tokens as OpenAI's tokenizers count them: of its models about what they are billed, of others an estimate. Null: nobody can say now. */
export interface TokenCounter {
  /** The input: text exactly, images and files by their size. */
  countTokens(request: ChatRequest, model: string): Promise<number | null>;
  /** What came of an answer. */
  countParts(parts: readonly ContentPart[], model: string): Promise<number | null>;
  countTexts(texts: readonly string[], model: string): Promise<number | null>;
  close(): Promise<void>;
}

/** What somebody waits for a count, the first one included, which loads the tables. */
const patienceMs = 5000;
/** Of OpenAI's chats: what a message costs beside its text. */
const frame = 4;

export function createTokenCounter(): TokenCounter {
  const thread = createLazyThread<CountQuestion, number>({
    start: () => startThread("./tokenizer/tokenizer-thread", import.meta.url, undefined),
    maxWaiting: 1000,
  });

  async function countTexts(texts: readonly string[], model: string): Promise<number | null> {
    const filled = texts.filter((text) => text !== "");
    if (filled.length === 0) return 0;
    try {
      return await thread.ask({ encoding: encodingOf(model), texts: filled }, AbortSignal.timeout(patienceMs));
    } catch {
      // A count that is missing is told as such; the answer is worth more than it.
      return null;
    }
  }

  /** What `walk` measures as text is counted in one question, and the rest added. */
  async function count(
    walk: (measure: { text: (text: string) => number; frame: number }) => number,
    model: string,
  ): Promise<number | null> {
    const texts: string[] = [];
    const rest = walk({ text: (text) => (texts.push(text), 0), frame });
    const counted = await countTexts(texts, model);
    return counted === null ? null : counted + rest;
  }

  return {
    countTokens: (request, model) => count((measure) => estimateTokens(request, measure), model),
    countParts: (parts, model) => count((measure) => estimateParts(parts, measure), model),
    countTexts,
    close: () => thread.close(),
  };
}

/** Of a model by its name, whoever serves it. */
function encodingOf(model: string): Encoding {
  return /^(gpt-4(?![.o])|gpt-3\.5|text-embedding-)/.test(model.slice(model.lastIndexOf("/") + 1)) ? "cl100k_base" : "o200k_base";
}
