import { type Context, isAppError } from "../../core/index.ts";
import type { EvidenceCheck, SealedRecord } from "../../governance/index.ts";
import { recordsHalfInSql, recordsInFiles, recordsInSql } from "./records.ts";
import { type HourState, findHour, listFiles, listLate } from "./repository.ts";
import type { ArchiveDeps } from "./types.ts";

/** More of one hour would only repeat the same story. */
const namedOfHour = 20;

/** Every sealed hour of a project against its records: those in SQL, or those in files where the bodies have left SQL. */
export async function checkSeals(context: Context, deps: ArchiveDeps): Promise<EvidenceCheck> {
  const total = { hours: 0, records: 0, problems: [] as string[] };
  for (const name of await deps.governance.seals.sealedHours(context, "inferences")) {
    const hour = `${name}:00:00.000Z`;
    const { records, problems } = await checkHour(context, { name, hour }, deps);
    total.hours += 1;
    total.records += records;
    total.problems.push(...problems);
  }
  return total;
}

async function checkHour(
  context: Context,
  { name, hour }: { name: string; hour: string },
  deps: ArchiveDeps,
): Promise<{ records: number; problems: string[] }> {
  const state = await deps.sql.as(context, (tx) => findHour(tx, { kind: "inferences", hour }));
  const isCold = state !== null && state.bodiesDroppedAt !== null;
  const counted = count(isCold ? recordsInFiles(context, hour, deps) : recordsInSql(context, hour, deps));
  try {
    const verdict = await deps.governance.seals.checkHour(context, { subject: "inferences", hour: name, records: counted.records });
    const problems = await problemsOf(context, { name, hour, verdict, state }, deps);
    return { records: counted.seen(), problems };
  } catch (error) {
    if (!isAppError(error, "blob_corrupt")) throw error;
    return { records: counted.seen(), problems: [error.message] };
  }
}

function count(records: AsyncIterable<SealedRecord>): { records: AsyncIterable<SealedRecord>; seen(): number } {
  let seen = 0;
  async function* counting() {
    for await (const record of records) {
      seen += 1;
      yield record;
    }
  }
  return { records: counting(), seen: () => seen };
}

function unfitting(name: string): string {
  return `The inferences of ${name} no longer fit the seal of that hour.`;
}

interface CheckedHour {
  readonly name: string;
  readonly hour: string;
  readonly verdict: "intact" | "changed" | "unsealed";
  readonly state: HourState | null;
}

async function problemsOf(context: Context, checked: CheckedHour, deps: ArchiveDeps): Promise<string[]> {
  const { name, verdict, state } = checked;
  const isCold = state !== null && state.bodiesDroppedAt !== null;
  // Files that fit the seal prove nothing of the list rows that SQL still shows.
  const isHalf = isCold && state.droppedAt === null;
  if (verdict === "changed" && isCold) return [unfitting(name)];
  if (verdict !== "changed" && !isHalf) return [];
  const { changes, late } = await nameChanges(context, { ...checked, isHalf }, deps);
  return changes.length > 0 || late || verdict !== "changed" ? changes : [unfitting(name)];
}

/** Which records differ from the hour's files, whose hashes were written when the hour was closed. */
async function nameChanges(
  context: Context,
  { name, hour, isHalf }: { name: string; hour: string; isHalf: boolean },
  deps: ArchiveDeps,
): Promise<{ changes: string[]; late: boolean }> {
  const { files, late } = await deps.sql.as(context, async (tx) => ({
    files: await listFiles(tx, { kind: "inferences", hour }),
    late: (await listLate(tx)).some((each) => each.kind === "inferences" && each.hour === hour),
  }));
  const changes: string[] = [];
  if (files.length === 0) return { changes, late: false };
  const now = isHalf ? recordsHalfInSql(context, hour, deps) : recordsInSql(context, hour, deps);
  for await (const { id, change } of differences(now, recordsInFiles(context, hour, deps))) {
    // Late records are sealed with the next closing of their hour.
    if (change === "added" && late) continue;
    changes.push(`Inference ${id} ${changeText[change]} after its hour (${name}) was sealed.`);
    if (changes.length === namedOfHour) break;
  }
  return { changes, late };
}

const changeText = { altered: "was altered", removed: "was removed", added: "was added" } as const;

async function* differences(
  now: AsyncGenerator<SealedRecord>,
  before: AsyncGenerator<SealedRecord>,
): AsyncGenerator<{ id: string; change: keyof typeof changeText }> {
  let [here, there] = [await now.next(), await before.next()];
  while (here.done !== true || there.done !== true) {
    if (there.done === true || (here.done !== true && here.value.id < there.value.id)) {
      yield { id: (here.value as SealedRecord).id, change: "added" };
      here = await now.next();
    } else if (here.done === true || there.value.id < here.value.id) {
      yield { id: there.value.id, change: "removed" };
      there = await before.next();
    } else {
      if (here.value.hash !== there.value.hash) yield { id: here.value.id, change: "altered" };
      [here, there] = [await now.next(), await before.next()];
    }
  }
}
