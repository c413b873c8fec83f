import { AppError, type Context, systemContext } from "../../core/index.ts";
import { exportHour } from "./export-hour.ts";
import { closeAfterMs, hourAfter, hourMs, hourName, hourOf, idsOf } from "./hours.ts";
import { recordsInFiles, recordsInSql } from "./records.ts";
import type { RetainedKind } from "./periods.ts";
import { type LateHour, findHour, firstId, lastClosedHour, listLate, listProjects, unmarkLate } from "./repository.ts";
import { deleteFromDefault } from "./retention-repository.ts";
import type { ArchiveDeps, ArchiveKind, ClosedHours } from "./types.ts";

const sliceRows = 500;
const kinds: readonly ArchiveKind[] = ["inferences", "shadows"];

/** Closes the hours of every project that are over, oldest first, then those that got late records. Catches up after any pause. */
export async function closeHours(deps: ArchiveDeps, signal: AbortSignal | undefined): Promise<ClosedHours> {
  const total = { hours: 0, files: 0, rows: 0 };
  async function close(context: Context, hour: { kind: ArchiveKind; hour: string; late: boolean }): Promise<void> {
    // An hour is sealed even when its files cannot be written; late records need the files that hold what has left SQL.
    if (!hour.late) await sealHour(context, hour, deps);
    const { files, rows } = await exportHour(context, { ...hour, signal }, deps);
    if (hour.late) await sealHour(context, hour, deps);
    total.hours += 1;
    total.files += files;
    total.rows += rows;
  }

  async function closeDue(context: Context, kind: ArchiveKind): Promise<void> {
    for (;;) {
      const hour = await nextHour(context, kind, deps);
      if (hour === null) return;
      await close(context, { kind, hour, late: false });
    }
  }

  async function closeLate(context: Context, late: LateHour): Promise<void> {
    const last = await deps.sql.as(context, (tx) => lastClosedHour(tx, late.kind, deps.clock.now()));
    if (last === null || late.hour > last) return; // Still open: the mark waits with it.
    await close(context, { ...late, late: true });
    await dropCold(context, late, deps);
    await deps.sql.as(context, (tx) => unmarkLate(tx, late));
  }

  const failures: unknown[] = [];
  /** One project's missing file keeps no other project's hours open. */
  async function attempt(what: { project: string; kind: ArchiveKind; hour?: string }, run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      if (signal?.aborted === true) throw error;
      deps.logger.error({ err: error, ...what }, "evidence could not be closed; the next run tries it again");
      failures.push(error);
    }
  }

  const projects = await Promise.all(kinds.map((kind) => listProjects(deps.sql, kind)));
  for (const project of new Set(projects.flat())) {
    const context = systemContext("functions", project);
    for (const kind of kinds) await attempt({ project, kind }, () => closeDue(context, kind));
    for (const late of await deps.sql.as(context, listLate))
      await attempt({ project, kind: late.kind, hour: late.hour }, () => closeLate(context, late));
  }
  if (failures.length > 0) throw failures[0];
  return total;
}

/** Late records of an hour whose time in SQL is over are in the default partition; now that they are in a file too, they go. */
async function dropCold(context: Context, late: LateHour, deps: ArchiveDeps): Promise<void> {
  const state = await deps.sql.as(context, (tx) => findHour(tx, late));
  const gone: RetainedKind[] = [];
  if (late.kind === "inferences" && state?.bodiesDroppedAt != null) gone.push("bodies");
  if (state?.droppedAt != null) gone.push(late.kind);
  for (const kind of gone) {
    for (let count = sliceRows; count === sliceRows;) {
      count = await deps.sql.as(context, async (tx) => {
        const deleted = await deleteFromDefault(tx, kind, { ...idsOf(late.hour), projectId: context.projectId, limit: sliceRows });
        const marks = (await listLate(tx)).find((each) => each.kind === late.kind && each.hour === late.hour)?.marks;
        if (marks !== late.marks) throw new AppError("conflict", `More records of ${late.hour} came meanwhile; the next run takes them.`);
        return deleted;
      });
    }
  }
}

/** Puts the hour's root into the audit log. Shadows answer nobody: they are not sealed. */
async function sealHour(context: Context, { kind, hour }: { kind: ArchiveKind; hour: string }, deps: ArchiveDeps): Promise<void> {
  if (kind !== "inferences") return;
  const state = await deps.sql.as(context, (tx) => findHour(tx, { kind, hour }));
  const isCold = state !== null && state.bodiesDroppedAt !== null;
  const records = isCold ? recordsInFiles(context, hour, deps) : recordsInSql(context, hour, deps);
  await deps.governance.seals.sealHour(context, { subject: "inferences", hour: hourName(hour), records });
}

/** The first hour with rows behind the last closed one, once its time is over. */
async function nextHour(context: Context, kind: ArchiveKind, deps: ArchiveDeps): Promise<string | null> {
  const id = await deps.sql.as(context, async (tx) => {
    const last = await lastClosedHour(tx, kind, deps.clock.now());
    return firstId(tx, kind, last === null ? "00000000-0000-0000-0000-000000000000" : idsOf(hourAfter(last)).from);
  });
  if (id === null) return null;
  const hour = hourOf(id);
  return deps.clock.now() < Date.parse(hour) + hourMs + closeAfterMs ? null : hour;
}
