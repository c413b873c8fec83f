import type { ChatRequest } from "../../types.ts";
import { type Trigrams, similarityOf, trigramsOf } from "../trigrams.ts";
import { type AliasOf, type Chooser, withFirst } from "../types.ts";

const read = new WeakMap<AliasOf<"similarity">, readonly Trigrams[]>();

/** Where the example goes that shares most with the last message. */
export const chooseBySimilarity: Chooser<"similarity"> = ({ request, resolved: { targets } }, alias) => {
  let examples = read.get(alias);
  if (examples === undefined) read.set(alias, (examples = alias.examples.map(({ text }) => trigramsOf(text))));
  const asked = trigramsOf(lastText(request));
  let best: { readonly index: number; readonly similarity: number } | undefined;
  for (const [index, example] of examples.entries()) {
    if (!targets.some(({ name }) => name === alias.examples[index]!.to)) continue;
    const similarity = similarityOf(asked, example);
    if (best === undefined || similarity > best.similarity) best = { index, similarity };
  }
  if (best === undefined || best.similarity < alias.minimumSimilarity) return { targets, why: "like no example" };
  const { to } = alias.examples[best.index]!;
  const first = targets.find(({ name }) => name === to);
  return { targets: withFirst(targets, first), why: `like example ${best.index + 1}, similarity ${best.similarity.toFixed(2)}` };
};

function lastText({ messages }: ChatRequest): string {
  const last = messages.findLast(({ role }) => role === "user");
  return (last?.content ?? []).map((part) => (part.type === "text" ? part.text : "")).join(" ");
}
