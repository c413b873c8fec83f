import { readFileSync } from "node:fs";
import type { CreateExperiment, Estimate, Experiment, OperationInput, RunComparison, Trial } from "@millrace/contract";
import type { Command } from "commander";
import { AppError } from "../../core/index.ts";
import { bytes, count, duration, inline, instant, interval } from "../format.ts";
import type { Session } from "../session.ts";
import type { Column } from "../table.ts";
import { finish } from "./data.ts";
import { facts, section, table } from "./show.ts";
import { type Registrar, addVerb, collectPairs, looseJson, parseWhole } from "./verb.ts";

type SearchRequest = OperationInput<"models.createExperiment">["body"];

/** Starts a search, waits for its end with the trials as progress, and shows them. */
export async function runSearch(session: Session, body: SearchRequest, detach: boolean): Promise<void> {
  const started = await session.call("models.createExperiment", { body });
  if (detach) {
    await finish(session, started, { detach: true, doing: "" });
    session.hint(`Look at it: millrace models experiment ${started.experimentId}`);
    return;
  }
  await session.follow(started.workflowId, `searching for ${body.model}`, async (client) => {
    const { trials } = await client.call("models.getExperiment", { parameters: { id: started.experimentId } });
    const last = trials.at(-1);
    return last === undefined ? null : `trial ${last.number} of at most ${body.budget?.trials ?? "20"}: ${last.trainer} ${last.status}`;
  });
  await showExperiment(session, started.experimentId);
}

/** Adds the commands of searches and comparisons to those of models. */
export function addExperiments(models: Command, registrar: Registrar): void {
  addVerb(models, registrar, {
    usage: "search <model>",
    description: "search trainers and their parameters, cross-validated on the training rows",
    example: `models search churn --dataset churn@1 --trainer linear --space '{"penalty":{"kind":"log","from":0.01,"to":100}}'`,
    options: [
      { flags: "--dataset <reference>", description: "name@version", required: true },
      { flags: "--trainer <name>", description: "which trainer; by default all that make sense for the dataset, each with a small space" },
      { flags: "--parameter <name=value>", description: "a parameter that is fixed; may be repeated", parse: collectPairs },
      { flags: "--space <json>", description: "what of the trainer is searched, as JSON or @file", parse: readJson },
      { flags: "--algorithm <name>", description: "how", choices: ["grid", "random", "tpe", "halving"], default: "tpe" },
      { flags: "--trials <n>", description: "at most so many", parse: parseWhole, default: 20 },
      { flags: "--seconds <n>", description: "at most so long", parse: parseWhole, default: 600 },
      {
        flags: "--folds <n>",
        description: "parts of the training rows, each measured by a model of the others",
        parse: parseWhole,
        default: 5,
      },
      { flags: "--fold-kind <kind>", description: "by default as the dataset held rows back", choices: ["stratified", "group", "time"] },
      { flags: "--metric <name>", description: "what is to be good", choices: ["accuracy", "logLoss", "rmse", "mae"] },
      { flags: "--max-bytes <n>", description: "set larger models aside", parse: parseWhole },
      { flags: "--max-milliseconds <n>", description: "set models aside that take longer for one row", parse: looseJson },
      { flags: "--interpretable", description: "only models whose answer a person can add up" },
      { flags: "--learning-curve", description: "measure the best at growing shares of the rows" },
      { flags: "--register", description: "train the best on all training rows and register it" },
      { flags: "--seed <n>", description: "the same seed and data give the same trials", parse: parseWhole, default: 1 },
      { flags: "--detach", description: "do not wait for it" },
    ],
    run: (session, [model], options) => runSearch(session, toRequest(model!, options), options["detach"] === true),
  });
  addVerb(models, registrar, {
    usage: "experiment <id>",
    description: "one search: every trial with its score, what was chosen and why",
    run: (session, [id]) => showExperiment(session, id!),
  });
  addVerb(models, registrar, {
    usage: "compare <a> <b>",
    description: "two runs on one dataset, side by side: what went into them, and by how much one is better",
    run: async (session, [a, b]) => {
      const compared = await session.call("models.compareRuns", { query: { a: a!, b: b! } });
      session.show(compared, () => comparisonPage(session, compared));
    },
  });
}

/** JSON, or that of `@file`. */
function readJson(text: string): unknown {
  return looseJson(text.startsWith("@") ? readFileSync(text.slice(1), "utf8") : text);
}

function toRequest(model: string, options: Record<string, unknown>): SearchRequest {
  const trainer = options["trainer"] as string | undefined;
  const { dataset, algorithm, seed, metric, foldKind } = options as { dataset: string; seed: number } & Pick<
    CreateExperiment,
    "algorithm"
  > & {
      metric?: CreateExperiment["metric"];
      foldKind?: CreateExperiment["folds"]["kind"];
    };
  if (trainer === undefined && (options["parameter"] ?? options["space"]) !== undefined)
    throw new AppError("invalid_request", "Parameters and spaces are of one trainer: name it with --trainer.");
  const { parameter: parameters = {}, space = {} } = options as { parameter?: Record<string, unknown> } & Partial<
    Pick<NonNullable<CreateExperiment["candidates"]>[number], "space">
  >;
  const limits = { bytes: options["maxBytes"], milliseconds: options["maxMilliseconds"], interpretable: options["interpretable"] };
  return {
    model,
    dataset,
    algorithm,
    seed,
    ...(trainer === undefined ? {} : { candidates: [{ trainer, parameters, space }] }),
    budget: { trials: options["trials"] as number, seconds: options["seconds"] as number },
    folds: { count: options["folds"] as number, ...(foldKind === undefined ? {} : { kind: foldKind }) },
    ...(metric === undefined ? {} : { metric }),
    limits: Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined)),
    learningCurve: options["learningCurve"] === true,
    register: options["register"] === true,
  };
}

