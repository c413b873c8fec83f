import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { SourceRead } from "@millrace/contract";
import { AppError, canonicalJson, type Clock, createId, type Egress, storableText } from "../../core/index.ts";
import type { AuditChange } from "../../governance/index.ts";
import type { NewEvent, StepRun, WorkflowRun } from "../../jobs/index.ts";
import type { BlobStore, Sql, Tx } from "../../storage/index.ts";
import type { DataConfig } from "../config.ts";
import { insertUpload } from "../repository.ts";
import type { SourceConfig } from "./config.ts";
import { kindOf } from "./kinds/index.ts";
import * as repository from "./repository.ts";
import { runReadParts } from "./run-read-parts.ts";
import type { CellType, Cursor, Refused, TableOptions } from "./types.ts";

export interface ReadDeps {
  readonly sql: Sql;
  readonly blobs: BlobStore;
  readonly egress: Egress;
  readonly audit: (tx: Tx, change: AuditChange) => Promise<void>;
  readonly emit: (tx: Tx, event: NewEvent) => Promise<void>;
  readonly clock: Clock;
  readonly config: DataConfig;
  readonly scratchFolder: string;
}

export interface ReadRequest {
  readonly source: SourceConfig;
  /** As if nothing had been read yet. */
  readonly fromStart: boolean;
}

/** What the first step leaves: a blob, and what is to be said about it. Nothing is kept yet. */
interface BroughtRows {
  /** The state it was read from; another read that is kept first makes this one void. */
  readonly revision: number;
  readonly blob: { readonly hash: string; readonly size: number } | null;
  readonly rows: number;
  readonly refused: readonly Refused[];
  readonly refusedCount: number;
  readonly notes: readonly string[];
  readonly cursor: Cursor;
  readonly known: Readonly<Record<string, CellType>>;
  readonly more: boolean;
}

const mostListed = 100;
const rowsForgottenAtOnce = 2000;

/**
 * Reads what is new: first the rows, as a blob; then, in one transaction, the upload and the watermark. A read that is cut
 * short leaves neither, so the next begins at the same place and repeats nothing.
 */
export async function readSource({ source, fromStart }: ReadRequest, run: WorkflowRun, deps: ReadDeps): Promise<SourceRead> {
  // 1 s, 2 s, 4 s between: the other side may be restarting.
  const brought = await run.step("data.bring-rows", (step) => bringRows({ source, fromStart }, { run, step }, deps), { attempts: 4 });
  const read = await run.step("data.keep-rows", (step) =>
    deps.sql.as(run.context, (tx) => step.once(tx, () => keepRows(tx, { source, brought, workflowId: run.workflowId }, deps))),
  );
  if (source.kind === "push") await run.step("data.forget-rows", (step) => forgetPushed(source, { run, step }, deps));
  return read;
}

interface Running {
  readonly run: WorkflowRun;
  readonly step: StepRun;
}

