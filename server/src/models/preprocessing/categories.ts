import type { GraphBuilder } from "../onnx/graph-builder.ts";

/** The values of a column with their counts; most frequent first, equals in order of their text. "" (missing) is one of them. */
export function countCategories(values: readonly string[]): [category: string, count: number][] {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
}

/** What a category is called in the name of a column. */
export function categoryName(column: string, category: string): string {
  const shown = category.trim();
  return shown === "" ? `${column} is missing` : `${column}=${shown}`;
}

/** Adds the place of each category in the list, and `other` for one that is not in it: [N] strings in, [N] int64 out. */
export function writeIndexes(graph: GraphBuilder, input: string, { categories, other }: { categories: readonly string[]; other: number }) {
  return graph.add("LabelEncoder", [input], {
    domain: "ai.onnx.ml",
    attributes: { keys_strings: categories, values_int64s: { integers: [...categories.keys()] }, default_int64: other },
  });
}
