import { AppError, type Context, createId } from "../core/index.ts";
import type { AuditChange } from "../governance/index.ts";
import type { BlobStore, Sql, Tx } from "../storage/index.ts";
import type { DataConfig } from "./config.ts";
import { createLineCounter } from "./parse-rows.ts";
import { insertUpload } from "./repository.ts";
import type { Upload } from "./types.ts";

export interface UploadDeps {
  readonly sql: Sql;
  readonly blobs: BlobStore;
  readonly audit: (tx: Tx, change: AuditChange) => Promise<void>;
  readonly config: DataConfig;
}

/** Keeps the bytes as they came: even broken lines, whose reason the dataset's quarantine says. */
export async function storeUpload(context: Context, bytes: AsyncIterable<Uint8Array>, deps: UploadDeps): Promise<Upload> {
  const lines = createLineCounter();
  const { maxUploadBytes } = deps.config;
  async function* measured(): AsyncGenerator<Uint8Array> {
    let size = 0;
    for await (const chunk of bytes) {
      size += chunk.length;
      if (size > maxUploadBytes)
        throw new AppError("body_too_large", `The upload is larger than ${maxUploadBytes} bytes.`, {
          details: { maxBytes: maxUploadBytes },
        });
      lines.add(chunk);
      yield chunk;
    }
    if (lines.count() === 0) throw new AppError("invalid_request", "The upload has no lines; send one JSON object a line.");
  }
  const blob = await deps.blobs.put(context, measured());
  const upload: Upload = { id: createId(), hash: blob.hash, bytes: blob.size, rows: lines.count() };
  await deps.sql.as(context, async (tx) => {
    await insertUpload(tx, upload);
    await deps.audit(tx, { action: "data.upload", object: `upload:${upload.id}`, after: upload });
  });
  return upload;
}
