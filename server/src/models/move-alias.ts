import { AppError } from "../core/index.ts";
import type { AuditChange } from "../governance/index.ts";
import type { Tx } from "../storage/index.ts";
import * as repository from "./repository.ts";
import type { MoveAlias } from "./types.ts";

export type Audit = (tx: Tx, change: AuditChange) => Promise<void>;

/** Points an alias at a version, with its history and its audit entry, in the caller's transaction. A repeat is a no-op. */
export async function moveAlias(tx: Tx, move: MoveAlias, audit: Audit): Promise<void> {
  const { model, alias, version, reason } = move;
  const from = await repository.findAlias(tx, model, alias, true);
  if (from === version) return;
  if ((await repository.findVersion(tx, model, version)) === null) {
    throw new AppError("unknown_model", `There is no model ${model}@${version}, so "${alias}" cannot name it.`, {
      details: { model, version },
    });
  }
  await repository.setAlias(tx, move, from);
  await audit(tx, {
    action: "models.move-alias",
    object: `model:${model}`,
    before: { alias, version: from },
    after: { alias, version, reason },
  });
}
