import type { ColumnComparison, ContractChange, DatasetComparison, DatasetDetail } from "@millrace/contract";
import { chiSquareTail, jensenShannon, populationStability, shares, wilson } from "../../statistics/index.ts";
import type { Lake, LakeRow } from "../../storage/index.ts";
import { compareContracts } from "./compare-contracts.ts";
import { type CountBy, chooseCountBy, countDistinctSql, countSql, sharedRowsSql } from "./repository.ts";

export interface CompareDeps {
  readonly lake: Lake;
  /** Parquet files of the two versions. */
  readonly files: { readonly before: string; readonly after: string };
  readonly timeoutMs: number;
}

/** What became different from one version to another: schema, counts, rows, labels and the distribution of each column, worst first. */
export async function compareDatasets(before: DatasetDetail, after: DatasetDetail, deps: CompareDeps): Promise<DatasetComparison> {
  const changes = [...compareRoles(before, after), ...compareContracts(before.contract, after.contract)].sort(
    (a, b) => Number(b.breaking) - Number(a.breaking),
  );
  const same = before.hash === after.hash;
  const measured = await measure(before, after, deps);
  return {
    from: before.reference,
    to: after.reference,
    same,
    breaking: changes.some(({ breaking }) => breaking),
    changes,
    counts: compareCounts(before, after),
    rows: { shared: measured.shared, added: after.kept - measured.shared, removed: before.kept - measured.shared },
    labels: compareLabels(before, after),
    columns: measured.columns,
  };
}

function compareRoles(before: DatasetDetail, after: DatasetDetail): ContractChange[] {
  const changes: ContractChange[] = [];
  const add = (column: string | null, change: string, breaking: boolean) => changes.push({ column, change, breaking });
  for (const [role, from, to] of [
    ["time", before.timeColumn, after.timeColumn],
    ["label", before.labelColumn, after.labelColumn],
  ] as const)
    if (from !== to) add(to ?? from, `the ${role} column was ${from ?? "none"} and is ${to ?? "none"}`, true);
  for (const name of before.featureColumns) if (!after.featureColumns.includes(name)) add(name, "is no feature any more", true);
  for (const name of after.featureColumns) if (!before.featureColumns.includes(name)) add(name, "is a feature as well", true);
  if (before.split.kind !== after.split.kind) add(null, `the split was by ${before.split.kind} and is by ${after.split.kind}`, false);
  return changes;
}

function compareCounts(before: DatasetDetail, after: DatasetDetail): DatasetComparison["counts"] {
  const held = (detail: DatasetDetail, name: string) => detail.splits.find((split) => split.name === name)?.rows ?? 0;
  return [
    ...(["rows", "kept", "exactDuplicates", "nearDuplicates", "quarantined"] as const).map((name) => ({
      name,
      from: before[name],
      to: after[name],
    })),
    ...["train", "holdout"].map((name) => ({ name, from: held(before, name), to: held(after, name) })),
  ];
}

function compareLabels(before: DatasetDetail, after: DatasetDetail): DatasetComparison["labels"] {
  const rowsOf = (detail: DatasetDetail, label: string) => detail.labels.find((each) => each.label === label)?.rows ?? 0;
  const names = [...new Set([...before.labels, ...after.labels].map(({ label }) => label))];
  const labels = names.map((label) => ({
    label,
    from: wilson(rowsOf(before, label), before.kept),
    to: wilson(rowsOf(after, label), after.kept),
  }));
  return labels.sort((a, b) => Math.abs(b.to.value - b.from.value) - Math.abs(a.to.value - a.from.value));
}

