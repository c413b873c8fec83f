import type { ColumnContract, Estimate, GroupAudit } from "@millrace/contract";
import type { BuildReport } from "./build-rows.ts";
import type { Roles } from "./rows.ts";

/** Columns, labels and groups of a version as Markdown. */
export function describeComposition(input: Roles & { readonly report: BuildReport; readonly hash: string }): string {
  const { report } = input;
  const columns = report.contract.columns.map(
    (column) =>
      `| ${column.name} | ${roleOf(column.name, input)} | ${column.semantic ?? column.type} | ${column.nullable ? "yes" : "no"} | ${rulesOf(column)} |`,
  );
  const rowRules = (report.contract.rowRules ?? []).map(({ name, holds }) => `\n\nEvery row keeps ${name}: \`${holds}\`.`);
  const labels = report.labels.map(({ label, rows }) => `| ${label} | ${rows} | ${percent(report.kept === 0 ? 0 : rows / report.kept)} |`);
  return [
    `${report.kept} rows.`,
    ["| column | role | type | null | rules |", "|---|---|---|---|---|", ...columns].join("\n") + rowRules.join(""),
    labels.length === 0 ? "There is no label." : ["| label | rows | share |", "|---|--:|--:|", ...labels].join("\n"),
    ...report.groups.map(describeGroups),
  ].join("\n\n");
}

function roleOf(name: string, roles: Roles): string {
  if (name === roles.timeColumn) return "time";
  if (name === roles.labelColumn) return "label";
  if (name === roles.keyColumn) return "key";
  return roles.featureColumns.includes(name) ? "feature" : "metadata";
}

function rulesOf(column: ColumnContract): string {
  const rules: string[] = [];
  if (column.unique) rules.push("unique");
  if (column.minimum !== null) rules.push(`at least ${column.minimum}`);
  if (column.maximum !== null) rules.push(`at most ${column.maximum}`);
  if (column.maxLength !== null) rules.push(`at most ${column.maxLength} characters`);
  if (column.values !== null)
    rules.push(`one of ${column.values.slice(0, 10).join(", ")}${column.values.length > 10 ? `, ${column.values.length - 10} more` : ""}`);
  if (column.pattern !== undefined) rules.push(`matches \`${column.pattern.replaceAll("|", "\\|")}\``);
  if (column.reference !== undefined) rules.push(`a "${column.reference.column}" of ${column.reference.dataset}`);
  if (column.nullShare !== undefined) rules.push(`at most ${percent(column.nullShare)} null`);
  return rules.join("; ") || "none";
}

function describeGroups({ column, groups, gap, small }: GroupAudit): string {
  const labels = groups[0]?.labels.map(({ label }) => label) ?? [];
  const rows = groups.map(
    (group) =>
      `| ${[group.group, `${Math.round(group.share.value * group.share.n)}`, interval(group.share), ...group.labels.map(({ rate }) => interval(rate))].join(" | ")} |`,
  );
  const head = ["group", "rows", "share (95%)", ...labels.map((label) => `${label} (95%)`)];
  const table = [`| ${head.join(" | ")} |`, `|---|--:|${"---|".repeat(labels.length + 1)}`, ...rows].join("\n");
  const widest =
    gap === null
      ? ""
      : `\n\nThe label rate differs most for ${gap.label}: ${gap.highest} against ${gap.lowest}, ${(gap.difference.value * 100).toFixed(1)} points (${(gap.difference.low * 100).toFixed(1)} to ${(gap.difference.high * 100).toFixed(1)}).`;
  const few = small.length === 0 ? "" : `\n\nFewer than 30 rows, too few to say: ${small.join(", ")}.`;
  return `By ${column}, which is sensitive:\n\n${table}${widest}${few}`;
}

function interval({ value, low, high }: Estimate): string {
  return `${percent(value)} (${percent(low)} to ${percent(high)})`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}
