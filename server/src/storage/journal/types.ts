import type { Clock, Logger } from "../../core/index.ts";

/**
 * One record of evidence. `type` names the sink (`inference`), or a sink and a phase (`inference.opened`,
 * `inference.closed`): both phases carry the same `id` and count as one record.
 */
export interface JournalRecord {
  readonly type: string;
  readonly id: string;
  readonly projectId: string;
  readonly [field: string]: unknown;
}

export interface JournalConfig {
  /**
   * `always` (default): on disk (fdatasync) before `append` resolves. `batch`: given to the operating system before it
   * resolves, on disk within 100 ms. `off`: given to the operating system only.
   */
  readonly sync?: "always" | "batch" | "off";
  /** Bytes of one segment file; 64 MiB. */
  readonly segmentBytes?: number;
  /** Milliseconds after which a segment ends even if nothing follows, so that what is drained leaves the disk; an hour. */
  readonly segmentMs?: number;
  /** Bytes this node's folder may hold; 1 GiB. Past it, appends are refused. */
  readonly maxBytes?: number;
  /** Share of the disk space within reach (free + ours) the journal may take; 0.9. */
  readonly maxDiskShare?: number;
  /** Longest wait for company while the disk is busy, in milliseconds; 2. */
  readonly flushMs?: number;
  /** Records that end that wait; 256. */
  readonly flushRecords?: number;
  /** After a write error: milliseconds between probes whether the disk takes bytes again; 500. */
  readonly probeMs?: number;
}

/** Something an operator must look at: evidence was damaged, or could not be stored. */
export interface JournalIncident {
  readonly kind: "segment_damaged" | "write_failed" | "record_rejected" | "drain_blocked";
  readonly message: string;
  readonly details: Record<string, unknown>;
}

export interface JournalDeps {
  /** The folder of all nodes: `data/journal`. */
  readonly folder: string;
  /** This node's name, the same at every start. */
  readonly node: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly config?: JournalConfig;
  readonly onIncident?: (incident: JournalIncident) => void;
}

/** accepted = stored + rejected + backlog, at any moment and over restarts. Sums over every node folder on this disk. */
export interface JournalStats {
  /** Records made durable since the folder exists. */
  readonly accepted: number;
  /** Records in SQL. */
  readonly stored: number;
  /** Records that SQL cannot take (see `rejected.log`) or that were lost in a damaged segment. */
  readonly rejected: number;
  /** Records accepted and not yet stored or rejected. */
  readonly backlog: number;
  /** Appends refused since this process started: nothing was promised for them. */
  readonly refused: number;
  /** Bytes of segments on disk, this node's. */
  readonly bytes: number;
  /** Age of the oldest record in the backlog; 0 when there is none. */
  readonly oldestAgeMs: number;
}

/** A place in a node's journal: everything before it is done. */
export interface JournalPosition {
  readonly segment: number;
  readonly offset: number;
}

export interface Journal {
  /**
   * Resolves when the record is as durable as `sync` says; rejects with `evidence_unavailable` otherwise. A rejected
   * append may still be found at the next start (its bytes may have reached the disk): ids make that harmless.
   */
  append(record: JournalRecord): Promise<void>;
  /**
   * The hot path: `json` is the text of an object with `projectId` and the record's other fields, without `v`, `type`
   * and `id`, which are written in front of it.
   */
  appendSerialized(type: string, id: string, json: string): Promise<void>;
  /** Whether an append would be refused now, for admission: the reason, or undefined. */
  unavailable(): string | undefined;
  stats(): JournalStats;
  /** Ends the current segment, so that everything before this moment is in files that no longer change. */
  rotate(): Promise<void>;
  /** Takes the folders of nodes that went since the start, as the start does. */
  adopt(): Promise<void>;
  /** Waits for appends under way, then refuses new ones and gives the folder free. */
  close(): Promise<void>;
}

/** One record as a sink gets it. */
export interface DrainedRecord {
  readonly type: string;
  readonly id: string;
  readonly projectId: string;
  /** An `opened` whose `closed` never came: the process died between the two. */
  readonly interrupted: boolean;
  /** The whole record, `v`, `type` and `id` included. */
  readonly record: Record<string, unknown>;
}

/** Stores records of one type. It must be idempotent by id (`on conflict do nothing`): a batch may come twice. */
export interface DrainSink<Tx> {
  /** The record's type, without `.opened` or `.closed`. */
  readonly type: string;
  write(tx: Tx, records: readonly DrainedRecord[]): Promise<void>;
}

/** What the drain needs of the SQL store. */
export interface DrainStore<Tx> {
  system<T>(reason: "drain", work: (tx: Tx) => Promise<T>): Promise<T>;
}

export interface DrainConfig {
  /** Most records in one transaction; 500. */
  readonly batchRecords?: number;
  /** How long a few records wait for more, in milliseconds; 50. */
  readonly lingerMs?: number;
  /** Longest pause between tries while the database is away; 5,000. */
  readonly maxBackoffMs?: number;
}

export interface Drain {
  /** Resolves when everything accepted before this call is stored or rejected. */
  idle(): Promise<void>;
  /** Resolves when the batch under way is done; nothing is read until `resume`. */
  pause(): Promise<void>;
  resume(): void;
  /** Like `pause`, for good. */
  close(): Promise<void>;
}
