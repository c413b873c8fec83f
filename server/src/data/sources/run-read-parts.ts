import { isAppError, runTask } from "../../core/index.ts";
import type { ReadJob, ReadProgress } from "./read-parts.ts";
import type { CellType, PartReport } from "./types.ts";

export interface ReadRows {
  readonly reports: readonly PartReport[];
  readonly rows: number;
  readonly known: Readonly<Record<string, CellType>>;
}

export interface RunLimits {
  readonly memoryMb: number;
  readonly signal: AbortSignal;
}

/** Reads the parts in a task process. A part that brings its process down is set aside, and another process takes the rest. */
export async function runReadParts(job: Omit<ReadJob, "from">, limits: RunLimits): Promise<ReadRows> {
  const reports: PartReport[] = [];
  let from = { size: 0, rows: 0 };
  let { known } = job;
  function onProgress(progress: unknown): void {
    const { report, size, rows, known: learned } = progress as ReadProgress;
    reports.push(report);
    from = { size, rows };
    known = learned;
  }
  while (reports.length < job.parts.length) {
    const rest: ReadJob = { ...job, parts: job.parts.slice(reports.length), known, from };
    try {
      await runTask({ name: "./read-parts-task", base: import.meta.url }, rest, { ...limits, onProgress });
      break;
    } catch (error) {
      const part = job.parts[reports.length];
      const died = isAppError(error, "task_killed") || (isAppError(error, "task_failed") && "exitCode" in error.details);
      if (!died || limits.signal.aborted || part === undefined) throw error;
      const reason = `reading it brought its process down (${limits.memoryMb} MiB, \`data.buildMemoryMb\`); it may hold more than fits`;
      reports.push({ name: part.name, rows: 0, notes: [], refused: { name: part.name, reason } });
    }
  }
  return { reports, rows: from.rows, known };
}
