import { type Logger, idTime } from "../core/index.ts";
import type { DrainSink, DrainedRecord, Tx } from "../storage/index.ts";
import { insertIdempotencyKeys, insertInferences, insertShadows } from "./repository.ts";

/** Stores what the journal drained: inferences into the narrow and the wide table, their idempotency keys, shadows. */
export function createSinks(logger: Logger): DrainSink<Tx>[] {
  return [
    { type: "inference", write: (tx, records) => writeInferences(tx, records, logger) },
    { type: "inference.shadow", write: (tx, records) => insertShadows(tx, records.map(withTime)) },
  ];
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
