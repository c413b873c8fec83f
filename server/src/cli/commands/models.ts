import type { ImportModel, Model, ModelVersion, Run } from "@millrace/contract";
import { type Command, InvalidArgumentError } from "commander";
import { AppError } from "../../core/index.ts";
import { count, inline, instant, percent } from "../format.ts";
import type { Session } from "../session.ts";
import type { Column } from "../table.ts";
import { finish, uploadFile } from "./data.ts";
import { addExperiments, runSearch } from "./experiments.ts";
import { headline, metricsSections, rowsMeasured } from "./model-metrics.ts";
import { saveStream } from "./save-stream.ts";
import { facts, section, showList, table } from "./show.ts";
import {
  type Registrar,
  type Verb,
  addVerb,
  collect,
  collectPairs,
  group,
  pageOptions,
  pageQuery,
  parseReference,
  parseWhole,
} from "./verb.ts";

const columns: readonly Column<Model>[] = [
  { title: "MODEL", value: (item) => item.name },
  { title: "VERSIONS", value: (item) => count(item.versions), align: "right" },
  { title: "LATEST", value: (item) => item.latest, align: "right" },
  { title: "ALIASES", value: (item) => aliasesOf(item), flexible: true },
  { title: "CREATED (UTC)", value: (item) => instant(item.createdAt) },
];

const runColumns: readonly Column<Run>[] = [
  { title: "RUN", value: (item) => item.id },
  { title: "MODEL", value: (item) => `${item.model}${item.version === null ? "" : `@${item.version}`}`, flexible: true },
  { title: "TRAINER", value: (item) => item.trainer, spare: true },
  { title: "DATASET", value: (item) => item.dataset, spare: true },
  {
    title: "STATUS",
    value: (item) => item.status,
    paint: (text, item, palette) =>
      item.status === "failed" ? palette.bad(text) : item.status === "running" ? palette.accent(text) : palette.good(text),
  },
  { title: "QUALITY (95 %)", value: (item) => item.metrics && headline(item.metrics), align: "right" },
  { title: "N", spare: true, value: (item) => item.metrics && count(rowsMeasured(item.metrics)), align: "right" },
  { title: "SECONDS", spare: true, value: (item) => item.trainSeconds?.toFixed(1), align: "right" },
  { title: "CREATED (UTC)", value: (item) => instant(item.createdAt), spare: true },
];

export const trainVerb: Omit<Verb, "usage"> = {
  description: "train a model and register the result as its next version",
  example: "train triage-mail --dataset mail@1 --trainer text-classifier --seed 7",
  options: [
    { flags: "--dataset <reference>", description: "name@version", required: true },
    { flags: "--trainer <name>", description: "which trainer", default: "text-classifier" },
    { flags: "--parameter <name=value>", description: "a parameter of the trainer; may be repeated", parse: collectPairs },
    { flags: "--task <task>", description: "classification or regression; by default what the label's column says" },
    { flags: "--seed <n>", description: "the same seed and data give the same model", parse: parseWhole, default: 1 },
    { flags: "--auto", description: "try the trainers that make sense, and take the best, or a simpler one that is as good" },
    { flags: "--minutes <n>", description: "with --auto: how long at most", parse: parseWhole, default: 5 },
    { flags: "--no-register", description: "keep the run only" },
    { flags: "--detach", description: "do not wait for it" },
  ],
  run: async (session, [model], options) => {
    if (options["auto"] === true) {
      if (options["parameter"] !== undefined)
        throw new AppError(
          "invalid_request",
          "--auto chooses trainer and parameters itself: leave --parameter out, or search with `millrace models search`.",
        );
      await runSearch(session, toSearch(model!, options), options["detach"] === true);
      return;
    }
    const started = await session.call("models.createRun", {
      body: {
        model: model!,
        trainer: options["trainer"] as string,
        dataset: options["dataset"] as string,
        parameters: (options["parameter"] as Record<string, unknown> | undefined) ?? {},
        seed: options["seed"] as number,
        ...(options["task"] === undefined ? {} : { task: options["task"] as "classification" | "regression" }),
        register: options["register"] !== false,
      },
    });
    if (options["detach"] === true) return finish(session, started, { detach: true, doing: "" });
    await session.follow(started.workflowId, `training ${model!}`, async (client) => {
      const { progress } = await client.call("models.getRun", { parameters: { id: started.runId } });
      return progress === null ? null : `${percent(progress.fraction, 0)} ${progress.stage}`;
    });
    const run = await session.call("models.getRun", { parameters: { id: started.runId } });
    session.show(run, () => runPage(session, run));
  },
};

