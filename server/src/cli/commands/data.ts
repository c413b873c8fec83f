import { existsSync, readFileSync } from "node:fs";
import {
  type CreateDataset,
  type Dataset,
  type DatasetDetail,
  dataContractSchema,
  datasheetStatementsSchema,
  type SplitRequest,
} from "@millrace/contract";
import { z } from "zod";
import { type Command, InvalidArgumentError } from "commander";
import { AppError } from "../../core/index.ts";
import { bytes, count, inline, instant, percent, shortHash, yesNo } from "../format.ts";
import type { Session } from "../session.ts";
import type { Column } from "../table.ts";
import { comparisonPage } from "./data-comparison.ts";
import { addLabels } from "./data-labels.ts";
import { addLabelFiles } from "./data-label-files.ts";
import { openFile } from "./input.ts";
import { addVersionVerbs } from "./data-versions.ts";
import { addScore } from "./score.ts";
import { facts, indent, section, showList, table } from "./show.ts";
import {
  type Registrar,
  type VerbOption,
  addVerb,
  collect,
  group,
  pageOptions,
  pageQuery,
  parseReference,
  parseShare,
  parseWhole,
} from "./verb.ts";

const columns: readonly Column<Dataset>[] = [
  { title: "DATASET", value: (item) => item.reference },
  { title: "ROWS", value: (item) => count(item.rows), align: "right" },
  { title: "KEPT", value: (item) => count(item.kept), align: "right" },
  { title: "DUPLICATES", value: (item) => count(item.duplicates), align: "right" },
  { title: "QUARANTINED", value: (item) => count(item.quarantined), align: "right" },
  { title: "TAGS", value: (item) => item.tags.join(", "), spare: true },
  { title: "HASH", value: (item) => shortHash(item.hash), spare: true },
  { title: "CREATED (UTC)", value: (item) => instant(item.createdAt) },
  { title: "BY", value: (item) => item.createdBy, flexible: true, spare: true },
];

export const createOptions: readonly VerbOption[] = [
  { flags: "--time <column>", description: "the column that orders rows in time; never a feature" },
  { flags: "--features <columns>", description: "the columns a model may see, by commas", parse: collect, required: true },
  { flags: "--label <column>", description: "the column with the true label" },
  { flags: "--unique <column>", description: "the column that names a row" },
  {
    flags: "--contract <how>",
    description: "`infer` from these rows, `inherit` the last version's, or a JSON file",
    default: "infer",
  },
  { flags: "--holdout <share>", description: "share of the rows held back for evaluation", parse: parseShare, default: 0.2 },
  {
    flags: "--split <kind>",
    description: "which rows are held back; default: by time where there is one, else stratified by the label",
    choices: ["time", "random", "stratified", "group"],
  },
  { flags: "--seed <n>", description: "of a random, stratified or group split", parse: parseWhole, default: 0 },
  { flags: "--group <column>", description: "rows of one value belong together: for `--split group`, and for the leakage check" },
  { flags: "--description <text>", description: "what it is, for the datasheet" },
  { flags: "--sensitive <columns>", description: "columns whose groups are to be looked at, by commas", parse: collect },
  { flags: "--statements <file>", description: "JSON: what people say for the datasheet, by section" },
  { flags: "--breaking", description: "allow a contract that breaks with the last version's" },
  { flags: "--detach", description: "do not wait for it" },
];

