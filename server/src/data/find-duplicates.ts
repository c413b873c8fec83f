import type { DataContract } from "@millrace/contract";
import { canonicalJson } from "../core/index.ts";
import type { Row } from "./rows.ts";
import { createSimilarityIndex, normalizeText, shingle } from "./similarity.ts";

export interface Duplicate {
  readonly row: Row;
  /** The earlier row that is kept. */
  readonly of: Row;
  readonly kind: "exact" | "near";
  readonly similarity: number;
}

export interface Deduplicated {
  readonly kept: Row[];
  readonly duplicates: Duplicate[];
}

export interface DuplicateRule {
  readonly contract: DataContract;
  readonly featureColumns: readonly string[];
  /** Jaccard similarity of five-character runs from which two texts are the same text, edited; 1 turns it off. */
  readonly nearThreshold: number;
}

/**
 * Texts below this length need more than the threshold: a few characters are most of them, and "call me at 5" is not "call me at 6".
 * A text of no characters is similar to nothing.
 */
const shortText = 80;
const shortThreshold = 0.9;

/** The features of a row as one text: equal texts are exact duplicates. Runs of blanks count as one. */
export function canonicalFeatures(row: Row, featureColumns: readonly string[]): string {
  return canonicalJson(featureColumns.map((name) => tidy(row.values[name])));
}

function tidy(value: unknown): unknown {
  return typeof value === "string" ? value.normalize("NFC").replace(/\s+/gu, " ").trim() : (value ?? null);
}

/** How rows are compared: by their text, among those whose other features are equal. Null when there is no text. */
export function createRowText(rule: DuplicateRule): ((row: Row) => { text: string; group: string }) | null {
  const types = new Map(rule.contract.columns.map((column) => [column.name, column]));
  const isText = (name: string) => types.get(name)?.type === "text" && types.get(name)?.values === null;
  const texts = rule.featureColumns.filter(isText);
  const others = rule.featureColumns.filter((name) => !isText(name));
  if (texts.length === 0) return null;
  return (row) => ({
    text: normalizeText(texts.map((name) => String(row.values[name] ?? "")).join("\n")),
    group: canonicalFeatures(row, others),
  });
}

/** Keeps the first of each set of equal or nearly equal rows. Give the rows in order of time. */
export function findDuplicates(rows: readonly Row[], rule: DuplicateRule): Deduplicated {
  const exact = new Map<string, Row>();
  const near = createNearIndex(rule);
  const kept: Row[] = [];
  const duplicates: Duplicate[] = [];
  for (const row of rows) {
    const canonical = canonicalFeatures(row, rule.featureColumns);
    const same = exact.get(canonical);
    if (same !== undefined) {
      duplicates.push({ row, of: same, kind: "exact", similarity: 1 });
      continue;
    }
    const similar = near(row);
    if (similar !== null) {
      duplicates.push({ row, of: similar.item, kind: "near", similarity: similar.similarity });
      // The same edited copy again is an exact copy of nothing that is kept, yet a duplicate all the same.
      continue;
    }
    exact.set(canonical, row);
    kept.push(row);
  }
  return { kept, duplicates };
}

/** Answers the earlier row that this one nearly equals; keeps it for later ones if there is none. */
export function createNearIndex(rule: DuplicateRule): (row: Row) => { item: Row; similarity: number } | null {
  const rowText = rule.nearThreshold >= 1 ? null : createRowText(rule);
  if (rowText === null) return () => null;
  const groups = new Map<string, ReturnType<typeof createSimilarityIndex<{ row: Row; length: number }>>>();
  return (row) => {
    const { text, group } = rowText(row);
    if (text.length === 0) return null;
    let index = groups.get(group);
    if (index === undefined) groups.set(group, (index = createSimilarityIndex(rule.nearThreshold)));
    const hashes = shingle(text);
    // By the shorter of the two, so that it does not matter which of them comes first.
    const similar = index.find(
      hashes,
      ({ item, similarity }) => similarity >= shortThreshold || Math.min(text.length, item.length) >= shortText,
    );
    if (similar !== null) return { item: similar.item.row, similarity: similar.similarity };
    index.add({ row, length: text.length }, hashes);
    return null;
  };
}