async function bringRows({ source, fromStart }: ReadRequest, { run, step }: Running, deps: ReadDeps): Promise<BroughtRows> {
  const { context } = run;
  const found = await deps.sql.as(context, (tx) => repository.findState(tx, source.name));
  const state = fromStart ? { ...found, cursor: null, known: {} } : found;
  await mkdir(deps.scratchFolder, { recursive: true });
  const folder = await mkdtemp(join(deps.scratchFolder, "source-"));
  const tooLong = AbortSignal.timeout(source.minutes * 60_000);
  const signal = AbortSignal.any([step.signal, tooLong]);
  const maxBytes = deps.config.maxUploadBytes;
  try {
    const gathered = await kindOf(source).gather({
      source,
      cursor: state.cursor,
      folder,
      maxBytes,
      signal,
      egress: deps.egress,
      clock: deps.clock,
      pushed: (after, limit) => deps.sql.as(context, (tx) => repository.listRows(tx, source.name, { after, limit })),
    });
    const output = gathered.written?.path ?? join(folder, "rows.jsonl");
    const read = await runReadParts(
      { parts: gathered.parts, table: tableOf(source), known: state.known, output, maxBytes, scratch: folder },
      { memoryMb: deps.config.buildMemoryMb, signal },
    );
    const rows = gathered.written?.rows ?? read.rows;
    const refused = [...gathered.refused, ...read.reports.flatMap((report) => report.refused ?? [])];
    const notes = read.reports.flatMap((report) => report.notes.map((note) => storableText(`${report.name}: ${note}`)));
    return {
      revision: state.revision,
      blob: rows === 0 ? null : await deps.blobs.putFile(context, output),
      rows,
      refused: refused.slice(0, mostListed).map(storable),
      refusedCount: refused.length,
      notes: notes.slice(0, mostListed),
      cursor: gathered.next(read.reports),
      known: read.known,
      more: gathered.more || read.reports.length < gathered.parts.length,
    };
  } catch (error) {
    if (!tooLong.aborted || step.signal.aborted) throw error;
    throw new AppError("source_unreadable", `The source ${source.name}: a read took longer than ${source.minutes} minutes (\`minutes\`).`, {
      details: { source: source.name },
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function tableOf(source: SourceConfig): TableOptions {
  if (!("columns" in source)) return { columns: {}, nulls: [] };
  const { delimiter, columns, nulls, sheet, origin } = source;
  return { delimiter, columns, nulls, sheet, origin };
}

function storable({ name, reason, row, column }: Refused): Refused {
  return { name: storableText(name), reason: storableText(reason), row, column: column === undefined ? undefined : storableText(column) };
}

/** The upload, the watermark, the audit entry and the event, in one transaction. `conflict` */
async function keepRows(
  tx: Tx,
  { source, brought, workflowId }: { source: SourceConfig; brought: BroughtRows; workflowId: string },
  deps: ReadDeps,
): Promise<SourceRead> {
  const state = await repository.lockState(tx, source.name);
  if (state.revision !== brought.revision)
    throw new AppError("conflict", `Another read of the source ${source.name} ended first; nothing of this one was kept. Read again.`, {
      details: { source: source.name },
    });
  const { blob, rows, refused, refusedCount, notes, cursor, more } = brought;
  const upload = blob === null ? null : { id: createId(deps.clock), hash: blob.hash, bytes: blob.size, rows };
  if (upload !== null) await insertUpload(tx, upload);
  const read: SourceRead = {
    source: source.name,
    uploadId: upload?.id ?? null,
    rows,
    bytes: blob?.size ?? 0,
    refused: [...refused],
    refusedCount,
    notes: [...notes],
    watermark: kindOf(source).describe(cursor),
    more,
  };
  const lastReadAt = new Date(deps.clock.now()).toISOString();
  if (rows === 0 && refusedCount === 0 && canonicalJson(cursor) === canonicalJson(state.cursor)) {
    // A schedule looks often and finds nothing: what it found last stays in sight, and the audit log is spared.
    await repository.saveRead(tx, { ...state, lastReadAt });
    return read;
  }
  await repository.saveRead(tx, {
    ...state,
    revision: state.revision + 1,
    cursor,
    known: brought.known,
    rows: state.rows + rows,
    lastRead: read,
    lastReadAt,
  });
  const { uploadId, watermark } = read;
  const after = { kind: source.kind, uploadId, hash: blob?.hash ?? null, rows, refused: refusedCount, watermark, workflowId };
  await deps.audit(tx, { action: "data.read-source", object: `source:${source.name}`, after });
  await deps.emit(tx, { type: "data.source-read", subject: source.name, payload: after });
  return read;
}

/** The text of pushed rows is in the blob from here on. */
async function forgetPushed(source: SourceConfig, { run, step }: Running, deps: ReadDeps): Promise<void> {
  for (;;) {
    step.signal.throwIfAborted();
    const forgotten = await deps.sql.as(run.context, async (tx) => {
      const { cursor } = await repository.findState(tx, source.name);
      const upTo = (cursor as { position: number } | null)?.position ?? 0;
      return repository.forgetRows(tx, source.name, { upTo, limit: rowsForgottenAtOnce });
    });
    if (forgotten < rowsForgottenAtOnce) return;
  }
}
