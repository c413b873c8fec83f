import type { ImportModel, ModelVersion } from "@millrace/contract";
import { AppError, type Context, runTask } from "../../core/index.ts";
import type { Data } from "../../data/index.ts";
import { moveAlias } from "../move-alias.ts";
import * as repository from "../repository.ts";
import type { TrainDeps } from "../train-model.ts";
import type { ImportJob, ImportReport } from "./import-task.ts";
import { writeImportCard } from "./write-import-card.ts";

export interface ImportDeps extends Omit<TrainDeps, "data"> {
  readonly data: Pick<Data, "findUpload">;
}

export interface ImportRequest extends ImportModel {
  /** The model's. */
  readonly name: string;
}

/** An uploaded ONNX file becomes the next version: first opened and tried in a task process, then registered in one transaction. */
export async function importModel(
  context: Context & { readonly signal?: AbortSignal },
  { name: model, uploadId, ...wishes }: ImportRequest,
  deps: ImportDeps,
): Promise<ModelVersion> {
  const upload = await deps.data.findUpload(context, uploadId);
  const { maxImportBytes, importSeconds, trainMemoryMb } = deps.config;
  if (upload.bytes > maxImportBytes) {
    throw new AppError(
      "body_too_large",
      `The file has ${upload.bytes} bytes; a model may have ${maxImportBytes} (\`models.maxImportBytes\`).`,
      {
        details: { bytes: upload.bytes, maxBytes: maxImportBytes },
      },
    );
  }
  const job: ImportJob = { path: await deps.blobs.path(context, upload.hash), wishes };
  const { signature, producer } = await runTask<ImportReport>({ name: "./import-task", base: import.meta.url }, job, {
    memoryMb: trainMemoryMb,
    timeoutMs: importSeconds * 1000,
    ...(context.signal === undefined ? {} : { signal: context.signal }),
  });
  const { hash, bytes } = upload;
  const dataset = `upload:${uploadId}`;
  return deps.sql.as(context, async (tx) => {
    const version = await repository.takeVersion(tx, model);
    const card = writeImportCard({ model, version, hash, uploadId, producer, signature });
    await repository.insertVersion(tx, { model, version, hash, bytes, signature, card, dataset, runId: null, metrics: null });
    await deps.audit(tx, { action: "models.import", object: `model:${model}`, after: { version, hash, uploadId, signature } });
    if ((await repository.findAlias(tx, model, "champion", true)) === null)
      await moveAlias(tx, { model, alias: "champion", version, reason: "the first registered version" }, deps.audit);
    await deps.emit(tx, {
      type: "models.version-registered",
      subject: `${model}@${version}`,
      payload: { model, version, hash, dataset, runId: null },
    });
    return (await repository.findVersion(tx, model, version))!;
  });
}
