import { stat } from "node:fs/promises";
import { join } from "node:path";
import { type Context, idTime, systemContext } from "../../core/index.ts";
import { hashFile } from "../../storage/index.ts";
import { hourAfter, hourName, hourOf, idsOf } from "./hours.ts";
import { type Period, type RetainedKind, cutoff, idsOfPeriod, partitionOf, periodOf, periodOfPartition } from "./periods.ts";
import { countRows, firstIn, hasBodies, hasLate, listHoursToDrop, listPartitions } from "./retention-repository.ts";
import { findHour, listFiles, listProjects } from "./repository.ts";
import type { ArchiveDeps, ArchiveKind, DueEvidence } from "./types.ts";

const kinds: readonly RetainedKind[] = ["bodies", "inferences", "shadows"];

/** A period whose time in SQL is over. */
export interface DuePeriod extends DueEvidence {
  readonly period: Period;
  /** False when the partition is gone, or never was: rows may be in the default one. */
  readonly hasPartition: boolean;
}

/**
 * Every period that is over, oldest first, with what it holds, and why it has to stay if it has to. `thorough` reads the files it
 * relies on; otherwise their sizes are trusted.
 */
export async function planRetention(deps: ArchiveDeps, options: { readonly thorough: boolean }): Promise<DuePeriod[]> {
  const due: DuePeriod[] = [];
  for (const kind of kinds) {
    const projects = await listProjects(deps.sql, kind);
    const partitions = new Map((await listPartitions(deps.sql, kind)).map(({ name, bytes }) => [name, bytes]));
    for (const period of await periodsOver(kind, [...partitions.keys()], deps)) {
      const bytes = partitions.get(partitionOf(period));
      let [rows, blockedBy] = [0, await blockedAsAWhole(period, deps)];
      for (const projectId of projects) {
        const found = await inspect(systemContext("functions", projectId), period, { deps, thorough: options.thorough });
        rows += found.rows;
        blockedBy ??= found.blockedBy;
      }
      due.push({ kind, name: period.name, rows, bytes: bytes ?? 0, blockedBy, period, hasPartition: bytes !== undefined });
    }
  }
  return due;
}

async function periodsOver(kind: RetainedKind, partitions: readonly string[], { sql, clock, retention }: ArchiveDeps): Promise<Period[]> {
  const end = cutoff(kind, clock.now(), retention);
  const hours = await sql.system("retention", (tx) => listHoursToDrop(tx, kind, end));
  const periods = [
    ...partitions.map((name) => periodOfPartition(kind, name)),
    ...hours.map((hour) => periodOf(kind, Date.parse(hour))),
  ].filter((period) => period !== null && period.to <= end) as Period[];
  return [...new Map(periods.map((period) => [period.name, period])).values()].toSorted((one, other) => one.from - other.from);
}

async function blockedAsAWhole(period: Period, { sql }: ArchiveDeps): Promise<string | null> {
  return sql.system("retention", async (tx) => {
    if (await hasLate(tx, period)) return "records came late and are not in a file yet";
    if (period.kind === "inferences" && (await hasBodies(tx, period))) return "bodies of this month are still in SQL";
    return null;
  });
}

/** Goes from hour to hour over a project's rows of a period: each must be closed, complete, and in files that are there. */
async function inspect(
  context: Context,
  period: Period,
  { deps, thorough }: { deps: ArchiveDeps; thorough: boolean },
): Promise<{ rows: number; blockedBy: string | null }> {
  const { to } = idsOfPeriod(period);
  const kind: ArchiveKind = period.kind === "shadows" ? "shadows" : "inferences";
  let rows = 0;
  let blockedBy: string | null = null;
  for (let { from } = idsOfPeriod(period); ;) {
    const start = from;
    const first = await deps.sql.as(context, (tx) => firstIn(tx, period.kind, { from: start, to }));
    if (first === null || idTime(first) >= period.to) return { rows, blockedBy };
    const hour = hourOf(first);
    const here = await countRows(deps.sql, context, { kind: period.kind, ...idsOf(hour) });
    const { state, files } = await deps.sql.as(context, async (tx) => ({
      state: await findHour(tx, { kind, hour }),
      files: await listFiles(tx, { kind, hour }),
    }));
    rows += here;
    const written = files.reduce((sum, file) => sum + file.rows, 0);
    if (state === null || written < here) blockedBy ??= `${hourName(hour)} is not in a file yet`;
    for (const file of files) blockedBy ??= await fileProblem(join(deps.lakeFolder, file.path), { ...file, thorough });
    from = idsOf(hourAfter(hour)).from;
  }
}

async function fileProblem(path: string, file: { path: string; bytes: number; sha256: string; thorough: boolean }): Promise<string | null> {
  const found = await stat(path).catch(() => null);
  if (found === null) return `the file ${file.path} of the lake is missing`;
  const isSame = found.size === file.bytes && (!file.thorough || (await hashFile(path)).hash === file.sha256);
  return isSame ? null : `the file ${file.path} of the lake is not the one that was written`;
}