async function showExperiment(session: Session, id: string): Promise<void> {
  const experiment = await session.call("models.getExperiment", { parameters: { id } });
  session.show(experiment, () => experimentPage(session, experiment));
}

/** Accuracy as a share; losses and errors as numbers. */
function scored(metric: string, estimate: Estimate | undefined): string {
  if (estimate === undefined) return "–";
  if (metric === "accuracy") return interval(estimate);
  const [value, low, high] = [estimate.value, estimate.low, estimate.high].map((part) => Number(part.toPrecision(4)));
  return `${value} [${low}, ${high}]`;
}

function trialColumns({ metric }: Experiment): Column<Trial>[] {
  const of = (trial: Trial) => trial.scores.find((score) => score.metric === metric)?.estimate;
  return [
    { title: "TRIAL", value: (item) => item.number, align: "right" },
    { title: "TRAINER", value: (item) => item.trainer },
    { title: "PARAMETERS", value: (item) => inline(item.parameters), flexible: true },
    { title: "ROWS", value: (item) => `${Math.round(item.share * 100)} %`, align: "right", spare: true },
    { title: `${(metric ?? "score").toUpperCase()} (95 %)`, value: (item) => scored(metric ?? "", of(item)), align: "right" },
    { title: "N", value: (item) => count(of(item)?.n), align: "right", spare: true },
    { title: "SIZE", value: (item) => (item.bytes === null ? "–" : bytes(item.bytes)), align: "right" },
    { title: "ONE ROW", value: (item) => duration(item.milliseconds), align: "right" },
    { title: "SECONDS", value: (item) => item.seconds.toFixed(1), align: "right", spare: true },
    {
      title: "STATUS",
      value: (item) => `${item.status}${item.reason === null ? "" : `: ${item.reason}`}`,
      flexible: true,
      paint: (text, item, palette) => (item.status === "failed" ? palette.bad(text) : item.status === "pruned" ? palette.dim(text) : text),
    },
  ];
}

function experimentPage(session: Session, experiment: Experiment): string {
  const { request, result, metric, trials } = experiment;
  const curve = result?.learningCurve ?? null;
  return [
    facts(session, [
      ["search", experiment.id],
      ["model", `${experiment.model}${(result?.version ?? null) === null ? "" : `@${result!.version}`}`],
      ["dataset", experiment.dataset],
      ["status", `${experiment.status}${experiment.error === null ? "" : `: ${experiment.error}`}`],
      [
        "search by",
        `${request.algorithm}, at most ${count(request.budget.trials)} trials or ${count(request.budget.seconds)} s, seed ${request.seed}`,
      ],
      ["measured on", `${request.folds.count} folds of the training rows`],
      ["chosen", result === null ? null : `trial ${result.trial}`],
      ["why", result?.why],
      ["run", result?.runId],
      ["workflow", experiment.workflowId],
      ["created", `${instant(experiment.createdAt)} UTC by ${experiment.createdBy}`],
    ]),
    section(session, "Trials", table(session, trials, trialColumns(experiment))),
    ...(curve === null
      ? []
      : [
          section(
            session,
            `Learning curve (${metric}; the gap is what more rows may close)`,
            table(session, curve, [
              { title: "ROWS", value: (item) => count(item.rows), align: "right" },
              { title: "SEEN IN TRAINING", value: (item) => scored(metric ?? "", item.training), align: "right" },
              { title: "NOT SEEN", value: (item) => scored(metric ?? "", item.validation), align: "right" },
            ]),
          ),
        ]),
  ].join("\n");
}

function comparisonPage(session: Session, { a, b, differences, metrics }: RunComparison): string {
  return [
    facts(session, [
      ["a", `${a.id} (${a.trainer}, ${instant(a.createdAt)} UTC)`],
      ["b", `${b.id} (${b.trainer}, ${instant(b.createdAt)} UTC)`],
      ["dataset", a.dataset],
    ]),
    section(
      session,
      "What went into them and is not the same",
      table(session, differences, [
        { title: "FIELD", value: (item) => item.field },
        { title: "A", value: (item) => inline(item.a), flexible: true },
        { title: "B", value: (item) => inline(item.b), flexible: true },
      ]),
    ),
    section(
      session,
      "Over the same rows held back",
      table(session, metrics, [
        { title: "METRIC", value: (item) => item.metric },
        { title: "A", value: (item) => scored(item.metric, item.a), align: "right", spare: true },
        { title: "B", value: (item) => scored(item.metric, item.b), align: "right", spare: true },
        { title: "A - B", value: (item) => scored(item.metric, item.difference), align: "right" },
        { title: "N", value: (item) => count(item.difference.n), align: "right", spare: true },
        { title: "BETTER", value: (item) => item.better ?? "may be chance" },
      ]),
    ),
  ].join("\n");
}
