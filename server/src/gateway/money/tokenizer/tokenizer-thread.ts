import { serveThread } from "../../thread/serve-thread.ts";
import { sumTokens } from "./sum-tokens.ts";

// The tables of a tokenizer take long to load and much memory, and a long text takes its time: nothing for the main thread.

/** What the models of OpenAI count with, the newer ones and those before them. */
export type Encoding = "o200k_base" | "cl100k_base";

export interface CountQuestion {
  readonly encoding: Encoding;
  readonly texts: readonly string[];
}

type Tokenizer = (text: string) => number;
const tokenizers = new Map<Encoding, Tokenizer>();

serveThread<CountQuestion, number>(async ({ encoding, texts }) => {
  let tokenizer = tokenizers.get(encoding);
  if (tokenizer === undefined) tokenizers.set(encoding, (tokenizer = await open(encoding)));
  return sumTokens(texts, tokenizer);
});

async function open(encoding: Encoding): Promise<Tokenizer> {
  const { countTokens } =
    encoding === "o200k_base" ? await import("gpt-tokenizer/encoding/o200k_base") : await import("gpt-tokenizer/encoding/cl100k_base");
  // What looks like a mark of the model's own is text when somebody writes it.
  const options = { disallowedSpecial: new Set<string>() };
  return (text) => countTokens(text, options);
}
