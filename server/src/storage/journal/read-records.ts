import { isClosed, isOpened, sinkName } from "./count-records.ts";
import { damagedType, segmentType } from "./frame.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { DrainedRecord } from "./types.ts";

/** Payloads of one read, told apart: what goes to sinks, what stays open, what was lost. */
export interface ReadRecords {
  readonly records: DrainedRecord[];
  /** Payloads of records still open after these. */
  readonly open: string[];
  /** Payloads that are not JSON: whoever called `appendSerialized` made them. */
  readonly unreadable: string[];
  /** Records that damage took. */
  readonly lost: number;
}

/** Turns payloads into records for the sinks. An `opened` waits for its `closed`, and both arrive as one record. */
export function readRecords(payloads: readonly string[], checkpoint: Pick<Checkpoint, "stored" | "rejected" | "open">): ReadRecords {
  const open = new Map(checkpoint.open.map((payload) => [(JSON.parse(payload) as { id: string }).id, payload]));
  const records: DrainedRecord[] = [];
  const unreadable: string[] = [];
  let lost = 0;
  const counted = () => checkpoint.stored + checkpoint.rejected + records.length + unreadable.length + open.size + lost;
  for (const payload of payloads) {
    const fields = parse(payload);
    if (fields === undefined) {
      unreadable.push(payload);
      continue;
    }
    const type = String(fields["type"]);
    if (type === segmentType) lost += Math.max(0, Number(fields["accepted"]) - counted());
    else if (type === damagedType) lost += Number(fields["lost"]);
    else if (isOpened(type)) open.set(String(fields["id"]), payload);
    else records.push(toRecord(isClosed(type) ? withOpening(fields, open) : fields, false));
  }
  return { records, unreadable, open: [...open.values()], lost };
}

function parse(payload: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(payload) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** Records whose process died before it closed them. */
export function interruptedRecords(open: readonly string[]): DrainedRecord[] {
  return open.map((payload) => toRecord({ ...(JSON.parse(payload) as Record<string, unknown>), status: "interrupted" }, true));
}

function withOpening(fields: Record<string, unknown>, open: Map<string, string>): Record<string, unknown> {
  const id = String(fields["id"]);
  const opening = open.get(id);
  if (opening === undefined) return fields;
  open.delete(id);
  return { ...(JSON.parse(opening) as Record<string, unknown>), ...fields };
}

function toRecord(record: Record<string, unknown>, interrupted: boolean): DrainedRecord {
  return { type: sinkName(String(record["type"])), id: String(record["id"]), projectId: String(record["projectId"]), interrupted, record };
}