export function addData(program: Command, registrar: Registrar): Command {
  const data = group(program, "data", "datasets: versions, contracts, quarantine");
  addLabels(data, registrar);
  addLabelFiles(data, registrar);
  addScore(data, registrar);
  addVersionVerbs(data, registrar);
  addVerb(data, registrar, {
    usage: "list",
    description: "list dataset versions",
    options: [
      ...pageOptions,
      { flags: "--name <name>", description: "only versions of this dataset" },
      { flags: "--tag <tag>", description: "only versions with this tag" },
    ],
    run: async (session, _args, options) => {
      const [name, tag] = [options["name"] as string | undefined, options["tag"] as string | undefined];
      const query = { ...pageQuery(options), ...(name === undefined ? {} : { name }), ...(tag === undefined ? {} : { tag }) };
      const answer = await session.call("data.list", { query });
      showList(session, answer, { columns, empty: "There are no datasets. Build one: millrace data create <name> <file> ..." });
    },
  });
  addVerb(data, registrar, {
    usage: "show <reference>",
    description: "one dataset version: contract, quarantine, splits, lineage",
    example: "data show mail@1",
    options: [{ flags: "--datasheet", description: "print the whole datasheet" }],
    run: async (session, [reference], options) => {
      const detail = await session.call("data.get", { parameters: parseReference(reference!) });
      session.show(detail, () => (options["datasheet"] === true ? detail.datasheet : page(session, detail)));
    },
  });
  addVerb(data, registrar, {
    usage: "compare <from> <to>",
    description: "what became different between two versions of a dataset: schema, counts, labels, distributions",
    example: "data compare mail@1 mail@2",
    run: async (session, [first, second]) => {
      const [from, to] = [parseReference(first!), parseReference(second!)];
      if (from.name !== to.name) throw new InvalidArgumentError(`${first!} and ${second!} are two datasets; compare two versions of one.`);
      const answer = await session.call("data.compare", {
        parameters: { name: from.name },
        query: { from: from.version, to: to.version },
      });
      session.show(answer, () => comparisonPage(session, answer));
    },
  });
  addVerb(data, registrar, {
    usage: "rows <reference>",
    description: "rows of a dataset version (audited)",
    options: [
      { flags: "--limit <n>", description: "at most this many", parse: parseWhole, default: 20 },
      { flags: "--offset <n>", description: "leave out the first n", parse: parseWhole, default: 0 },
      { flags: "--split <name>", description: "only this split", choices: ["train", "holdout"] },
    ],
    run: async (session, [reference], options) => {
      const answer = await session.call("data.rows", { parameters: parseReference(reference!), query: options });
      session.show(answer, () => {
        const names = Object.keys(answer.rows[0] ?? {});
        return table(
          session,
          answer.rows,
          names.map((name) => ({ title: name, value: (row: Record<string, unknown>) => inline(row[name]), flexible: true })),
        );
      });
      session.hint(`${count(answer.rows.length)} of ${count(answer.total)} rows`);
    },
  });
  addVerb(data, registrar, {
    usage: "quarantine <reference>",
    description: "rows that were set aside, with the reason",
    options: [{ flags: "--limit <n>", description: "at most this many", parse: parseWhole, default: 20 }],
    run: async (session, [reference], options) => {
      const answer = await session.call("data.quarantine", { parameters: parseReference(reference!), query: options });
      showList(session, answer, {
        columns: [
          { title: "LINE", value: (item) => count(item.line), align: "right" },
          { title: "REASON", value: (item) => item.reason, flexible: true },
          { title: "ROW", value: (item) => inline(item.row), flexible: true },
        ],
        empty: "No row was quarantined.",
      });
    },
  });
  addVerb(data, registrar, {
    usage: "upload <file>",
    description: "upload rows as JSON lines; answers the upload's id",
    run: async (session, [file]) => {
      const upload = await uploadFile(session, file!);
      session.show(upload, () =>
        facts(session, [
          ["upload", upload.id],
          ["rows", count(upload.rows)],
          ["size", bytes(upload.bytes)],
          ["hash", upload.hash],
        ]),
      );
    },
  });
  addVerb(data, registrar, {
    usage: "create <name> <source>",
    description: "build the next version of a dataset from a file of JSON lines, or from an upload's id",
    example: "data create mail mail.jsonl --time date --features subject,body --label label",
    options: createOptions,
    run: async (session, [name, source], options) => {
      const uploadId = /^[0-9a-f-]{36}$/.test(source!) && !existsSync(source!) ? source! : (await uploadFile(session, source!)).id;
      await createDataset(session, { name: name!, uploadId }, options);
    },
  });
  return data;
}

