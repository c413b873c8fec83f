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
    const { files, rows } = await exportHour(context, { ...hour, signal }, deps);
    // Sealed again only now: late records need the files that hold what has left SQL.
    if (hour.late && hour.kind === "inferences") await sealHour(context, hour.hour, deps);
    total.hours += 1;
    total.files += files;
    total.rows += rows;
  }

  async function closeDue(context: Context, kind: ArchiveKind): Promise<void> {
    for (let hour = await nextHour(context, { kind }, deps); hour !== null; hour = await nextHour(context, { kind }, deps))
      await close(context, { kind, hour, late: false });
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
    await attempt({ project, kind: "inferences" }, () => sealDue(context, deps, signal));
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

/**
 * Seals every hour that is over, whether its files can be written or not; shadows answer nobody and are not sealed. What was
 * changed since an hour was sealed is not sealed over: only late records are a reason to seal it again.
 */
async function sealDue(context: Context, deps: ArchiveDeps, signal: AbortSignal | undefined): Promise<void> {
  const kind = "inferences";
  let hour = await nextHour(context, { kind }, deps);
  if (hour === null) return;
  const sealed = new Set(await deps.governance.seals.sealedHours(context, kind));
  const late = new Set((await deps.sql.as(context, listLate)).filter((each) => each.kind === kind).map((each) => each.hour));
  for (; hour !== null && signal?.aborted !== true; hour = await nextHour(context, { kind, after: hour }, deps))
    if (!sealed.has(hourName(hour)) || late.has(hour)) await sealHour(context, hour, deps);
}

/** Puts the root of an hour's inferences into the audit log. */
async function sealHour(context: Context, hour: string, deps: ArchiveDeps): Promise<void> {
  const state = await deps.sql.as(context, (tx) => findHour(tx, { kind: "inferences", hour }));
  const isCold = state !== null && state.bodiesDroppedAt !== null;
  const records = isCold ? recordsInFiles(context, hour, deps) : recordsInSql(context, hour, deps);
  await deps.governance.seals.sealHour(context, { subject: "inferences", hour: hourName(hour), records });
}

/** The first hour with rows behind one, or behind the last closed one, once its time is over. */
async function nextHour(
  context: Context,
  { kind, after }: { kind: ArchiveKind; after?: string },
  deps: ArchiveDeps,
): Promise<string | null> {
  const id = await deps.sql.as(context, async (tx) => {
    const last = after ?? (await lastClosedHour(tx, kind, deps.clock.now()));
    return firstId(tx, kind, last === null ? "00000000-0000-0000-0000-000000000000" : idsOf(hourAfter(last)).from);
  });
  if (id === null) return null;
  const hour = hourOf(id);
  return deps.clock.now() < Date.parse(hour) + hourMs + closeAfterMs ? null : hour;
}
