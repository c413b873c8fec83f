import type { ContractChange, DatasheetGap, DatasheetStatements, DatasetDetail } from "@millrace/contract";
import type { BuildReport } from "./build-rows.ts";
import { describeComposition } from "./describe-composition.ts";
import type { Roles } from "./rows.ts";

export interface DatasheetInput extends Roles {
  readonly reference: string;
  readonly description: string;
  readonly hash: string;
  readonly report: BuildReport;
  readonly lineage: DatasetDetail["lineage"];
  readonly nearThreshold: number;
  readonly contractOrigin: "given" | "inferred" | "inherited";
  readonly contractVersion: string;
  readonly contractChanges: readonly ContractChange[];
  /** Who built the version. */
  readonly createdBy: string;
  /** What people said for a section, which no measurement can say. */
  readonly statements: DatasheetStatements;
}

/**
 * The datasheet of a version, in the seven sections of Gebru et al. 2018, "Datasheets for Datasets": facts from what was measured while it was
 * built, statements from people, and what neither says as a gap, with what would fill it.
 */
export function writeDatasheet(input: DatasheetInput): { text: string; gaps: DatasheetGap[] } {
  const gaps = findGaps(input);
  const sections = [
    ["motivation", "Motivation", input.description],
    ["composition", "Composition", describeComposition(input)],
    ["collection", "Collection process", collection(input)],
    ["preprocessing", "Preprocessing, cleaning, labelling", preprocessing(input)],
    ["uses", "Uses", uses(input)],
    [
      "distribution",
      "Distribution",
      `The snapshot is one Parquet file, SHA-256 \`${input.hash}\`. Reading its rows needs the permission \`data.read\` and is written to the audit log.`,
    ],
    ["maintenance", "Maintenance", maintenance(input)],
  ] as const;
  const text = sections.map(([section, title, facts]) => {
    const said = input.statements[section];
    const missing = gaps.filter((gap) => gap.section === section).map(({ question, fill }) => `> Gap: ${question} ${fill}`);
    return [`## ${title}`, facts, said ?? "", missing.join("\n>\n")].filter((part) => part !== "").join("\n\n");
  });
  return { text: `${[`# ${input.reference}`, ...text].join("\n\n")}\n`, gaps };
}

function findGaps(input: DatasheetInput): DatasheetGap[] {
  const { report, statements } = input;
  const say = (section: keyof DatasheetStatements) => `Say it in \`statements.${section}\`.`;
  const gaps: (DatasheetGap & { readonly open: boolean })[] = [
    {
      section: "motivation",
      question: "Nobody wrote down what this dataset is for, and who paid for it.",
      fill: "Say it in `description`.",
      open: input.description === "" && statements.motivation === undefined,
    },
    {
      section: "composition",
      question: "No column is declared sensitive, so representation and label rates by group were not looked at.",
      fill: "Name the columns in `sensitiveColumns`, or say that there are none in `statements.composition`.",
      open: report.groups.length === 0 && statements.composition === undefined,
    },
    {
      section: "collection",
      question: "How the rows were obtained, who was asked, and whether people agreed is not known.",
      fill: say("collection"),
      open: statements.collection === undefined,
    },
    {
      section: "preprocessing",
      question: "Who gave the labels and how sure they were is not known; the label is taken as true.",
      fill: say("preprocessing"),
      open: input.labelColumn !== undefined && statements.preprocessing === undefined,
    },
    { section: "uses", question: "What it must not be used for is not said.", fill: say("uses"), open: statements.uses === undefined },
    {
      section: "distribution",
      question: "Who may have it, and under which licence, is not said.",
      fill: say("distribution"),
      open: statements.distribution === undefined,
    },
    {
      section: "maintenance",
      question: "Who keeps it, how errors are reported, and when it is outdated is not said.",
      fill: say("maintenance"),
      open: statements.maintenance === undefined,
    },
  ];
  return gaps.filter(({ open }) => open).map(({ section, question, fill }) => ({ section, question, fill }));
}

function collection({ report, lineage }: DatasheetInput): string {
  const sources = lineage.sources.map((source) => `- ${source.rows} rows from ${source.kind} ${source.reference}`);
  const parent = lineage.parent === null ? "" : `\n\nGrew out of ${lineage.parent}.`;
  const times = report.splits.flatMap(({ from, to }) => [from, to]).filter((time) => time !== null);
  const time = times.length === 0 ? "The rows have no time." : `The rows are from ${times.sort()[0]} to ${times.at(-1)}.`;
  return `${sources.join("\n")}\n\n${time}${parent}`;
}

function preprocessing({ report, nearThreshold, contractOrigin, contractVersion }: DatasheetInput): string {
  const reasons = report.quarantine.map(({ reason, rows }) => `| ${reason} | ${rows} |`);
  const quarantine = reasons.length === 0 ? "No row was set aside." : ["| set aside because | rows |", "|---|--:|", ...reasons].join("\n");
  const warned = report.rules
    .filter(({ verdict }) => verdict === "warned")
    .map(({ rule, broken, checked }) => `- ${rule}: ${broken} of ${checked} rows`);
  const warnings = warned.length === 0 ? "" : `\n\nBroken, but let through:\n\n${warned.join("\n")}`;
  const leftOut = report.leftOut.length === 0 ? "" : `\n\nColumns the contract does not name were left out: ${report.leftOut.join(", ")}.`;
  return `${report.rows} rows = ${report.kept} kept + ${report.exactDuplicates} exact duplicates + ${report.nearDuplicates} near duplicates + ${report.quarantined} quarantined.
The contract (version ${contractVersion}) was ${contractOrigin}. Of equal or nearly equal rows (Jaccard similarity of five-character runs at least ${nearThreshold}) the first is kept. Instants are in UTC; the text is as it came.\n\n${quarantine}${warnings}${leftOut}`;
}

function uses(input: DatasheetInput): string {
  const { report, labelColumn, featureColumns } = input;
  const task = labelColumn === undefined ? "There is no label to predict." : `To predict ${labelColumn} from ${featureColumns.join(", ")}.`;
  const rows = report.splits.map((split) => `| ${split.name} | ${split.rows} | ${split.from ?? ""} | ${split.to ?? ""} |`);
  const splits = `${saySplit(input)}\n\n${["| split | rows | from | to |", "|---|--:|---|---|", ...rows].join("\n")}`;
  return `${task}\n\n${splits}\n\nKnown limits:\n\n${limits(report)
    .map((each) => `- ${each}`)
    .join("\n")}`;
}

function saySplit({ report: { split }, timeColumn }: DatasheetInput): string {
  switch (split.kind) {
    case "time":
      return `Split by ${timeColumn}: the latest rows are held back, rows of one instant stay together.`;
    case "random":
      return `Split at random with seed ${split.seed}.`;
    case "stratified":
      return `Split at random with seed ${split.seed}, the same share of each ${split.column}.`;
    case "group":
      return `Split by ${split.group} with seed ${split.seed}: all rows of one are on one side.`;
  }
}

function limits(report: BuildReport): string[] {
  const rare = report.labels.filter(({ rows }) => rows < 20);
  return [
    ...report.leakage.problems.map((problem) => `Possible leakage: ${problem}.`),
    ...(report.conflictingLabels > 0 ? [`${report.conflictingLabels} duplicates carried another label than the row that was kept.`] : []),
    ...(rare.length === 0 ? [] : [`Fewer than 20 rows each: ${rare.map(({ label, rows }) => `${label} (${rows})`).join(", ")}.`]),
    "Near duplicates are found by their text; a reply that quotes nearly all of a message counts as one.",
  ];
}

function maintenance({ createdBy, lineage, contractVersion, contractChanges }: DatasheetInput): string {
  const workflow = lineage.workflowId === null ? "" : ` in the workflow ${lineage.workflowId}`;
  const changes = contractChanges.map(
    ({ column, change, breaking }) => `- ${column === null ? "" : `${column}: `}${change}${breaking ? " (breaking)" : ""}`,
  );
  const changed = changes.length === 0 ? "" : `\n\nIn its contract, now ${contractVersion}, changed:\n\n${changes.join("\n")}`;
  return `Built by ${createdBy}${workflow}. A version never changes; another build is another version, and \`millrace data compare\` says what differs.${changed}`;
}
