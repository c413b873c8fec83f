import { DBOS } from "@dbos-inc/dbos-sdk";
import { AppError, type Context, isAppError, toAppError } from "../core/index.ts";
import type { Tx } from "../storage/index.ts";
import { claimEffect, readEffect, storeEffect } from "./repository.ts";
import { isLostDatabase } from "./retry-pool.ts";
import type { StepOptions, StepRun, WorkflowName, WorkflowRun } from "./types.ts";

/** What the engine stores as a workflow's one argument. */
export interface Envelope {
  readonly context: Context;
  readonly input: unknown;
}

export interface RunDeps {
  /** Aborts when this process closes. */
  readonly closing: AbortSignal;
  /** A signal that aborts when this workflow is cancelled on this node, and how to let go of it. */
  watch(workflowId: string): { signal: AbortSignal; release(): void };
}

/**
 * Work that must leave no trace any more: the process closes, and the next node runs it again. It never settles, because
 * the engine would write down a rejection as the workflow's own failure.
 */
function abandoned(): Promise<never> {
  return new Promise<never>(() => {});
}

/** Runs one workflow's code with its steps, inside the engine's own context. */
export async function runWorkflow<I, O>(
  deps: RunDeps,
  definition: { name: WorkflowName; run: (workflow: WorkflowRun, input: I) => Promise<O> },
  envelope: Envelope,
): Promise<O> {
  const workflowId = DBOS.workflowID!;
  const watch = deps.watch(workflowId);
  const signal = AbortSignal.any([watch.signal, deps.closing]);
  const names = new Set<string>();

  async function guarded<T>(run: () => Promise<T>): Promise<T> {
    if (deps.closing.aborted) return abandoned();
    try {
      return await run();
    } catch (error) {
      if (deps.closing.aborted) return abandoned();
      throw error;
    }
  }

  function step<T>(name: string, run: (step: StepRun) => Promise<T>, options: StepOptions = {}): Promise<T> {
    if (names.has(name)) {
      throw new AppError(
        "internal",
        `The workflow ${definition.name} has two steps called "${name}". Effects are unique by step name: give each its own.`,
      );
    }
    names.add(name);
    return guarded(() => DBOS.runStep(() => attempt(name, run, options), { name }));
  }

  async function attempt<T>(name: string, run: (step: StepRun) => Promise<T>, options: StepOptions): Promise<T> {
    // The engine's signal hears of a cancel made on another node, within a second.
    const stepSignal = AbortSignal.any([signal, DBOS.stepStatus!.cancelSignal]);
    for (let tried = 1; ; tried++) {
      const stepRun: StepRun = {
        workflowId,
        step: name,
        signal: stepSignal,
        once: createOnce({ projectId: envelope.context.projectId, workflowId, step: name }),
      };
      try {
        return plain(await run(stepRun));
      } catch (error) {
        if (deps.closing.aborted) return abandoned();
        if (stepSignal.aborted || !mayRetry(error, tried, options)) throw error;
        await pause(Math.min(2 ** (tried - 1) * (isLostDatabase(error) ? 100 : 1000), 10_000), stepSignal);
      }
    }
  }

  const workflow: WorkflowRun = {
    workflowId,
    context: { ...envelope.context, signal },
    signal,
    step,
    sleep: (ms) => guarded(() => DBOS.sleep(ms)),
    waitFor: <T>(topic: string, timeoutMs: number) => guarded(() => DBOS.recv<T>(topic, { timeoutSeconds: timeoutMs / 1000 })),
  };
  try {
    return plain(await guarded(() => definition.run(workflow, envelope.input as I)));
  } finally {
    watch.release();
  }
}

const passingSqlStates = new Set(["40001", "40P01"]);

/**
 * A lost database passes by itself, and a transaction that was rolled back because the machine was slow or another was faster
 * left nothing behind: neither uses up an attempt, within a bound.
 */
function mayRetry(error: unknown, tried: number, options: StepOptions): boolean {
  if (isLostDatabase(error)) return tried < 200;
  if (isAppError(error, "transaction_too_long") || passingSqlStates.has(String((error as { code?: unknown } | null)?.code)))
    return tried < 10;
  return tried < (options.attempts ?? 1) && (!isAppError(error) || toAppError(error).kind === "operational");
}

function createOnce(key: { projectId: string; workflowId: string; step: string }): StepRun["once"] {
  return async function once<T>(tx: Tx, run: () => Promise<T>): Promise<T> {
    if (await claimEffect(tx, key)) {
      const result = plain(await run());
      await storeEffect(tx, key, result);
      return result;
    }
    return (await readEffect(tx, key)) as T;
  };
}

/** The value as JSON would bring it back, so that the first run sees what a replay sees. */
function plain<T>(value: T): T {
  return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });
}