/** Starts the build and follows it; `options` are those of `createOptions`. */
export async function createDataset(
  session: Session,
  { name, uploadId }: { readonly name: string; readonly uploadId: string },
  options: Record<string, unknown>,
): Promise<void> {
  const started = await session.call("data.create", {
    body: {
      name,
      uploadId,
      featureColumns: options["features"] as string[],
      contract: readContract(options["contract"] as string),
      holdout: options["holdout"] as number,
      ...(options["time"] === undefined ? {} : { timeColumn: options["time"] as string }),
      ...splitOptions(options),
      ...(options["sensitive"] === undefined ? {} : { sensitiveColumns: options["sensitive"] as string[] }),
      ...(options["statements"] === undefined
        ? {}
        : { statements: readJson(options["statements"] as string, { schema: datasheetStatementsSchema, what: "statements" }) }),
      ...(options["breaking"] === true ? { breaking: true } : {}),
      ...(options["label"] === undefined ? {} : { labelColumn: options["label"] as string }),
      ...(options["unique"] === undefined ? {} : { keyColumn: options["unique"] as string }),
      ...(options["description"] === undefined ? {} : { description: options["description"] as string }),
    },
  });
  await finish(session, started, { detach: options["detach"] === true, doing: `building ${name}` });
}

function readContract(how: string): CreateDataset["contract"] {
  if (how === "infer" || how === "inherit") return how;
  return readJson(how, { schema: dataContractSchema, what: "contract (or infer, or inherit)" });
}

function readJson<T>(path: string, { schema, what }: { schema: z.ZodType<T>; what: string }): T {
  if (!existsSync(path)) throw new AppError("not_found", `There is no file ${path} with the ${what}.`);
  try {
    return schema.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
    throw new AppError("invalid_request", `${path} does not hold the ${what}: ${why}`);
  }
}

/** The split as the request has it. `--group` alone asks for a split by group. */
function splitOptions(options: Record<string, unknown>): { split?: SplitRequest } {
  const kind = (options["split"] as SplitRequest["kind"] | undefined) ?? (options["group"] === undefined ? undefined : "group");
  if (kind === undefined) return {};
  const group = options["group"] as string | undefined;
  const grouped = group === undefined ? {} : { group };
  const seed = options["seed"] as number;
  if (kind === "time") return { split: { kind, ...grouped } };
  if (kind !== "group") return { split: { kind, seed, ...grouped } };
  if (group === undefined) throw new InvalidArgumentError("A split by group needs --group <column>.");
  return { split: { kind, seed, group } };
}

/** Shows what was started, or waits for it and shows what it answered. */
export async function finish(session: Session, started: { workflowId: string }, how: { detach: boolean; doing: string }): Promise<void> {
  if (how.detach) {
    session.show(started, () => facts(session, [["workflow", started.workflowId]]));
    session.hint(`Look after it: millrace jobs show ${started.workflowId}`);
    return;
  }
  const workflow = await session.follow(started.workflowId, how.doing);
  session.show({ ...started, output: workflow.output }, () => {
    const output = workflow.output;
    const lines: [string, string][] =
      output !== null && typeof output === "object"
        ? Object.entries(output).map(([name, value]) => [name, inline(value)])
        : [["answer", inline(output)]];
    return facts(session, [["workflow", started.workflowId], ...lines]);
  });
}

export async function uploadFile(session: Session, file: string) {
  return session.call("data.upload", { body: openFile(file) });
}

