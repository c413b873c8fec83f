import type { CapabilityRow } from "./capability-row.ts";
import { publishedCapabilities } from "./capabilities.ts";
import type { Needs } from "./find-needs.ts";

export interface CapabilityTable {
  /** The row that speaks for a model, or null: nothing is known of it. */
  find(provider: string, model: string): CapabilityRow | null;
}

/** Rows of the configuration first; of several the one whose name says most. */
export function createCapabilityTable(
  configured: readonly CapabilityRow[] = [],
  published: readonly CapabilityRow[] = publishedCapabilities,
): CapabilityTable {
  const particularity = ({ model }: CapabilityRow) => (model.endsWith("*") ? model.length - 1 : Number.MAX_SAFE_INTEGER);
  const sorted = [configured, published].flatMap((rows) => rows.toSorted((left, right) => particularity(right) - particularity(left)));
  const byProvider = Map.groupBy(sorted, ({ provider }) => provider);
  const speaksFor = (row: CapabilityRow, model: string) =>
    row.model.endsWith("*") ? model.startsWith(row.model.slice(0, -1)) : row.model === model;
  return { find: (provider, model) => byProvider.get(provider)?.find((row) => speaksFor(row, model)) ?? null };
}

/** What a model is known to lack of what is needed, in words; undefined when nothing. */
export function whatLacks(row: CapabilityRow | null, needs: Needs): string | undefined {
  if (row === null) return undefined;
  const lacking = [
    ...(needs.tools && row.tools === false ? ["takes no tools"] : []),
    ...(needs.images && row.images === false ? ["takes no images"] : []),
    ...(needs.schema && row.schema === false ? ["keeps no JSON schema"] : []),
    ...(row.contextTokens !== undefined && needs.contextTokens > row.contextTokens
      ? [`holds ${row.contextTokens} tokens, and about ${needs.contextTokens} are needed`]
      : []),
  ];
  return lacking.length === 0 ? undefined : lacking.join(", ");
}
