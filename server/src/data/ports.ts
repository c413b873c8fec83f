import type { Tx } from "../storage/index.ts";

/** The workflow a piece of work runs in, as jobs gives it. */
export interface WorkflowRun {
  readonly workflowId: string;
  /** Runs work outside SQL; at least once, its result is kept. */
  step<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** One transaction whose effect happens once, however often the step runs. */
  once<T>(name: string, work: (tx: Tx) => Promise<T>): Promise<T>;
}