function page(session: Session, detail: DatasetDetail): string {
  const { palette } = session;
  const total = detail.labels.reduce((sum, label) => sum + label.rows, 0);
  return [
    `${palette.strong(detail.reference)}  ${palette.dim(detail.hash)}`,
    facts(session, [
      ["description", detail.description],
      ["tags", detail.tags.join(", ")],
      [
        "rows",
        `${count(detail.rows)} = ${count(detail.kept)} kept + ${count(detail.duplicates)} duplicates + ${count(detail.quarantined)} quarantined`,
      ],
      ["duplicates", `${count(detail.exactDuplicates)} exact, ${count(detail.nearDuplicates)} near`],
      ["time column", detail.timeColumn],
      ["label column", detail.labelColumn],
      ["features", detail.featureColumns.join(", ")],
      ["split", describeSplit(detail.split)],
      ["leakage", leakage(detail)],
      [
        "gaps",
        detail.gaps.length === 0
          ? "none"
          : `${count(detail.gaps.length)} in the datasheet: ${detail.gaps.map(({ section: name }) => name).join(", ")}`,
      ],
      ["created", `${instant(detail.createdAt)} UTC by ${detail.createdBy}`],
    ]),
    section(
      session,
      "Splits",
      table(session, detail.splits, [
        { title: "SPLIT", value: (item) => item.name },
        { title: "ROWS", value: (item) => count(item.rows), align: "right" },
        { title: "FROM (UTC)", value: (item) => instant(item.from) },
        { title: "TO (UTC)", value: (item) => instant(item.to) },
      ]),
    ),
    section(
      session,
      "Labels",
      table(session, detail.labels, [
        { title: "LABEL", value: (item) => item.label },
        { title: "ROWS", value: (item) => count(item.rows), align: "right" },
        { title: "SHARE", value: (item) => percent(item.rows / total), align: "right" },
      ]),
    ),
    section(
      session,
      "Contract",
      table(session, detail.contract.columns, [
        { title: "COLUMN", value: (item) => item.name },
        { title: "TYPE", value: (item) => item.type },
        { title: "NULLS", value: (item) => yesNo(item.nullable) },
        { title: "UNIQUE", value: (item) => yesNo(item.unique) },
        { title: "MINIMUM", value: (item) => item.minimum, align: "right" },
        { title: "MAXIMUM", value: (item) => item.maximum, align: "right" },
        { title: "LONGEST", value: (item) => item.maxLength, align: "right" },
        { title: "VALUES", value: (item) => item.values?.join(", "), flexible: true },
      ]),
    ),
    section(
      session,
      `Rules of contract ${detail.contractVersion} that were broken`,
      table(
        session,
        detail.rules.filter(({ broken }) => broken > 0),
        [
          { title: "RULE", value: (item) => item.rule, flexible: true },
          { title: "BROKEN", value: (item) => count(item.broken), align: "right" },
          { title: "OF", value: (item) => count(item.checked), align: "right" },
          { title: "VERDICT", value: (item) => item.verdict },
        ],
      ),
    ),
    ...(detail.contractChanges.length === 0
      ? []
      : [
          section(
            session,
            "Contract changes",
            table(session, detail.contractChanges, [
              { title: "COLUMN", value: (item) => item.column },
              { title: "CHANGE", value: (item) => item.change, flexible: true },
              { title: "BREAKING", value: (item) => yesNo(item.breaking) },
            ]),
          ),
        ]),
    ...detail.groups.map((audit) =>
      section(
        session,
        `By ${audit.column}`,
        table(session, audit.groups, [
          { title: "GROUP", value: (item) => item.group },
          { title: "SHARE", value: (item) => percent(item.share.value), align: "right" },
          {
            title: "LABELS",
            value: (item) => item.labels.map(({ label, rate }) => `${label} ${percent(rate.value)}`).join(", "),
            flexible: true,
          },
        ]),
      ),
    ),
    section(
      session,
      "Quarantine",
      table(session, detail.quarantine, [
        { title: "REASON", value: (item) => item.reason, flexible: true },
        { title: "ROWS", value: (item) => count(item.rows), align: "right" },
      ]),
    ),
    section(
      session,
      "Lineage",
      table(session, detail.lineage.sources, [
        { title: "SOURCE", value: (item) => item.kind },
        { title: "REFERENCE", value: (item) => item.reference, flexible: true },
        { title: "ROWS", value: (item) => count(item.rows), align: "right" },
      ]),
    ),
    palette.dim(
      indent(
        `\nworkflow ${detail.lineage.workflowId ?? "–"}, parent ${detail.lineage.parent ?? "–"}; the datasheet: millrace data show ${detail.reference} --datasheet`,
      ),
    ),
  ].join("\n");
}

function describeSplit(split: SplitRequest): string {
  const by = split.kind === "stratified" ? ` by ${split.column ?? "label"}` : split.group === undefined ? "" : ` by ${split.group}`;
  return `${split.kind}${split.kind === "time" ? "" : by}${split.kind === "time" ? "" : `, seed ${split.seed}`}`;
}

function leakage(detail: DatasetDetail): string {
  if (!detail.leakage.checked) return "not checked";
  return detail.leakage.problems.length === 0 ? "checked, none found" : detail.leakage.problems.join("; ");
}
