import type { DatasetDetail } from "@millrace/contract";
import type { BuildReport } from "./build-rows.ts";
import type { Roles } from "./rows.ts";

export interface DatasheetInput extends Roles {
  readonly reference: string;
  readonly description: string;
  readonly hash: string;
  readonly report: BuildReport;
  readonly lineage: DatasetDetail["lineage"];
  readonly nearThreshold: number;
  readonly contractOrigin: "given" | "inferred" | "inherited";
}

/** The datasheet of a version (after Gebru et al., "Datasheets for Datasets", 2018), from what was measured while it was built. */
export function writeDatasheet(input: DatasheetInput): string {
  return [
    `# ${input.reference}`,
    motivation(input),
    composition(input),
    collection(input),
    preprocessing(input),
    splits(input),
    limits(input),
  ]
    .join("\n\n")
    .concat("\n");
}

function motivation({ description }: DatasheetInput): string {
  return `## Motivation\n\n${description === "" ? "Nobody wrote down what this dataset is for." : description}`;
}

function composition(input: DatasheetInput): string {
  const { report } = input;
  const columns = report.contract.columns.map(
    (column) =>
      `| ${column.name} | ${roleOf(column.name, input)} | ${column.type} | ${column.nullable ? "yes" : "no"} | ${rulesOf(column)} |`,
  );
  const labels = report.labels.map(({ label, rows }) => `| ${label} | ${rows} | ${percent(rows, report.kept)} |`);
  const table = ["| column | role | type | null | rules |", "|---|---|---|---|---|", ...columns].join("\n");
  const distribution = labels.length === 0 ? "There is no label." : ["| label | rows | share |", "|---|--:|--:|", ...labels].join("\n");
  return `## Composition\n\n${report.kept} rows, SHA-256 of the snapshot \`${input.hash}\`.\n\n${table}\n\n${distribution}`;
}

function roleOf(name: string, roles: Roles): string {
  if (name === roles.timeColumn) return "time";
  if (name === roles.labelColumn) return "label";
  if (name === roles.keyColumn) return "key";
  return roles.featureColumns.includes(name) ? "feature" : "metadata";
}

function rulesOf(column: BuildReport["contract"]["columns"][number]): string {
  const rules: string[] = [];
  if (column.unique) rules.push("unique");
  if (column.minimum !== null) rules.push(`at least ${column.minimum}`);
  if (column.maximum !== null) rules.push(`at most ${column.maximum}`);
  if (column.maxLength !== null) rules.push(`at most ${column.maxLength} characters`);
  if (column.values !== null)
    rules.push(`one of ${column.values.slice(0, 10).join(", ")}${column.values.length > 10 ? `, ${column.values.length - 10} more` : ""}`);
  return rules.join("; ") || "none";
}

function collection({ report, lineage }: DatasheetInput): string {
  const sources = lineage.sources.map((source) => `- ${source.rows} rows from ${source.kind} ${source.reference}`);
  const parent = lineage.parent === null ? "" : `\n\nGrew out of ${lineage.parent}.`;
  const first = report.splits[0]?.from ?? "";
  const last = report.splits.at(-1)?.to ?? "";
  const time = first === "" ? "The rows have no time." : `The rows are from ${first} to ${last}.`;
  return `## Collection\n\n${sources.join("\n")}\n\n${time}${parent}`;
}

function preprocessing({ report, nearThreshold, contractOrigin }: DatasheetInput): string {
  const reasons = report.quarantine.map(({ reason, rows }) => `| ${reason} | ${rows} |`);
  const quarantine = reasons.length === 0 ? "No row was set aside." : ["| set aside because | rows |", "|---|--:|", ...reasons].join("\n");
  const leftOut = report.leftOut.length === 0 ? "" : `\n\nColumns the contract does not name were left out: ${report.leftOut.join(", ")}.`;
  return `## Preprocessing\n\n${report.rows} rows = ${report.kept} kept + ${report.exactDuplicates} exact duplicates + ${report.nearDuplicates} near duplicates + ${report.quarantined} quarantined.
The contract was ${contractOrigin}. Of equal or nearly equal rows (Jaccard similarity of five-character runs at least ${nearThreshold}) the earliest is kept. Instants are in UTC; the text is as it came.\n\n${quarantine}${leftOut}`;
}

function splits({ report, timeColumn }: DatasheetInput): string {
  const rows = report.splits.map((split) => `| ${split.name} | ${split.rows} | ${split.from ?? ""} | ${split.to ?? ""} |`);
  return `## Splits\n\n${saySplit(report.split, timeColumn)}\n\n${["| split | rows | from | to |", "|---|--:|---|---|", ...rows].join("\n")}`;
}

function saySplit(split: BuildReport["split"], timeColumn: string | undefined): string {
  switch (split.kind) {
    case "time":
      return `By ${timeColumn}: the latest rows are held back, rows of one instant stay together.`;
    case "random":
      return `At random with seed ${split.seed}.`;
    case "stratified":
      return `At random with seed ${split.seed}, the same share of each ${split.column}.`;
    case "group":
      return `By ${split.group} with seed ${split.seed}: all rows of one are on one side.`;
  }
}

function limits({ report }: DatasheetInput): string {
  const known = [
    ...report.leakage.problems.map((problem) => `Possible leakage: ${problem}.`),
    ...(report.conflictingLabels > 0 ? [`${report.conflictingLabels} duplicates carried another label than the row that was kept.`] : []),
    ...rareLabels(report),
    "Near duplicates are found by their text; a reply that quotes nearly all of a message counts as one.",
    "The label is taken as true; nobody checked it here.",
  ];
  return `## Known limits\n\n${known.map((each) => `- ${each}`).join("\n")}`;
}

function rareLabels(report: BuildReport): string[] {
  const rare = report.labels.filter(({ rows }) => rows < 20);
  return rare.length === 0 ? [] : [`Fewer than 20 rows each: ${rare.map(({ label, rows }) => `${label} (${rows})`).join(", ")}.`];
}

function percent(part: number, whole: number): string {
  return whole === 0 ? "0%" : `${((part / whole) * 100).toFixed(1)}%`;
}