/** Trials of `--auto`, should its time not be over before. */
const autoTrials = 200;

function toSearch(model: string, options: Record<string, unknown>): Parameters<typeof runSearch>[1] {
  return {
    model,
    dataset: options["dataset"] as string,
    ...(options["task"] === undefined ? {} : { task: options["task"] as "classification" | "regression" }),
    budget: { trials: autoTrials, seconds: (options["minutes"] as number) * 60 },
    folds: { count: 3 },
    seed: options["seed"] as number,
    register: options["register"] !== false,
  };
}

export function addModels(program: Command, registrar: Registrar): void {
  const models = group(program, "models", "trained models: runs, versions, aliases");
  addVerb(models, registrar, {
    usage: "list",
    description: "list models",
    run: async (session) => {
      showList(session, await session.call("models.list", {}), {
        columns,
        empty: "There are no models. Train one: millrace train <model> --dataset <name@version>",
      });
    },
  });
  addVerb(models, registrar, {
    usage: "show <model>",
    description: "one model with its history, or one version (name@version)",
    example: "models show triage-mail@1",
    options: [{ flags: "--card", description: "print the version's whole card" }],
    run: async (session, [reference], options) => {
      if (reference!.includes("@")) {
        const version = await session.call("models.getVersion", { parameters: parseReference(reference!) });
        session.show(version, () => (options["card"] === true ? version.card : versionPage(session, version)));
        return;
      }
      const model = await session.call("models.get", { parameters: { name: reference! } });
      session.show(model, () =>
        [
          facts(session, [
            ["model", model.name],
            ["versions", count(model.versions)],
            ["aliases", aliasesOf(model)],
            ["created", `${instant(model.createdAt)} UTC`],
          ]),
          section(
            session,
            "History of aliases",
            table(session, model.history, [
              { title: "AT (UTC)", value: (item) => instant(item.at) },
              { title: "ALIAS", value: (item) => item.alias },
              { title: "FROM", value: (item) => item.from, align: "right" },
              { title: "TO", value: (item) => item.to, align: "right" },
              { title: "BY", value: (item) => item.by },
              { title: "REASON", value: (item) => item.reason, flexible: true },
            ]),
          ),
        ].join("\n"),
      );
    },
  });
  addVerb(models, registrar, {
    usage: "runs",
    description: "list training runs, newest first",
    options: [
      { flags: "--model <name>", description: "only this model's" },
      { flags: "--dataset <reference>", description: "only those trained from this version" },
      ...pageOptions,
    ],
    run: async (session, _args, options) => {
      const [model, dataset] = [options["model"] as string | undefined, options["dataset"] as string | undefined];
      const query = { ...pageQuery(options), ...(model === undefined ? {} : { model }), ...(dataset === undefined ? {} : { dataset }) };
      const answer = await session.call("models.listRuns", { query });
      showList(session, answer, { columns: runColumns, empty: "Nothing was trained yet." });
    },
  });
  addVerb(models, registrar, {
    usage: "run <id>",
    description: "one training run: parameters, environment, metrics by slice",
    run: async (session, [id]) => {
      const run = await session.call("models.getRun", { parameters: { id: id! } });
      session.show(run, () => runPage(session, run));
    },
  });
  addVerb(models, registrar, { ...trainVerb, usage: "train <model>" });
  addExperiments(models, registrar);
  addVerb(models, registrar, {
    usage: "export <version>",
    description: "save the ONNX file of a version (name@version)",
    example: "models export churn@1 --out churn.onnx",
    options: [{ flags: "--out <file>", description: "where to", required: true }],
    run: async (session, [reference], options) => {
      const out = options["out"] as string;
      await saveStream(await session.call("models.exportVersion", { parameters: parseReference(reference!) }), out);
      session.show({ version: reference!, file: out }, () =>
        facts(session, [
          ["version", reference!],
          ["file", out],
        ]),
      );
    },
  });
  addVerb(models, registrar, {
    usage: "import <model> <file>",
    description: "register an ONNX file as the model's next version, after it was opened and tried",
    example: "models import churn churn.onnx --input X=age,hours --labels stays,leaves",
    options: [
      {
        flags: "--input <name=columns>",
        description: "the columns that an input of the file takes, in order; may be repeated",
        parse: collectColumns,
      },
      {
        flags: "--labels <names>",
        description: "in the order of the probabilities, comma-separated; by default those in the file",
        parse: collect,
      },
      { flags: "--output <name>", description: "the output that is the answer, where several could be" },
      { flags: "--task <task>", description: "classification or regression; by default what the labels say" },
    ],
    run: async (session, [name, file], options) => {
      const { id } = await uploadFile(session, file!);
      const wishes = { inputs: options["input"], labels: options["labels"], output: options["output"], task: options["task"] };
      const given = Object.fromEntries(Object.entries(wishes).filter(([, value]) => value !== undefined)) as Omit<ImportModel, "uploadId">;
      const version = await session.call("models.importVersion", { parameters: { name: name! }, body: { ...given, uploadId: id } });
      session.show(version, () => versionPage(session, version));
    },
  });
}

