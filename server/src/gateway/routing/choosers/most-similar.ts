import type { Target } from "../../resolve-model.ts";
import type { ChatRequest } from "../../types.ts";
import { type AliasOf, type Choice, withFirst } from "../types.ts";

/** What an example must reach: letters and meanings are measured on other scales. */
function leastSimilarity({ minimumSimilarity, embedder }: AliasOf<"similarity">): number {
  return minimumSimilarity ?? (embedder === undefined ? 0.2 : 0.4);
}

/** The target of the example that is most alike, among those that may be asked, goes first. */
export function chooseMostSimilar(
  alias: AliasOf<"similarity">,
  targets: readonly Target[],
  similarityTo: (index: number) => number,
): Choice & { readonly similarity: number | null } {
  let best: { readonly index: number; readonly similarity: number } | undefined;
  for (const [index, { to }] of alias.examples.entries()) {
    if (!targets.some(({ name }) => name === to)) continue;
    const similarity = similarityTo(index);
    if (best === undefined || similarity > best.similarity) best = { index, similarity };
  }
  if (best === undefined || best.similarity < leastSimilarity(alias))
    return { targets, why: "like no example", similarity: best?.similarity ?? null };
  const { to } = alias.examples[best.index]!;
  const first = targets.find(({ name }) => name === to);
  const why = `like example ${best.index + 1}, similarity ${best.similarity.toFixed(2)}`;
  return { targets: withFirst(targets, first), why, similarity: best.similarity };
}

export function lastText({ messages }: ChatRequest): string {
  const last = messages.findLast(({ role }) => role === "user");
  return (last?.content ?? []).map((part) => (part.type === "text" ? part.text : "")).join(" ");
}
