import { type Clock, type Context, canonicalJson, idBound, idTime, sha256, systemContext } from "../core/index.ts";
import type { EvidenceCheck, Governance, SealedEvidence, SealedRecord } from "../governance/index.ts";
import type { Sql } from "../storage/index.ts";
import { firstItem, listProjects, listStored } from "./repository.ts";

const hourMs = 3_600_000;
/** Room for transactions under way and for clocks of nodes that differ. */
const closeAfterMs = 300_000;
const sliceRows = 500;
const subject = "feedback";

export interface FeedbackSealsDeps {
  readonly sql: Sql;
  readonly seals: Governance["seals"];
  readonly clock: Clock;
}

/** What was said about inferences, under the seals of the audit log. */
export interface FeedbackSeals extends SealedEvidence {
  /** Seals every hour that is over and has feedback, of every project; answers how many. Catches up after any pause. */
  sealHours(): Promise<number>;
}

export function createFeedbackSeals(deps: FeedbackSealsDeps): FeedbackSeals {
  const { sql, seals, clock } = deps;

  async function* records(context: Context, start: number): AsyncGenerator<SealedRecord> {
    const range = { from: idBound(start), to: idBound(start + hourMs) };
    for (let after: string | null = null; ;) {
      const slice: { id: string }[] = await sql.as(context, (tx) => listStored(tx, { ...range, after, limit: sliceRows }));
      for (const item of slice) yield { id: item.id, hash: sha256(canonicalJson(item)) };
      if (slice.length < sliceRows) return;
      after = slice.at(-1)!.id;
    }
  }

  async function sealProject(context: Context): Promise<number> {
    // An hour sealed by a clock that ran ahead says nothing of those before it.
    const last = (await seals.sealedHours(context, subject)).map(startOf).findLast((sealed) => sealed < clock.now());
    let start = last === undefined ? 0 : last + hourMs;
    for (let sealed = 0; ; sealed++) {
      const id = await sql.as(context, (tx) => firstItem(tx, idBound(start)));
      if (id === null) return sealed;
      start = Math.floor(idTime(id) / hourMs) * hourMs;
      if (clock.now() < start + hourMs + closeAfterMs) return sealed;
      await seals.sealHour(context, { subject, hour: nameOf(start), records: records(context, start) });
      start += hourMs;
    }
  }

  return {
    async sealHours() {
      let sealed = 0;
      for (const projectId of await listProjects(sql)) sealed += await sealProject(systemContext("feedback", projectId));
      return sealed;
    },

    async check(context): Promise<EvidenceCheck> {
      const hours = await seals.sealedHours(context, subject);
      const problems: string[] = [];
      let seen = 0;
      for (const hour of hours) {
        const found = count(records(context, startOf(hour)), () => (seen += 1));
        const verdict = await seals.checkHour(context, { subject, hour, records: found });
        if (verdict === "changed") problems.push(`The feedback of ${hour} no longer fits the seal of that hour.`);
      }
      return { hours: hours.length, records: seen, problems };
    },
  };
}

function startOf(hour: string): number {
  return Date.parse(`${hour}:00:00.000Z`);
}

function nameOf(start: number): string {
  return new Date(start).toISOString().slice(0, 13);
}

async function* count(records: AsyncIterable<SealedRecord>, note: () => void): AsyncGenerator<SealedRecord> {
  for await (const record of records) {
    note();
    yield record;
  }
}
