import { type AnsweredPair, type Calibration, type CalibrationGoal, calibrate } from "./calibrate.ts";

/** Pairs are kept by how alike they are, so that many of one kind do not push out the few of another. */
const bands = 50;
const mostInBand = 100;

export interface FunctionCalibration extends Calibration {
  readonly function: string;
  readonly pairs: number;
}

/** What each function's own traffic has shown, since this node started. */
export interface Calibrations {
  add(projectId: string, name: string, pair: AnsweredPair): void;
  thresholdOf(projectId: string, name: string): number | null;
  list(projectId: string): FunctionCalibration[];
}

interface Learned {
  readonly projectId: string;
  readonly function: string;
  readonly pairs: Map<number, AnsweredPair[]>;
  calibration: Calibration;
}

export function createCalibrations(goal: CalibrationGoal): Calibrations {
  const functions = new Map<string, Learned>();
  const keyOf = (projectId: string, name: string) => `${projectId} ${name}`;

  return {
    add(projectId, name, pair) {
      const key = keyOf(projectId, name);
      const learned = functions.get(key) ?? { projectId, function: name, pairs: new Map(), calibration: calibrate([], goal) };
      functions.set(key, learned);
      const band = Math.floor(pair.similarity * bands);
      const own = learned.pairs.get(band) ?? [];
      learned.pairs.set(band, [...own.slice(1 - mostInBand), pair]);
      learned.calibration = calibrate([...learned.pairs.values()].flat(), goal);
    },
    thresholdOf: (projectId, name) => functions.get(keyOf(projectId, name))?.calibration.threshold ?? null,
    list: (projectId) =>
      [...functions.values()]
        .filter((each) => each.projectId === projectId)
        .map(({ function: name, pairs, calibration }) => ({ function: name, pairs: [...pairs.values()].flat().length, ...calibration })),
  };
}
