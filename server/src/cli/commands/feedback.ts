import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { type FeedbackItem, type FeedbackReceipt, feedbackItemSchema } from "@millrace/contract";
import { type Command, InvalidArgumentError } from "commander";
import { AppError } from "../../core/index.ts";
import { exitCodes } from "../exit-codes.ts";
import { count, inline, instant } from "../format.ts";
import type { Session } from "../session.ts";
import { finish } from "./data.ts";
import { facts, section, showList, table } from "./show.ts";
import { type Registrar, type Verb, type VerbOption, addVerb, fill, group, looseJson, pageOptions, pageQuery, parseShare } from "./verb.ts";

const itemOptions: readonly VerbOption[] = [
  { flags: "--kind <kind>", description: "what the value is", choices: ["label", "rating", "comment", "correction"], default: "label" },
  { flags: "--source <who>", description: "who or what says so", default: "cli" },
  { flags: "--occurred <instant>", description: "when it was said; ISO 8601" },
];

/** Items a server takes at once. */
const batchSize = 1000;

const sayVerb: Omit<Verb, "usage"> = {
  description: "say what was right about an inference",
  example: "feedback 0198c5a2-7d1e-7abc-8def-0123456789ab spam --source ada",
  options: itemOptions,
  run: async (session, [id, text], options) => {
    const receipt = await session.call("feedback.submit", { body: { items: [itemOf(id!, text!, options)] } });
    return showReceipt(session, receipt);
  },
};

export function addFeedback(program: Command, registrar: Registrar): void {
  const feedback = group(program, "feedback", "what came back about the answers");
  feedback
    .argument("[inference]", "an inference's id")
    .argument("[value]", "the true label, a rating from -1 to 1, a comment, a correction as JSON");
  fill(feedback, registrar, {
    ...sayVerb,
    run: async (session, args, options) => {
      if (args[0] === undefined || args[1] === undefined)
        throw usage(
          "Say about which inference, and what: millrace feedback <inference id> <value>; or choose a verb: millrace feedback --help.",
        );
      return sayVerb.run(session, args, options);
    },
  });
  addVerb(feedback, registrar, {
    usage: "submit <inference> [value]",
    description: "say what was right; or, with --file, many at once from JSON lines",
    options: [
      ...itemOptions,
      { flags: "--file", description: "the argument is a file of JSON lines: inferenceId, kind, value, source, occurredAt" },
    ],
    run: async (session, [first, text], options) => {
      if (options["file"] === true) return submitFile(session, first!);
      if (text === undefined) throw usage("Give the value too: millrace feedback submit <inference id> <value>.");
      return sayVerb.run(session, [first, text], options);
    },
  });
  addVerb(feedback, registrar, {
    usage: "list",
    description: "list feedback, newest first",
    options: [{ flags: "--function <name>", description: "only this function's" }, ...pageOptions],
    run: async (session, _args, options) => {
      const name = options["function"] as string | undefined;
      const answer = await session.call("feedback.list", {
        query: { ...pageQuery(options), ...(name === undefined ? {} : { function: name }) },
      });
      showList(session, answer, {
        columns: [
          { title: "RECORDED (UTC)", value: (item) => instant(item.recordedAt) },
          { title: "FUNCTION", value: (item) => item.function, flexible: true, spare: true },
          { title: "INFERENCE", value: (item) => item.inferenceId },
          { title: "KIND", value: (item) => item.kind },
          { title: "VALUE", value: (item) => inline(item.value), flexible: true },
          { title: "SOURCE", value: (item) => item.source, flexible: true, spare: true },
        ],
        empty: "No feedback has come yet.",
      });
    },
  });
  addVerb(feedback, registrar, {
    usage: "stats",
    description: "how much came back",
    options: [{ flags: "--function <name>", description: "only this function's" }],
    run: async (session, _args, options) => {
      const stats = await session.call("feedback.stats", { query: options });
      session.show(stats, () =>
        facts(
          session,
          Object.entries(stats).map(([name, value]) => [name, count(value)] as const),
        ),
      );
    },
  });
  addVerb(feedback, registrar, {
    usage: "curate <function>",
    description: "build a dataset from inferences and their labels",
    example: "feedback curate triage-mail --dataset mail --parent mail@1",
    options: [
      { flags: "--dataset <name>", description: "the dataset that gets a new version", required: true },
      { flags: "--until <instant>", description: "only inferences that occurred before this" },
      { flags: "--parent <reference>", description: "also take the rows of this version" },
      { flags: "--holdout <share>", description: "share of the latest rows held back", parse: parseShare, default: 0.2 },
      { flags: "--detach", description: "do not wait for it" },
    ],
    run: async (session, [name], { detach, ...options }) => {
      const started = await session.call("feedback.curate", {
        body: { function: name!, ...(options as { dataset: string; holdout: number }) },
      });
      await finish(session, started, { detach: detach === true, doing: `curating ${String(options["dataset"])}` });
    },
  });
}

function usage(message: string): InvalidArgumentError {
  return new InvalidArgumentError(message);
}

function itemOf(inferenceId: string, text: string, options: Record<string, unknown>): FeedbackItem {
  const kind = options["kind"] as FeedbackItem["kind"];
  // A label is text even where it looks like a number or `true`.
  const value = kind === "rating" || kind === "correction" ? looseJson(text) : text;
  const item = { inferenceId, kind, value, source: options["source"] as string };
  return options["occurred"] === undefined ? item : { ...item, occurredAt: options["occurred"] as string };
}

async function submitFile(session: Session, file: string): Promise<number> {
  const total: FeedbackReceipt = { accepted: 0, repeated: 0, refused: 0, results: [] };
  let batch: FeedbackItem[] = [];
  async function send(): Promise<void> {
    if (batch.length === 0) return;
    const receipt = await session.call("feedback.submit", { body: { items: batch } });
    total.accepted += receipt.accepted;
    total.repeated += receipt.repeated;
    total.refused += receipt.refused;
    total.results.push(...receipt.results.filter((result) => result.status === "refused"));
    batch = [];
  }
  let line = 0;
  for await (const text of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
    line += 1;
    if (text.trim() === "") continue;
    const item = feedbackItemSchema.safeParse(looseJson(text));
    if (!item.success) {
      await send();
      throw new AppError(
        "invalid_request",
        `Line ${line} of ${file} is not a feedback item: ${item.error.issues[0]?.path.join(".") ?? ""} ${item.error.issues[0]?.message ?? ""}. The lines before it were sent; sending them again changes nothing.`,
      );
    }
    batch.push(item.data);
    if (batch.length === batchSize) await send();
  }
  await send();
  return showReceipt(session, total);
}

function showReceipt(session: Session, receipt: FeedbackReceipt): number {
  const refused = receipt.results.filter((result) => result.status === "refused");
  session.show(receipt, () =>
    [
      facts(session, [
        ["accepted", count(receipt.accepted)],
        ["repeated", count(receipt.repeated)],
        ["refused", count(receipt.refused)],
      ]),
      ...(refused.length === 0
        ? []
        : [
            section(
              session,
              "Refused",
              table(session, refused, [
                { title: "INFERENCE", value: (item) => item.inferenceId },
                { title: "CODE", value: (item) => item.code },
                { title: "REASON", value: (item) => item.reason, flexible: true },
              ]),
            ),
          ]),
    ].join("\n"),
  );
  if (receipt.refused === 0) return exitCodes.ok;
  return refused.every((item) => item.code === "unknown_inference") ? exitCodes.notFound : exitCodes.failed;
}
