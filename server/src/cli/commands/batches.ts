import type { Batch, BatchFormat } from "@millrace/contract";
import { type Command, InvalidArgumentError } from "commander";
import { AppError } from "../../core/index.ts";
import { bytes, count, duration, instant, percent } from "../format.ts";
import type { Session } from "../session.ts";
import type { Column } from "../table.ts";
import { uploadFile } from "./data.ts";
import { saveStream } from "./save-stream.ts";
import { facts, showList } from "./show.ts";
import { type Registrar, type VerbOption, addVerb, pageOptions, pageQuery, parseWhole } from "./verb.ts";

const columns: readonly Column<Batch>[] = [
  { title: "BATCH", value: (item) => item.id },
  {
    title: "STATE",
    value: (item) => item.status,
    paint: (text, { status }, palette) => (status === "failed" ? palette.bad(text) : status === "succeeded" ? palette.good(text) : text),
  },
  { title: "SOURCE", value: (item) => item.source, flexible: true },
  { title: "ROWS", value: ({ rows }) => count(rows.total), align: "right" },
  { title: "DONE", value: ({ rows }) => count(rows.done), align: "right" },
  { title: "FAILED", value: ({ rows }) => count(rows.failed), align: "right" },
  { title: "COST", value: (item) => item.cost ?? "–", align: "right", spare: true },
  { title: "CREATED (UTC)", value: (item) => instant(item.createdAt), spare: true },
];

const endOptions: readonly VerbOption[] = [
  { flags: "--follow", description: "wait for its end, and show how far it is" },
  { flags: "--out <file>", description: "wait for its end, and write the result into this file" },
  { flags: "--format <format>", description: "of that file", choices: ["jsonl", "parquet"], default: "jsonl" },
];

export function addBatches(functions: Command, registrar: Registrar): void {
  addVerb(functions, registrar, {
    usage: "batch <name>",
    description: "ask about every row of a dataset version or a file of JSON lines",
    example: "functions batch triage-mail --dataset mail@1 --out answers.jsonl",
    options: [
      { flags: "--dataset <reference>", description: "name@version" },
      { flags: "--file <file>", description: "one input a line" },
      {
        flags: "--map <field=column>",
        description: "the column a field of the input is in; repeat it for more fields",
        parse: collectColumns,
      },
      { flags: "--concurrency <n>", description: "rows asked at once", parse: parseWhole },
      { flags: "--deadline <ms>", description: "milliseconds one row may take", parse: parseWhole },
      { flags: "--through <how>", description: "the provider's own batch takes longer and costs less", choices: ["rows", "provider"] },
      {
        flags: "--fallback <how>",
        description: "through a provider: what becomes of a row that its batch gives no answer to",
        choices: ["error", "ask"],
      },
      ...endOptions,
    ],
    run: async (session, [name], options) => {
      const { dataset, file, map, concurrency, deadline, through, fallback } = options as StartOptions;
      if ((dataset === undefined) === (file === undefined)) throw new InvalidArgumentError("Name the rows: --dataset or --file.");
      const source = dataset === undefined ? { uploadId: (await uploadFile(session, file!)).id } : { dataset };
      const started = await session.call("batches.create", {
        parameters: { name: name! },
        body: {
          ...source,
          ...(map === undefined ? {} : { map }),
          ...(concurrency === undefined ? {} : { concurrency }),
          ...(deadline === undefined ? {} : { deadlineMs: deadline }),
          ...(through === undefined ? {} : { through }),
          ...(fallback === undefined ? {} : { fallback }),
        },
      });
      await toItsEnd(session, started, options);
    },
  });
  addVerb(functions, registrar, {
    usage: "batches <name> [id]",
    description: "the batches of a function, or one of them",
    options: [...pageOptions, ...endOptions, { flags: "--cancel", description: "ask no further row" }],
    run: async (session, [name, id], options) => {
      if (id === undefined) {
        const answer = await session.call("batches.list", { parameters: { name: name! }, query: pageQuery(options) });
        showList(session, answer, {
          columns,
          empty: `There are no batches. Start one: millrace functions batch ${name!} --dataset <reference>`,
        });
        return;
      }
      const operation = options["cancel"] === true ? "batches.cancel" : "batches.get";
      await toItsEnd(session, await session.call(operation, { parameters: { name: name!, id } }), options);
    },
  });
}

interface StartOptions {
  readonly through?: "rows" | "provider";
  readonly fallback?: "error" | "ask";
  readonly dataset?: string;
  readonly file?: string;
  readonly map?: Record<string, string>;
  readonly concurrency?: number;
  readonly deadline?: number;
}

