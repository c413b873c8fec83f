import type { z } from "zod";
import { AppError } from "../../core/index.ts";
import type { CallOutcome, ContentPart } from "../../gateway/index.ts";
import { readOutput } from "./read-output.ts";

/** How an answer is read: as the output itself, or as JSON that keeps a schema. */
export interface Expected {
  /** Null for plain text. */
  readonly schema: z.ZodType | null;
  readonly mend: boolean;
}

export type Verdict = { readonly text: string } & (
  | { readonly output: "text" | "valid" | "repaired"; readonly value: unknown }
  /** May be asked for once more. */
  | { readonly output: "invalid"; readonly issues: readonly string[] }
  | { readonly output: "truncated" | "refused" | "broken"; readonly error: AppError }
);

/** What an answer is good for. One that was cut is never taken for whole, whatever could be read of it. */
export function judgeAnswer({ answer, error, target }: CallOutcome, { schema, mend }: Expected): Verdict {
  const text = textOf(answer?.content ?? []);
  const who = target ?? "the model";
  if (error !== null) return { text, output: "broken", error };
  if (answer === null) return { text, output: "broken", error: new AppError("provider_failed", `${who} gave no answer.`) };
  switch (answer.finish) {
    case "stop":
    case "unknown":
      break;
    case "length":
      return { text, output: "truncated", error: cut(who, "it reached its bound of tokens; raise maxTokens") };
    case "filter":
      return { text, output: "truncated", error: cut(who, "the provider's filter ended it") };
    case "refusal":
      return {
        text,
        output: "refused",
        error: new AppError("variant_failed", `${who} refused to answer.`, { details: { reason: "refusal" } }),
      };
    case "tool-calls":
    case "pause":
      return {
        text,
        output: "broken",
        error: new AppError("variant_failed", `${who} did not answer but waits for something (${answer.finish}).`),
      };
  }
  if (answer.content.some((part) => part.type === "refusal"))
    return {
      text,
      output: "refused",
      error: new AppError("variant_failed", `${who} refused to answer.`, { details: { reason: "refusal" } }),
    };
  if (schema === null) return { text, output: "text", value: text };
  // Where nobody says that the answer ended by itself, JSON without its end may be one that was cut.
  const reading = readOutput(text, schema, mend && answer.finish === "stop");
  return reading.kind === "invalid"
    ? { text, output: "invalid", issues: reading.issues }
    : { text, output: reading.kind, value: reading.value };
}

function cut(who: string, why: string): AppError {
  return new AppError("invalid_output", `The answer of ${who} was cut: ${why}.`, { details: { reason: "truncated" } });
}

/** What is said in it, without thoughts and calls of tools. */
export function textOf(content: readonly ContentPart[]): string {
  return content.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("");
}
