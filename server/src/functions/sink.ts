import { type Clock, type Logger, idTime, systemClock } from "../core/index.ts";
import type { DrainSink, DrainedRecord, Tx } from "../storage/index.ts";
import { hourOf, lateAfterMs } from "./archive/hours.ts";
import { markLate } from "./archive/repository.ts";
import type { ArchiveKind } from "./archive/types.ts";
import { insertIdempotencyKeys } from "./idempotency-repository.ts";
import { insertInferences, insertShadows } from "./repository.ts";

/** Stores what the journal drained: inferences into the narrow and the wide table, their idempotency keys, shadows. */
export function createSinks(logger: Logger, clock: Clock = systemClock): DrainSink<Tx>[] {
  return [
    {
      type: "inference",
      async write(tx, records) {
        await writeInferences(tx, records, logger);
        await markLateHours(tx, records, { kind: "inferences", now: clock.now() });
      },
    },
    {
      type: "inference.shadow",
      async write(tx, records) {
        await insertShadows(tx, records.map(withTime));
        await markLateHours(tx, records, { kind: "shadows", now: clock.now() });
      },
    },
  ];
}

/** Records that waited long in a journal may belong to an hour that is closed already. */
async function markLateHours(tx: Tx, records: readonly DrainedRecord[], { kind, now }: { kind: ArchiveKind; now: number }): Promise<void> {
  const late = records.filter((record) => idTime(record.id) < now - lateAfterMs);
  if (late.length === 0) return;
  const hours = late.map(({ projectId, id }) => ({ projectId, kind, hour: hourOf(id) }));
  await markLate(tx, hours);
}

async function writeInferences(tx: Tx, records: readonly DrainedRecord[], logger: Logger): Promise<void> {
  const timed = records.map(withTime);
  await insertInferences(tx, timed);
  const keyed = timed.flatMap((record) =>
    record["idempotency"] === undefined
      ? []
      : [
          {
            ...(record["idempotency"] as object),
            id: record["id"],
            projectId: record["projectId"],
            caller: record["caller"],
            function: record["function"],
            recordedAt: record["recordedAt"],
          },
        ],
  );
  if (keyed.length > 0) await insertIdempotencyKeys(tx, keyed);
  const interrupted = records.filter((record) => record.interrupted).length;
  if (interrupted > 0) logger.warn({ interrupted }, "inferences were cut off by the end of their process");
}

/** The moment of recording is in the id; an interrupted record lacks what its end would have said. */
function withTime(drained: DrainedRecord): Record<string, unknown> {
  const recordedAt = idTime(drained.id);
  if (!drained.interrupted) return { ...drained.record, recordedAt };
  return { fallback: false, latencyMs: 0, occurredAt: recordedAt, ...drained.record, status: "interrupted", recordedAt };
}
