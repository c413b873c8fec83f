import type { LakeColumn } from "../../storage/index.ts";
import type { ArchiveKind } from "./types.ts";

/** Columns of the files: those of the tables, bodies as the JSON text they are stored as. */
export const archiveColumns: Readonly<Record<ArchiveKind, readonly LakeColumn[]>> = {
  inferences: [
    ...textColumns("project_id", "id", "function", "status", "variant", "binding", "arm", "release_id"),
    { name: "fallback", type: "boolean" },
    { name: "label", type: "text" },
    { name: "confidence", type: "number" },
    { name: "error", type: "text" },
    { name: "latency_ms", type: "number" },
    { name: "caller", type: "text" },
    { name: "recorded_at", type: "timestamp" },
    { name: "occurred_at", type: "timestamp" },
    ...textColumns("input", "output", "steps", "produced", "metadata", "salt", "erased_hash", "body_hash", "record_hash"),
  ],
  shadows: [
    ...textColumns("project_id", "id", "inference_id", "function", "variant", "binding", "output", "label"),
    { name: "confidence", type: "number" },
    { name: "agrees", type: "boolean" },
    { name: "error", type: "text" },
    { name: "latency_ms", type: "number" },
    { name: "recorded_at", type: "timestamp" },
  ],
};

function textColumns(...names: string[]): LakeColumn[] {
  return names.map((name) => ({ name, type: "text" }));
}
