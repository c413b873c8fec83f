import type { InferResponse } from "@millrace/contract";
import type { AppError } from "../../core/index.ts";
import type { InferAnswer } from "../types.ts";
import type { AnsweredRow, EarlierAnswer } from "./repository.ts";
import type { BatchRow } from "./types.ts";

type Cost = AnsweredRow["cost"];

/** The answer of a row as its line of the result. */
export function lineOfAnswer(row: number, answer: InferAnswer): AnsweredRow {
  const { inferenceId, output, variant, binding, fallback, latencyMs } = JSON.parse(answer.body) as InferResponse;
  const cost = answer.spending === undefined ? null : (answer.spending.cost.amount ?? "unknown");
  return answered({ row, status: "ok", output, variant, binding, fallback, latencyMs, inferenceId, error: null }, cost);
}

/** The same from the evidence of a run that was cut before the line was kept; null where its body is gone. */
export function lineOfEarlier(row: number, earlier: EarlierAnswer): AnsweredRow | null {
  const { inferenceId, variant, binding, fallback, latencyMs } = earlier;
  if (earlier.output === null || earlier.produced === null) return null;
  const output: unknown = JSON.parse(earlier.output);
  return answered(
    { row, status: "ok", output, variant, binding, fallback, latencyMs, inferenceId, error: null },
    costOf(JSON.parse(earlier.produced)),
  );
}

export function lineOfError(row: number, { code, message, details }: Pick<AppError, "code" | "message" | "details">): AnsweredRow {
  const { inferenceId } = details;
  return answered(
    {
      row,
      status: "failed",
      output: null,
      variant: null,
      binding: null,
      fallback: false,
      latencyMs: null,
      inferenceId: typeof inferenceId === "string" ? inferenceId : null,
      // What a bug says of itself is for the log.
      error: { code, message: code === "internal" ? "Something went wrong here." : message },
    },
    null,
  );
}

function answered(line: Omit<BatchRow, "cost">, cost: Cost): AnsweredRow {
  const { error, ...rest } = line;
  const written: BatchRow = { ...rest, cost: cost === "unknown" ? null : cost, error };
  return { row: line.row, status: line.status, line: JSON.stringify(written), cost };
}

/** `produced` of an inference names a cost only where a model was asked. */
function costOf(produced: { readonly cost?: { readonly amount?: string | null } | null }): Cost {
  return produced.cost === undefined ? null : (produced.cost?.amount ?? "unknown");
}