function collectColumns(text: string, previous: unknown): Record<string, string> {
  const at = text.indexOf("=");
  if (at < 1 || at === text.length - 1) throw new InvalidArgumentError("It must look like field=column.");
  return { ...(previous as Record<string, string> | undefined), [text.slice(0, at)]: text.slice(at + 1) };
}

/** Shows the batch as it is, or waits for its end where that is wanted. */
async function toItsEnd(session: Session, batch: Batch, options: Record<string, unknown>): Promise<void> {
  const out = options["out"] as string | undefined;
  const waits = options["follow"] === true || out !== undefined;
  const shown = waits ? await follow(session, batch) : batch;
  if (out !== undefined && shown.result !== null) await download(session, shown, { out, format: options["format"] as BatchFormat });
  session.show(shown, () => page(session, shown));
  if (!waits && shown.endedAt === null) session.hint(`Look after it: millrace functions batches ${shown.function} ${shown.id} --follow`);
  if (waits && shown.status !== "succeeded")
    throw new AppError(
      "task_failed",
      `The batch ${shown.id} ended as "${shown.status}"${shown.error === null ? "" : `: ${shown.error.message}`}.`,
      {
        details: { batch: shown.id, status: shown.status },
      },
    );
}

function follow(session: Session, batch: Batch): Promise<Batch> {
  const parameters = { name: batch.function, id: batch.id };
  return session.watch<Batch>(batch.function, async (client) => {
    const seen = await client.call("batches.get", { parameters });
    return seen.endedAt === null ? { said: sayProgress(seen, session.terminal.isErrorTerminal) } : { end: seen };
  });
}

const barColumns = 24;

/** One line for a person who watches; in a pipe only what changes seldom. */
export function sayProgress(batch: Batch, isWatched: boolean): string {
  const { total, done, failed } = batch.rows;
  const share = total === 0 ? 0 : Math.min(1, (done + failed) / total);
  const said = batch.waiting === null ? batch.status : `${batch.status}: ${batch.waiting.message}`;
  if (!isWatched) return batch.status === "running" ? percent(share, 0) : `${percent(share, 0)} ${said}`;
  const filled = Math.round(share * barColumns);
  const parts = [
    `${"█".repeat(filled)}${"░".repeat(barColumns - filled)} ${percent(share, 0)}`,
    `${count(done + failed)} of ${count(total)}`,
    ...(failed === 0 ? [] : [`${count(failed)} failed`]),
    ...(batch.cost === null ? [] : [`cost ${batch.cost}`]),
    ...(batch.rate === null ? [] : [`${batch.rate.toFixed(1)}/s`]),
    ...(batch.secondsLeft === null ? [] : [`${duration(batch.secondsLeft * 1000)} left`]),
    ...(batch.status === "running" ? [] : [said]),
  ];
  return parts.join("  ");
}

async function download(session: Session, batch: Batch, { out, format }: { out: string; format: BatchFormat }): Promise<void> {
  await saveStream(await session.call("batches.result", { parameters: { name: batch.function, id: batch.id }, query: { format } }), out);
}

function page(session: Session, batch: Batch): string {
  const { rows, result } = batch;
  return facts(session, [
    ["batch", batch.id],
    ["state", batch.waiting === null ? batch.status : `${batch.status}: ${batch.waiting.message}`],
    ["error", batch.error?.message],
    ["source", batch.source],
    ["provider", batch.provider === null ? null : `${batch.provider.target}: ${batch.provider.status ?? "not sent"}`],
    ["rows", `${count(rows.total)}: ${count(rows.done)} done, ${count(rows.failed)} failed`],
    ["at once", count(batch.concurrency)],
    [
      "cost",
      batch.unpriced === 0 ? batch.cost : `${batch.cost ?? "unknown"}, without ${count(batch.unpriced)} rows whose price is not known`,
    ],
    ["rate", batch.rate === null ? null : `${batch.rate.toFixed(1)} rows a second`],
    ["time left", batch.secondsLeft === null ? null : duration(batch.secondsLeft * 1000)],
    ["created", `${instant(batch.createdAt)} UTC by ${batch.createdBy}`],
    ["ended", batch.endedAt === null ? null : `${instant(batch.endedAt)} UTC`],
    [
      "result",
      result === null
        ? null
        : `${count(result.rows)} rows; ${bytes(result.jsonl.bytes)} JSON lines, ${bytes(result.parquet.bytes)} Parquet`,
    ],
    ["workflow", batch.workflowId],
  ]);
}
