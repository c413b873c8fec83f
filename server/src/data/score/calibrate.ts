import {
  applyIsotonic,
  applyTemperature,
  conformalBound,
  conformalSet,
  expectedCalibrationError,
  fitIsotonic,
  fitTemperature,
  logLoss,
  wilson,
} from "../../statistics/index.ts";
import { crossHalves } from "./halves.ts";
import type { CalibrationScore, ConformalScore } from "./types.ts";

type Rows = readonly (readonly number[])[];

/** How well the probabilities keep their word: as they are, and as each way of mending would leave them on rows it did not see. */
export function compareCalibrations(probabilities: Rows, truth: readonly number[]): CalibrationScore[] {
  const halves = crossHalves(probabilities.length);
  if (halves === null) return [];
  const scores = [measure("as given", probabilities, truth)];
  for (const [method, fit] of [
    ["temperature", fitScale],
    ["isotonic", fitCurves],
  ] as const) {
    const mended: (readonly number[])[] = [...probabilities];
    for (const half of halves) {
      const apply = fit(
        half.learn.map((row) => probabilities[row]!),
        half.learn.map((row) => truth[row]!),
      );
      for (const row of half.measure) mended[row] = apply(probabilities[row]!);
    }
    scores.push(measure(method, mended, truth));
  }
  return scores;
}

type Mend = (row: readonly number[]) => number[];

function fitScale(rows: Rows, truth: readonly number[]): Mend {
  const temperature = fitTemperature(rows, truth);
  return (row) => applyTemperature(row, temperature);
}

/** One curve a label, one against the rest (Zadrozny and Elkan 2002), brought back to a sum of 1. */
function fitCurves(rows: Rows, truth: readonly number[]): Mend {
  const curves = rows[0]!.map((_, label) =>
    fitIsotonic(
      rows.map((row) => row[label]!),
      truth.map((is) => (is === label ? 1 : 0)),
    ),
  );
  return (row) => {
    const mended = row.map((p, label) => applyIsotonic(curves[label]!, p));
    const sum = mended.reduce((total, p) => total + p, 0);
    return sum === 0 ? [...row] : mended.map((p) => p / sum);
  };
}

function measure(method: CalibrationScore["method"], rows: Rows, truth: readonly number[]): CalibrationScore {
  const tops = rows.map((row) => row.indexOf(Math.max(...row)));
  return {
    method,
    ece: expectedCalibrationError(
      rows.map((row, index) => row[tops[index]!]!),
      tops.map((top, index) => top === truth[index]),
    ),
    logLoss: logLoss(rows.map((row, index) => row[truth[index]!]!)),
  };
}

/** Sets of labels that are to hold the truth with the promised probability, and how often they did. */
export function measureSets(probabilities: Rows, truth: readonly number[], promised: number): ConformalScore | null {
  const halves = crossHalves(probabilities.length);
  if (halves === null) return null;
  let [held, size] = [0, 0];
  for (const { learn, measure: rows } of halves) {
    const bound = conformalBound(
      learn.map((row) => 1 - probabilities[row]![truth[row]!]!),
      promised,
    );
    for (const row of rows) {
      const labels = conformalSet(probabilities[row]!, bound);
      held += labels.includes(truth[row]!) ? 1 : 0;
      size += labels.length;
    }
  }
  return { promised, covered: wilson(held, probabilities.length), size: size / probabilities.length };
}

/** Spans around a predicted number that are to hold the truth with the promised probability, and how often they did. */
export function measureSpans(errors: readonly number[], promised: number): ConformalScore | null {
  const halves = crossHalves(errors.length);
  if (halves === null) return null;
  let [held, width] = [0, 0];
  for (const { learn, measure: rows } of halves) {
    const bound = conformalBound(
      learn.map((row) => errors[row]!),
      promised,
    );
    held += rows.filter((row) => errors[row]! <= bound).length;
    width += 2 * bound * rows.length;
  }
  return Number.isFinite(width) ? { promised, covered: wilson(held, errors.length), size: width / errors.length } : null;
}