/** Collects `--input X=age,hours`. */
function collectColumns(text: string, previous: unknown): Record<string, string[]> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("It must look like input=first,second.");
  return { ...(previous as Record<string, string[]> | undefined), [text.slice(0, at)]: collect(text.slice(at + 1), undefined) };
}

function aliasesOf(model: Model): string {
  return Object.entries(model.aliases)
    .map(([alias, version]) => `${alias} → ${version}`)
    .join(", ");
}

function runPage(session: Session, run: Run): string {
  return [
    facts(session, [
      ["run", run.id],
      ["model", `${run.model}${run.version === null ? "" : `@${run.version}`}`],
      ["trainer", run.trainer],
      ["dataset", run.dataset],
      ["status", `${run.status}${run.error === null ? "" : `: ${run.error}`}`],
      ["progress", run.progress === null ? null : `${percent(run.progress.fraction, 0)} ${run.progress.stage}`],
      ["seed", run.seed],
      ["parameters", inline(run.parameters)],
      ["training", run.trainSeconds === null ? null : `${run.trainSeconds.toFixed(2)} s`],
      ["git commit", run.gitCommit],
      [
        "environment",
        Object.entries(run.environment)
          .map(([name, value]) => `${name} ${value}`)
          .join(", "),
      ],
      ["workflow", run.workflowId],
      ["created", `${instant(run.createdAt)} UTC by ${run.createdBy}`],
    ]),
    ...(run.metrics === null ? [] : metricsSections(session, run.metrics)),
  ].join("\n");
}

function versionPage(session: Session, version: ModelVersion): string {
  return [
    facts(session, [
      ["model", `${version.model}@${version.version}`],
      ["aliases", version.aliases.join(", ")],
      ["file", `${version.hash} (${count(version.bytes)} bytes)`],
      ["inputs", version.signature.inputs.map((input) => `${input.name} ${input.type}`).join(", ")],
      ["answers", version.signature.task === "regression" ? "a number" : version.signature.labels.join(", ")],
      ["trained on", version.dataset],
      ["run", version.runId],
      ["created", `${instant(version.createdAt)} UTC by ${version.createdBy}`],
    ]),
    ...(version.metrics === null ? [] : metricsSections(session, version.metrics)),
  ].join("\n");
}