async function measure(before: DatasetDetail, after: DatasetDetail, { lake, files, timeoutMs }: CompareDeps) {
  const old = new Map(before.contract.columns.map((column) => [column.name, column]));
  const common = after.contract.columns.filter(({ name, type }) => old.get(name)?.type === type);
  if (common.length === 0) return { shared: 0, columns: [] };
  const query = (sql: string) => ({ kind: "query" as const, sql, files });
  const names = common.map(({ name }) => name);
  const [[first], [rows]] = await lake.run([query(countDistinctSql(common)), query(sharedRowsSql(names))], { timeoutMs });
  const chosen = common.flatMap((column, index) => {
    const by = chooseCountBy(column, Number(first?.[`d${index}`] ?? 0));
    return by === null ? [] : [{ name: column.name, by }];
  });
  const counted =
    chosen.length === 0
      ? []
      : await lake.run(
          chosen.map(({ name, by }) => query(countSql(name, by))),
          { timeoutMs },
        );
  const columns = chosen.map(({ name, by }, index) =>
    describe({ name, by, counts: readCounts(counted[index] as LakeRow[]), columns: chosen.length, rows: [before.kept, after.kept] }),
  );
  const weight = { changed: 2, moved: 1, same: 0 };
  columns.sort((a, b) => weight[b.level] - weight[a.level] || b.psi - a.psi || (a.name < b.name ? -1 : 1));
  return { shared: Number(rows?.["shared"] ?? 0), columns };
}

interface PlaceCount {
  /** Null: rows without a value. */
  readonly place: string | null;
  from: number;
  to: number;
}

function readCounts(rows: readonly LakeRow[]): PlaceCount[] {
  const places = new Map<string | null, PlaceCount>();
  for (const row of rows) {
    const place = row["place"] as string | null;
    let count = places.get(place);
    if (count === undefined) places.set(place, (count = { place, from: 0, to: 0 }));
    count[row["after"] === true ? "to" : "from"] += Number(row["rows"]);
  }
  return [...places.values()];
}

interface Counted {
  readonly name: string;
  readonly by: CountBy;
  readonly counts: readonly PlaceCount[];
  /** How many columns are looked at: with many, some differ by chance. */
  readonly columns: number;
  readonly rows: readonly [number, number];
}

/**
 * The index is under no change about (1/n + 1/m) times a chi-square of bins - 1 degrees of freedom (Yurdakul and Naranjo 2020, "Statistical
 * properties of the population stability index"), so that few rows need a larger index to mean something.
 */
function describe({ name, by, counts, columns, rows: [n, m] }: Counted): ColumnComparison {
  const [from, to] = [counts.map((count) => count.from), counts.map((count) => count.to)];
  const psi = populationStability(from, to);
  const chance =
    counts.length < 2 ? 1 : Math.min(1, columns * chiSquareTail(psi / (1 / Math.max(1, n) + 1 / Math.max(1, m)), counts.length - 1));
  const [fromShares, toShares] = [shares(from), shares(to)];
  const nulls = counts.findIndex(({ place }) => place === null);
  const widest = counts.reduce(
    (best, _, index) =>
      Math.abs(toShares[index]! - fromShares[index]!) > Math.abs((toShares[best] ?? 0) - (fromShares[best] ?? 0)) ? index : best,
    0,
  );
  return {
    name,
    by,
    psi,
    jensenShannon: jensenShannon(from, to),
    chance,
    level: chance > 0.05 || psi < 0.1 ? "same" : psi < 0.25 ? "moved" : "changed",
    nulls: { from: fromShares[nulls] ?? 0, to: toShares[nulls] ?? 0 },
    most: psi === 0 ? null : { what: sayPlace(counts, widest, by), from: fromShares[widest]!, to: toShares[widest]! },
  };
}

function sayPlace(counts: readonly PlaceCount[], index: number, by: CountBy): string {
  const { place } = counts[index]!;
  if (place === null) return "null";
  if (by === "value") return place.length > 80 ? `${place.slice(0, 80)}…` : place;
  const edges = counts.map((each) => each.place).filter((each) => each !== null && each !== "least");
  const sorted = edges.map(Number).sort((a, b) => a - b);
  const next = place === "least" ? sorted[0] : sorted.find((edge) => edge > Number(place));
  const unit = by === "length" ? " characters" : "";
  if (place === "least") return next === undefined ? `all${unit}` : `at most ${next}${unit}`;
  return next === undefined ? `over ${Number(place)}${unit}` : `over ${Number(place)} to ${next}${unit}`;
}
