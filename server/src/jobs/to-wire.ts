import type { WorkflowStatus } from "@dbos-inc/dbos-sdk";
import { errorTable, type ErrorCode, type Workflow, type WorkflowDetail } from "@millrace/contract";
import { AppError } from "../core/index.ts";
import type { Envelope } from "./run-workflow.ts";

const statuses: Record<string, Workflow["status"]> = {
  ENQUEUED: "queued",
  DELAYED: "queued",
  PENDING: "running",
  SUCCESS: "succeeded",
  ERROR: "failed",
  MAX_RECOVERY_ATTEMPTS_EXCEEDED: "failed",
  CANCELLED: "cancelled",
};

/** The engine's names of one of our statuses. */
export function engineStatuses(status: Workflow["status"]): string[] {
  return Object.keys(statuses).filter((key) => statuses[key] === status);
}

/** An executor id is `<node's name>#<process's id>`: the node can be read off it after its row is gone. */
export function executorIdOf(nodeId: string, processId: string): string {
  return `${nodeId}#${processId}`;
}

export function processOf(executorId: string): string {
  return executorId.slice(executorId.lastIndexOf("#") + 1);
}

export function toWorkflow(status: WorkflowStatus): Workflow {
  const { envelope } = readInput(status);
  return {
    id: status.workflowID,
    name: status.workflowName,
    status: statuses[status.status] ?? "failed",
    node:
      status.status === "ENQUEUED" || !status.executorId?.includes("#")
        ? null
        : status.executorId.slice(0, status.executorId.lastIndexOf("#")),
    attempts: status.recoveryAttempts ?? 0,
    createdAt: instant(status.createdAt),
    updatedAt: instant(status.updatedAt ?? status.createdAt),
    input: envelope?.input ?? null,
    output: status.output ?? null,
    error:
      messageOf(status.error) ??
      (status.status === "MAX_RECOVERY_ATTEMPTS_EXCEEDED" ? "It was started too often without reaching its end." : null),
  };
}

/** The project a workflow belongs to, by the input it was started with. */
export function projectOf(status: WorkflowStatus): string | undefined {
  return readInput(status).envelope?.context.projectId;
}

function readInput(status: WorkflowStatus): { envelope: Envelope | undefined } {
  return { envelope: status.input?.[0] as Envelope | undefined };
}

interface EngineStep {
  readonly functionID: number;
  readonly name: string;
  readonly error: unknown;
  readonly startedAtEpochMs?: number;
  readonly completedAtEpochMs?: number;
}

export function toStep(step: EngineStep): WorkflowDetail["steps"][number] {
  return {
    index: step.functionID,
    name: step.name.replace(/^DBOS\./, ""),
    status: step.error ? "failed" : "ok",
    startedAt: step.startedAtEpochMs === undefined ? null : instant(step.startedAtEpochMs),
    completedAt: step.completedAtEpochMs === undefined ? null : instant(step.completedAtEpochMs),
    error: messageOf(step.error),
  };
}

function instant(epochMs: number): string {
  return new Date(Number(epochMs)).toISOString();
}

function messageOf(error: unknown): string | null {
  if (error === null || error === undefined) return null;
  return error instanceof Error ? error.message : ((error as { message?: string }).message ?? JSON.stringify(error));
}

/** What a workflow threw, as it was before the engine wrote it down: our errors come back as `AppError`. */
export function reviveError(error: unknown): unknown {
  const plain = error as { name?: string; code?: string; message?: string; details?: Record<string, unknown> } | null;
  if (error instanceof AppError || plain?.name !== "AppError" || plain.code === undefined || !(plain.code in errorTable)) return error;
  return new AppError(plain.code as ErrorCode, plain.message, { details: plain.details ?? {}, cause: error });
}
