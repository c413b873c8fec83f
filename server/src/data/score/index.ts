import { readPredictions } from "./read-predictions.ts";
import { scoreClassification } from "./score-classification.ts";
import { scoreRanking, scoreRegression } from "./score-numbers.ts";
import type { ScoreOptions, ScoreReport } from "./types.ts";

export type { ScoreOptions, ScoreReport };

/**
 * Scores a file of predictions, one JSON object a line: `{ truth, score | probabilities | label, group?, query?, columns? }`. Figures come with 95% intervals
 * where a formula gives one. `invalid_request` names the line that is wrong.
 */
export async function scorePredictions(path: string, options: ScoreOptions): Promise<ScoreReport> {
  switch (options.task) {
    case "classification":
      return scoreClassification(await readPredictions(path, "classification"), options);
    case "regression":
      return scoreRegression(await readPredictions(path, "regression"), options);
    case "ranking":
      return scoreRanking(await readPredictions(path, "ranking"), options);
  }
}
