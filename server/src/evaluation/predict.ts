import { AppError, type Context, Deadline, isAppError } from "../core/index.ts";
import type { FunctionDefinition } from "../functions/index.ts";
import type { Candidate, EvaluationDeps } from "./types.ts";

/** One held-back row: what the function would be asked, and what was right. */
export interface HeldBackRow {
  readonly input: Record<string, unknown>;
  readonly label: string;
}

/** What a candidate said about one row; `label` is null when it abstained. */
export interface Answer {
  readonly label: string | null;
  readonly confidence: number | null;
}

type PredictDeps = Pick<EvaluationDeps, "models" | "functions">;

/** Answers of one candidate to all rows, in their order. */
export async function predict(
  deps: PredictDeps,
  context: Context,
  ask: { definition: FunctionDefinition; candidate: Candidate; rows: readonly HeldBackRow[]; signal: AbortSignal },
): Promise<Answer[]> {
  return ask.candidate.kind === "model"
    ? predictWithModel(deps, context, { ...ask, candidate: ask.candidate })
    : predictWithVariant(deps, context, { ...ask, candidate: ask.candidate });
}

interface Ask<C> {
  readonly definition: FunctionDefinition;
  readonly candidate: C;
  readonly rows: readonly HeldBackRow[];
  readonly signal: AbortSignal;
}

async function predictWithModel(deps: PredictDeps, context: Context, ask: Ask<Extract<Candidate, { kind: "model" }>>): Promise<Answer[]> {
  const { definition, candidate, rows, signal } = ask;
  const reference = await deps.models.resolve(context, { model: candidate.model, version: candidate.version });
  if (reference === null)
    throw new AppError("unknown_model", `There is no model ${candidate.model}@${candidate.version}.`, { details: { ...candidate } });
  const spec = Object.values(definition.variants).find((variant) => variant.kind === "model" && variant.model === candidate.model);
  if (spec?.kind !== "model")
    throw new AppError("invalid_request", `No variant of "${definition.name}" uses the model "${candidate.model}".`);
  const inputs = rows.map((row) => (spec.inputs === undefined ? row.input : spec.inputs(row.input as never)));
  const predictions = await deps.models.predictMany(context, reference, inputs, { deadline: new Deadline(Infinity, signal) });
  if (spec.output === undefined && predictions.some(({ value }) => value !== undefined))
    throw new AppError(
      "invalid_request",
      `The model ${candidate.model}@${candidate.version} answers with numbers, and labels are what is compared; give its variant an \`output\` with a label.`,
    );
  return predictions.map((prediction, index) => {
    const output =
      spec.output === undefined
        ? { label: prediction.label, confidence: prediction.confidence }
        : (spec.output(prediction, rows[index]!.input) as Record<string, unknown>);
    return { label: definition.labelOf(output), confidence: definition.confidenceOf(output) };
  });
}

async function predictWithVariant(deps: PredictDeps, context: Context, ask: Ask<Exclude<Candidate, { kind: "model" }>>): Promise<Answer[]> {
  const { definition, candidate, rows, signal } = ask;
  const which = candidate.kind === "binding" ? { binding: candidate.binding } : { variant: candidate.variant };
  const answers: Answer[] = [];
  for (const row of rows) {
    signal.throwIfAborted();
    answers.push(await runOnce());
    async function runOnce(): Promise<Answer> {
      try {
        const { label, confidence } = await deps.functions.runVariant(context, {
          function: definition.name,
          ...which,
          input: row.input,
          signal,
        });
        return { label, confidence };
      } catch (error) {
        // In traffic a failing variant gives no answer either; a missing model or a cancelled run is another matter.
        if (signal.aborted || (isAppError(error) && error.code === "model_not_ready")) throw error;
        return { label: null, confidence: null };
      }
    }
  }
  return answers;
}
