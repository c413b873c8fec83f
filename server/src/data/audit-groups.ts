import type { ColumnContract, DataContract, GroupAudit } from "@millrace/contract";
import { quantile, shareDifference, sorted, wilson } from "../statistics/index.ts";
import type { Row, Scalar } from "./rows.ts";

/** Past so many values the rarest are one group. */
const mostGroups = 30;
const mostLabels = 20;
/** A rate of fewer rows says too little for a gap. */
const fewestRows = 30;
const bands = 4;

export interface AuditInput {
  readonly rows: readonly Row[];
  readonly contract: DataContract;
  readonly labelColumn?: string | undefined;
}

/**
 * How often each group of a sensitive column comes and how often it has each label, with Wilson's 95% intervals. Numbers are
 * grouped by quarters of their rows. The gap is the widest difference of a label's rate between two groups of at least 30 rows; since it is picked
 * among all pairs and labels, its interval (Newcombe 1998, method 10) is Bonferroni's over them.
 */
export function auditGroups({ rows, contract, labelColumn }: AuditInput): GroupAudit[] {
  const label = contract.columns.find(({ name }) => name === labelColumn);
  const labels = label === undefined ? [] : listLabels(rows, label);
  return contract.columns
    .filter(({ sensitive }) => sensitive === true)
    .map((column) => auditColumn(rows, column, { name: labelColumn, labels }));
}

function auditColumn(
  rows: readonly Row[],
  column: ColumnContract,
  label: { readonly name?: string | undefined; readonly labels: readonly Scalar[] },
): GroupAudit {
  const groups = [...groupRows(rows, column)].map(([group, members]) => ({
    group,
    share: wilson(members.length, rows.length),
    hits: label.labels.map((value) => members.filter(({ values }) => values[label.name!] === value).length),
    rows: members.length,
  }));
  groups.sort((a, b) => b.rows - a.rows || (a.group < b.group ? -1 : 1));
  return {
    column: column.name,
    groups: groups.map(({ group, share, hits, rows: size }) => ({
      group,
      share,
      labels: hits.map((count, index) => ({ label: String(label.labels[index]), rate: wilson(count, size) })),
    })),
    gap: findGap(groups, label.labels),
    small: groups.filter(({ rows: size }) => size < fewestRows).map(({ group }) => group),
  };
}

interface GroupCount {
  readonly group: string;
  readonly rows: number;
  readonly hits: readonly number[];
}

function findGap(groups: readonly GroupCount[], labels: readonly Scalar[]): GroupAudit["gap"] {
  const large = groups.filter(({ rows }) => rows >= fewestRows);
  if (large.length < 2 || labels.length === 0) return null;
  const looks = (labels.length * large.length * (large.length - 1)) / 2;
  let widest: NonNullable<GroupAudit["gap"]> | null = null;
  for (const [index, label] of labels.entries()) {
    const rate = (group: GroupCount) => group.hits[index]! / group.rows;
    const byRate = [...large].sort((a, b) => rate(b) - rate(a));
    const [highest, lowest] = [byRate[0]!, byRate.at(-1)!];
    const [first, second] = [highest, lowest].map(({ hits, rows }) => ({ hits: hits[index]!, n: rows })) as [
      { hits: number; n: number },
      { hits: number; n: number },
    ];
    const difference = shareDifference(first, second, 1 - 0.05 / looks);
    if (widest === null || difference.value > widest.difference.value)
      widest = { label: String(label), highest: highest.group, lowest: lowest.group, difference };
  }
  return widest;
}

function groupRows(rows: readonly Row[], column: ColumnContract): Map<string, Row[]> {
  const groupOf = column.type === "number" || column.type === "integer" ? bandOf(rows, column.name) : valueOf(rows, column.name);
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groupOf(row.values[column.name]!);
    const members = groups.get(group);
    if (members === undefined) groups.set(group, [row]);
    else members.push(row);
  }
  return groups;
}

function valueOf(rows: readonly Row[], name: string): (value: Scalar) => string {
  const counts = new Map<Scalar, number>();
  for (const { values } of rows) counts.set(values[name]!, (counts.get(values[name]!) ?? 0) + 1);
  const kept = [...counts].sort((a, b) => b[1] - a[1] || (String(a[0]) < String(b[0]) ? -1 : 1)).slice(0, mostGroups);
  const known = new Set(kept.map(([value]) => value));
  return (value) => (value === null ? "not known" : known.has(value) ? String(value) : "all others");
}

/** Quarters of the rows by value; equal values stay together. */
function bandOf(rows: readonly Row[], name: string): (value: Scalar) => string {
  const values = sorted(rows.flatMap(({ values: { [name]: value } }) => (typeof value === "number" ? [value] : [])));
  const cuts = Array.from({ length: bands - 1 }, (_, index) => quantile(values, (index + 1) / bands));
  const edges = [...new Set(cuts)].filter((edge) => edge < values.at(-1)!);
  const show = (edge: number) => String(Number(edge.toPrecision(6)));
  return (value) => {
    if (typeof value !== "number") return "not known";
    const above = edges.findIndex((edge) => value <= edge);
    if (edges.length === 0) return "all";
    if (above === 0) return `at most ${show(edges[0]!)}`;
    return above === -1 ? `over ${show(edges.at(-1)!)}` : `over ${show(edges[above - 1]!)} to ${show(edges[above]!)}`;
  };
}

/** Labels of classes, in order; none for amounts. */
function listLabels(rows: readonly Row[], label: ColumnContract): Scalar[] {
  if (label.values === null && label.type !== "boolean") return [];
  const found = [...new Set(rows.map(({ values }) => values[label.name]!))].filter((value) => value !== null);
  return found.length > mostLabels ? [] : found.sort((a, b) => (String(a) < String(b) ? -1 : 1));
}
