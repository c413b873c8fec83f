import type { Source, SourceRead } from "@millrace/contract";
import { type Command, InvalidArgumentError } from "commander";
import { canonicalJson, sha256 } from "../../core/index.ts";
import { count, instant } from "../format.ts";
import type { Session } from "../session.ts";
import type { Column } from "../table.ts";
import { createDataset, createOptions } from "./data.ts";
import { parseInput, readText } from "./input.ts";
import { facts, section, showList, table } from "./show.ts";
import { type Registrar, addVerb } from "./verb.ts";

const columns: readonly Column<Source>[] = [
  { title: "SOURCE", value: (item) => item.name },
  { title: "KIND", value: (item) => item.kind },
  { title: "EVERY", value: (item) => (item.everySeconds === null ? "–" : `${count(item.everySeconds / 60)} min`), align: "right" },
  { title: "ROWS", value: (item) => count(item.rows), align: "right" },
  { title: "WAITING", value: (item) => count(item.waiting), align: "right" },
  { title: "REFUSED", value: (item) => count(item.lastRead?.refusedCount ?? 0), align: "right" },
  { title: "WATERMARK", value: (item) => item.watermark, flexible: true },
  { title: "READ (UTC)", value: (item) => instant(item.lastReadAt) },
];

/** Where rows come from: `millrace data sources` and `millrace data read`. */
export function addSources(data: Command, registrar: Registrar): void {
  addVerb(data, registrar, {
    usage: "sources",
    description: "list data sources: how far each was read",
    run: async (session) => {
      const answer = await session.call("data.sources", {});
      showList(session, answer, { columns, empty: "The configuration declares no data sources (`data.sources`)." });
    },
  });
  addVerb(data, registrar, {
    usage: "read <source>",
    description: "read what is new in a source; with --dataset, build a dataset version from it",
    example: "data read orders --dataset orders --time placed_at --features country,amount --label returned",
    options: [
      { flags: "--from-start", description: "as if nothing had been read yet" },
      { flags: "--dataset <name>", description: "build the next version of this dataset from what was read" },
      ...createOptions.map((option) => ({ ...option, required: false })),
    ],
    run: async (session, [name], options) => {
      const dataset = options["dataset"] as string | undefined;
      if (dataset !== undefined && options["features"] === undefined) throw new InvalidArgumentError("--dataset needs --features.");
      const started = await session.call("data.readSource", {
        parameters: { name: name! },
        body: { fromStart: options["fromStart"] === true },
      });
      if (options["detach"] === true && dataset === undefined) {
        session.show(started, () => facts(session, [["workflow", started.workflowId]]));
        return;
      }
      const read = (await session.follow(started.workflowId, `reading ${name!}`)).output as SourceRead;
      if (dataset === undefined || read.uploadId === null) session.show(read, () => page(session, read));
      if (read.more) session.hint("There is more than one read may bring: read again.");
      if (dataset === undefined) return;
      if (read.uploadId === null) session.hint("Nothing is new, so no version was built.");
      else await createDataset(session, { name: dataset, uploadId: read.uploadId }, options);
    },
  });
  addVerb(data, registrar, {
    usage: "push <source> <file>",
    description: "send rows (JSON lines) to a source of kind push; sent again, they are taken once",
    run: async (session, [source, file]) => {
      const sent = await pushFile(session, source!, file!);
      session.show(sent, () =>
        facts(session, [
          ["taken", count(sent.taken)],
          ["repeated", count(sent.repeated)],
        ]),
      );
    },
  });
}

const rowsInBatch = 1000;

/** A batch is named by what it holds, so that a file may be sent again after it broke off. */
async function pushFile(session: Session, source: string, file: string): Promise<{ source: string; taken: number; repeated: number }> {
  const rows = readText(file)
    .split("\n")
    .flatMap((line, index) => (line.trim() === "" ? [] : [parseInput(line, `line ${index + 1} of ${file}`) as Record<string, unknown>]));
  const sent = { source, taken: 0, repeated: 0 };
  for (let start = 0; start < rows.length; start += rowsInBatch) {
    const batch = rows.slice(start, start + rowsInBatch);
    const name = `${start}-${sha256(canonicalJson(batch))}`;
    const receipt = await session.call("data.push", { parameters: { name: source }, body: { batch: name, rows: batch } });
    sent.taken += receipt.taken;
    sent.repeated += receipt.repeated;
  }
  return sent;
}

function page(session: Session, read: SourceRead): string {
  return [
    facts(session, [
      ["rows", count(read.rows)],
      ["upload", read.uploadId ?? "nothing is new"],
      ["watermark", read.watermark],
      ["refused", count(read.refusedCount)],
      ...read.notes.map((note): [string, string] => ["note", note]),
    ]),
    ...(read.refused.length === 0
      ? []
      : [
          section(
            session,
            "Set aside",
            table(session, read.refused, [
              { title: "FILE", value: (item) => item.name },
              { title: "ROW", value: (item) => item.row, align: "right" },
              { title: "COLUMN", value: (item) => item.column },
              { title: "REASON", value: (item) => item.reason, flexible: true },
            ]),
          ),
        ]),
  ].join("\n");
}
