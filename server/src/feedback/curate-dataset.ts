import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { AppError, canonicalJson, type Context } from "../core/index.ts";
import type { CreateFromRows, Data, DatasetDetail, LineageSource } from "../data/index.ts";
import { formatReference } from "../data/index.ts";
import type { WorkflowRun } from "../jobs/index.ts";
import type { BlobStore, Lake, Sql } from "../storage/index.ts";
import { type LabelledInference, listLabelled } from "./repository.ts";
import type { Curation } from "./types.ts";

export interface CurateDeps {
  readonly sql: Sql;
  readonly blobs: BlobStore;
  readonly lake: Lake;
  readonly data: Data;
  readonly scratchFolder: string;
}

const pageSize = 500;

/** Labelled inferences, and the rows of an earlier dataset, as the next version of a dataset: a step here, two in data. */
export async function curateDataset(
  context: Context,
  input: Curation,
  run: { readonly workflow: WorkflowRun; readonly deps: CurateDeps },
): Promise<string> {
  const { workflow, deps } = run;
  const rows = await workflow.step("feedback.collect", () => collectRows(context, input, deps));
  return deps.data.createFromRows(context, rows, workflow);
}

/** What the columns of the new dataset are called. */
type Columns = Pick<CreateFromRows, "timeColumn" | "featureColumns"> & {
  readonly labelColumn: string;
  readonly keyColumn: string | undefined;
};

/** Writes the rows as one blob and says what is in it. */
async function collectRows(context: Context, input: Curation, deps: CurateDeps): Promise<CreateFromRows> {
  const parent = input.parent === undefined ? null : await deps.data.get(context, input.parent);
  const fixed = parent === null ? null : columnsOf(parent);
  await mkdir(deps.scratchFolder, { recursive: true });
  const folder = await mkdtemp(join(deps.scratchFolder, "curate-"));
  try {
    const path = join(folder, "rows.jsonl");
    const file = createLineFile(path);
    const sources: LineageSource[] = [];
    if (parent !== null)
      sources.push({ kind: "dataset", reference: formatReference(parent), rows: await copyParent(context, parent, { file, deps }) });
    const collected = await copyInferences(context, input, { file, deps, columns: fixed });
    await file.end();
    if (collected.rows === 0)
      throw new AppError(
        "contract_violated",
        `No labelled inference of ${input.function} can be taken${input.until === undefined ? "" : ` before ${input.until}`}; send labels first.`,
      );
    sources.push({ kind: "inferences", reference: input.function, rows: collected.rows });
    const blob = await deps.blobs.putFile(context, path);
    return {
      ...collected.columns,
      name: input.dataset,
      blob: blob.hash,
      contract: parent?.contract ?? "infer",
      holdout: input.holdout,
      split: parent?.split,
      // The function's own schema decides what its rows are; a column it lost must not end the curation of what it has.
      breaking: parent === null,
      description: describe(input, collected.rows, parent),
      sources,
      parent: input.parent,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function describe(input: Curation, rows: number, parent: DatasetDetail | null): string {
  const until = input.until === undefined ? "" : ` up to ${input.until}`;
  const growth = parent === null ? "" : `, added to ${formatReference(parent)}`;
  return `${rows} inferences of ${input.function}${until} with the newest label that came back about each${growth}.`;
}

/** The parent's own names. Its key is the column that is unique and never null; without one, curated rows have none either. */
function columnsOf(parent: DatasetDetail): Columns {
  const { timeColumn, labelColumn, featureColumns, contract } = parent;
  if (labelColumn === null)
    throw new AppError("contract_violated", `${formatReference(parent)} has no label; labelled inferences cannot be added to it.`);
  const key = contract.columns.find((column) => column.unique && !column.nullable);
  if (key !== undefined && key.type !== "text")
    throw new AppError(
      "contract_violated",
      `The key "${key.name}" of ${formatReference(parent)} is ${key.type}; an inference's id is text.`,
    );
  return { timeColumn: timeColumn ?? undefined, labelColumn, featureColumns, keyColumn: key?.name };
}

interface Copying {
  readonly file: LineFile;
  readonly deps: CurateDeps;
}

async function copyParent(context: Context, parent: DatasetDetail, { file, deps }: Copying): Promise<number> {
  const path = await deps.data.snapshotPath(context, formatReference(parent));
  const names = parent.contract.columns.map((column) => column.name);
  const rows = await deps.lake.readParquet(path, { columns: names });
  for (const row of rows) await file.write(row);
  return rows.length;
}

async function copyInferences(
  context: Context,
  input: Curation,
  run: Copying & { readonly columns: Columns | null },
): Promise<{ rows: number; columns: Columns }> {
  const features = new Set<string>();
  let columns = run.columns;
  let rows = 0;
  let after: string | null = null;
  for (;;) {
    const page: LabelledInference[] = await run.deps.sql.as(context, (tx) =>
      listLabelled(tx, { function: input.function, until: input.until, after, limit: pageSize }),
    );
    for (const inference of page) {
      const flat = flatten(inference.input);
      // Without a parent the first input decides what our own columns may be called.
      columns ??= {
        timeColumn: freeName(timeNames, flat),
        labelColumn: freeName(labelNames, flat),
        keyColumn: freeName(keyNames, flat),
        featureColumns: [],
      };
      for (const name of Object.keys(flat)) features.add(name);
      const key = columns.keyColumn === undefined ? {} : { [columns.keyColumn]: inference.id };
      const time = columns.timeColumn === undefined ? {} : { [columns.timeColumn]: inference.occurredAt };
      await run.file.write({ ...flat, ...key, ...time, [columns.labelColumn]: inference.label });
      rows += 1;
    }
    if (page.length < pageSize) break;
    after = page.at(-1)!.id;
  }
  const found = columns ?? { timeColumn: timeNames[0]!, labelColumn: labelNames[0]!, keyColumn: keyNames[0]!, featureColumns: [] };
  return { rows, columns: run.columns === null ? { ...found, featureColumns: [...features] } : found };
}

const timeNames = ["occurredAt", "inferenceOccurredAt"];
const labelNames = ["label", "trueLabel"];
const keyNames = ["inferenceId", "evidenceId"];

function freeName(names: readonly string[], taken: Readonly<Record<string, unknown>>): string {
  return names.find((name) => !Object.hasOwn(taken, name)) ?? names[0]!;
}

/** An input as columns: parts of objects are joined by dots, lists become JSON text. */
export function flatten(value: unknown, prefix = ""): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return Object.assign(
      {},
      ...Object.entries(value).map(([name, part]) => flatten(part, prefix === "" ? name : `${prefix}.${name}`)),
    ) as Record<string, unknown>;
  }
  return { [prefix === "" ? "input" : prefix]: Array.isArray(value) ? canonicalJson(value) : value };
}

interface LineFile {
  write(row: unknown): Promise<void>;
  end(): Promise<void>;
}

function createLineFile(path: string): LineFile {
  const stream = createWriteStream(path);
  return {
    async write(row) {
      if (!stream.write(`${JSON.stringify(row)}\n`)) await once(stream, "drain");
    },
    async end() {
      stream.end();
      await once(stream, "finish");
    },
  };
}
