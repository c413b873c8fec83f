import { type Trigrams, similarityOf, trigramsOf } from "../trigrams.ts";
import type { AliasOf, Chooser } from "../types.ts";
import { chooseByMeaning } from "./by-meaning.ts";
import { chooseMostSimilar, lastText } from "./most-similar.ts";

const read = new WeakMap<AliasOf<"similarity">, readonly Trigrams[]>();

/** Where the example goes that the last message is most like: by its letters, or by its meaning where an embedder is named. */
export const chooseBySimilarity: Chooser<"similarity"> = (call, alias, deps) => {
  if (alias.embedder !== undefined) return chooseByMeaning(call, alias, deps);
  let examples = read.get(alias);
  if (examples === undefined) read.set(alias, (examples = alias.examples.map(({ text }) => trigramsOf(text))));
  const asked = trigramsOf(lastText(call.request));
  const { targets, why } = chooseMostSimilar(alias, call.resolved.targets, (index) => similarityOf(asked, examples[index]!));
  return { targets, why };
};
