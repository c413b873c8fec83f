import { AppError } from "../core/index.ts";
import type { AuditChange } from "../governance/index.ts";
import type { Tx } from "../storage/index.ts";
import { formatReference } from "./reference.ts";
import * as repository from "./repository.ts";
import type { DatasetTag } from "./types.ts";

/** Gives a tag to a version, or takes it away (null), with its audit entry. `unknown_dataset`, `not_found`. */
export async function setTag(
  tx: Tx,
  { name, tag, version }: { readonly name: string; readonly tag: string; readonly version: number | null },
  audit: (tx: Tx, change: AuditChange) => Promise<void>,
): Promise<DatasetTag> {
  if (version !== null && (await repository.findVersion(tx, name, version)) === null)
    throw new AppError("unknown_dataset", `There is no dataset ${formatReference({ name, version })}.`);
  const before = await repository.lockTag(tx, name, tag);
  if (version === null && before === null) throw new AppError("not_found", `No version of ${name} has the tag ${tag}.`);
  if (version !== before) {
    await repository.writeTag(tx, { name, tag, version });
    await audit(tx, {
      action: version === null ? "data.remove-tag" : "data.set-tag",
      object: `dataset:${name}`,
      before: { tag, version: before },
      after: { tag, version },
    });
  }
  return { name, tag, version, before };
}
