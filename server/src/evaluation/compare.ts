import type { Evaluation as EvaluationReport } from "@millrace/contract";
import { AppError, type Context } from "../core/index.ts";
import type { FunctionDefinition } from "../functions/index.ts";
import { expectedCalibrationError, wilson } from "../statistics/index.ts";
import { type GateConfig, gateConfigSchema, judge } from "./gate.ts";
import { type Answer, type HeldBackRow, predict } from "./predict.ts";
import type { Candidate, Comparison, EvaluationDeps } from "./types.ts";

/** A finished comparison, not yet kept. */
export type Finding = Omit<EvaluationReport, "id" | "createdAt">;

type Score = EvaluationReport["scores"][number];

/** Asks champion, challenger and the rules about the same held-back rows, and judges. Reads only. */
export async function compare(deps: EvaluationDeps, context: Context, ask: Comparison & { signal: AbortSignal }): Promise<Finding> {
  const definition = deps.functions.definition(ask.function);
  const gate = gateOf(definition);
  const rows = await readHeldBack(deps, context, { definition, dataset: ask.dataset });
  const baseline = rulesOf(definition);
  const candidates: { role: Score["role"]; candidate: Candidate }[] = [
    { role: "champion", candidate: ask.champion },
    { role: "challenger", candidate: ask.challenger },
    ...(baseline === undefined ? [] : [{ role: "baseline" as const, candidate: baseline }]),
  ];
  const scores: Score[] = [];
  const right: Partial<Record<Score["role"], boolean[]>> = {};
  for (const { role, candidate } of candidates) {
    const answers = await predict(deps, context, { definition, candidate, rows, signal: ask.signal });
    right[role] = rows.map((row, index) => answers[index]!.label === row.label);
    scores.push(score(role, candidate, { rows, answers, right: right[role] }));
  }
  const judged = judge({ truth: rows.map((row) => row.label), championRight: right.champion!, challengerRight: right.challenger! }, gate);
  return {
    function: ask.function,
    dataset: ask.dataset,
    rows: rows.length,
    ...judged,
    rulesAreEnough: areRulesEnough(scores, gate),
    scores,
  };
}

/** The gate's settings of a function; the release module checks the rest of `retraining`. */
export function gateOf(definition: FunctionDefinition): GateConfig {
  return gateConfigSchema.parse(definition.retraining["gate"] ?? {});
}

/** The function's first rules variant, which every comparison measures too. */
export function rulesOf(definition: FunctionDefinition): Candidate | undefined {
  const entry = Object.entries(definition.variants).find(([, variant]) => variant.kind === "rules");
  return entry === undefined ? undefined : { kind: "variant", variant: entry[0] };
}

function areRulesEnough(scores: readonly Score[], gate: GateConfig): boolean {
  const accuracyOf = (role: Score["role"]) => scores.find((each) => each.role === role)?.accuracy.value;
  const rules = accuracyOf("baseline");
  return rules !== undefined && rules >= gate.rulesShare * accuracyOf("champion")!;
}

async function readHeldBack(
  deps: EvaluationDeps,
  context: Context,
  from: { definition: FunctionDefinition; dataset: string },
): Promise<HeldBackRow[]> {
  const { dataset, path } = await deps.data.snapshot(context, from.dataset);
  const { labelColumn, featureColumns } = dataset;
  if (labelColumn === null)
    throw new AppError("invalid_request", `The dataset ${from.dataset} has no label column, so nothing can be compared on it.`);
  const found = await deps.lake.readParquet(path, {
    columns: [...featureColumns, labelColumn],
    where: [{ column: "_split", operator: "=", value: "holdout" }],
  });
  const rows: HeldBackRow[] = [];
  for (const { [labelColumn]: label, ...features } of found) {
    // What the function would refuse in traffic says nothing about its variants.
    const input = from.definition.input.safeParse(features);
    if (input.success && label !== null && label !== undefined) rows.push({ input: input.data, label: String(label) });
  }
  if (rows.length === 0)
    throw new AppError(
      "invalid_request",
      `The dataset ${from.dataset} holds no labelled row back that "${from.definition.name}" would accept.`,
    );
  return rows;
}

function score(
  role: Score["role"],
  candidate: Candidate,
  seen: { rows: readonly HeldBackRow[]; answers: readonly Answer[]; right: readonly boolean[] },
): Score {
  const { rows, answers, right } = seen;
  const confident = answers.every((answer) => answer.confidence !== null);
  return {
    role,
    candidate: nameOf(candidate),
    accuracy: wilson(count(right), right.length),
    ece: confident
      ? expectedCalibrationError(
          answers.map((answer) => answer.confidence!),
          right,
        )
      : null,
    slices: sliceByLabel(rows, right),
  };
}

/** Accuracy on the rows of each true label: that label's recall. */
function sliceByLabel(rows: readonly HeldBackRow[], right: readonly boolean[]): Score["slices"] {
  return [...new Set(rows.map((row) => row.label))].sort().map((label) => {
    const own = right.filter((_, index) => rows[index]!.label === label);
    return { slice: `label=${label}`, metric: "recall", estimate: wilson(count(own), own.length) };
  });
}

function count(right: readonly boolean[]): number {
  return right.reduce((sum, each) => sum + (each ? 1 : 0), 0);
}

/** For people: `model triage-mail@2` or `rules`. */
export function nameOf(candidate: Candidate): string {
  if (candidate.kind === "model") return `model ${candidate.model}@${candidate.version}`;
  return candidate.kind === "binding" ? candidate.label : candidate.variant;
}
