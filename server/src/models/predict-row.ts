import { AppError, roundMs } from "../core/index.ts";
import { indexOfLargest } from "./evaluate-rows.ts";
import { type Cell, expectations, readCell } from "./read-cell.ts";
import type { RowAnswer, Runtime } from "./runtime/create-runtime.ts";
import type { InputRow } from "./runtime/protocol.ts";
import type { ModelInputs, ModelReference, ModelSignature, PredictOptions, Prediction } from "./types.ts";

interface Asked {
  readonly reference: ModelReference;
  readonly signature: ModelSignature;
  readonly inputs: ModelInputs;
}

/** One row through the runtime: inputs in the signature's order, the answer by label, the step in the evidence. */
export async function predictRow(runtime: Runtime, asked: Asked, options: PredictOptions): Promise<Prediction> {
  const { reference } = asked;
  const { evidence } = options;
  const startMs = evidence?.elapsed() ?? 0;
  try {
    const answer = await runtime.run(reference.hash, readRow(asked), options.deadline);
    evidence?.step({
      name: `${reference.model}@${reference.version}`,
      kind: "model",
      startMs: roundMs(startMs),
      durationMs: roundMs(evidence.elapsed() - startMs),
      status: "ok",
      details: { hash: reference.hash, batch: answer.batch, waitMs: roundMs(answer.waitMs), runMs: roundMs(answer.runMs) },
    });
    return toPrediction(asked, answer);
  } catch (error) {
    evidence?.step({
      name: `${reference.model}@${reference.version}`,
      kind: "model",
      startMs: roundMs(startMs),
      durationMs: roundMs(evidence.elapsed() - startMs),
      status: error instanceof AppError && error.code === "deadline_exceeded" ? "timeout" : "failed",
      error: error instanceof AppError ? error.code : "internal",
    });
    throw error;
  }
}

function readRow(asked: Asked): InputRow {
  return asked.signature.inputs.map((input) => readInput(asked, input));
}

/** Text is cut here already: what the model does not read need not travel to its thread. */
function readInput({ reference, signature, inputs }: Asked, { name, type }: ModelSignature["inputs"][number]): Cell {
  const value = inputs[name];
  const model = `${reference.model}@${reference.version}`;
  if (value === undefined) {
    throw new AppError("invalid_input", `The model ${model} needs the input "${name}"; null says that it is empty.`, {
      details: { input: name },
    });
  }
  const cell = readCell(type, value);
  if (cell === undefined) {
    throw new AppError(
      "invalid_input",
      `The model ${model} needs ${expectations[type]} as the input "${name}", or null; it got ${shown(value)}.`,
      {
        details: { input: name, type },
      },
    );
  }
  if (cell === null && signature.graph !== undefined && (type === "integer" || type === "boolean")) {
    throw new AppError(
      "invalid_input",
      `The model ${model} cannot do without the input "${name}": its file has no way to say that it is missing.`,
      {
        details: { input: name, type },
      },
    );
  }
  return type === "text" && typeof cell === "string" && cell.length > signature.text.maxCharacters
    ? cell.slice(0, signature.text.maxCharacters)
    : cell;
}

/** Of text only that it is one: what people sent is no part of a message. */
function shown(value: unknown): string {
  return typeof value === "number" ? String(value) : typeof value === "object" ? "an object or a list" : `a ${typeof value}`;
}

/** Most callers want the top label alone; the others by name are put together when they are asked for. */
function toPrediction({ reference, signature }: Asked, { probabilities }: RowAnswer): Prediction {
  const { task, labels, graph, conformal } = signature;
  if (graph !== undefined && !probabilities.every(Number.isFinite)) {
    const model = `${reference.model}@${reference.version}`;
    throw new AppError(
      "invalid_output",
      `The imported model ${model} answered this row with what is no finite number. Does it take missing values?`,
    );
  }
  if (task === "regression") return { label: "", confidence: 0, probabilities: {}, ...around(probabilities[0]!, conformal) };
  const best = indexOfLargest(probabilities);
  return {
    label: labels[best]!,
    confidence: probabilities[best]!,
    get probabilities() {
      return Object.fromEntries(labels.map((label, index) => [label, probabilities[index]!]));
    },
    get set() {
      return conformal === undefined ? labels : labels.filter((_, index) => 1 - probabilities[index]! <= conformal.bound);
    },
  };
}

function around(value: number, conformal: ModelSignature["conformal"]): Pick<Prediction, "value" | "low" | "high"> {
  return conformal === undefined ? { value } : { value, low: value - conformal.bound, high: value + conformal.bound };
}
