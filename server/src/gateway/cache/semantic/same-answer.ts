import { canonicalJson } from "../../../core/index.ts";
import type { ChatAnswer } from "../../types.ts";

/** Whether two answers say the same to who uses them: the same JSON, or the same words in whatever case and spacing. */
export function isSameAnswer(left: ChatAnswer, right: ChatAnswer): boolean {
  return meaningOf(left) === meaningOf(right);
}

function meaningOf({ content, finish }: ChatAnswer): string {
  const text = content.map((part) => (part.type === "text" ? part.text : "")).join("");
  const calls = content.flatMap((part) => (part.type === "tool-call" ? [[part.name, plain(part.arguments)]] : []));
  return JSON.stringify([finish, plain(text), calls]);
}

function plain(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return canonicalJson(value);
  } catch {
    // Words.
  }
  const words = text.normalize("NFKC").toLowerCase().replaceAll(/\s+/gu, " ").trim();
  return words.replace(/[.!]+$/u, "");
}
