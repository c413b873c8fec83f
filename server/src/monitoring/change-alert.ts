import { AppError } from "../core/index.ts";
import type { AuditChange } from "../governance/index.ts";
import type { Tx } from "../storage/index.ts";
import * as repository from "./repository.ts";
import type { ChangeAlert } from "./types.ts";

export interface ChangeInput {
  readonly id: string;
  readonly change: ChangeAlert;
  readonly audit: (tx: Tx, change: AuditChange) => Promise<void>;
}

/** Acknowledges or resolves. The same again is a no-op; a resolved alert stays resolved (`conflict`). */
export async function changeAlert(tx: Tx, { id, change, audit }: ChangeInput): Promise<void> {
  const [found] = await repository.listAlerts(tx, { id });
  if (found === undefined) throw new AppError("unknown_alert", `There is no alert ${id}.`);
  await repository.lockFunction(tx, found.function);
  // Again, now that nobody else can change it.
  const [alert] = await repository.listAlerts(tx, { id });
  if (alert!.status === change.status) return;
  if (alert!.status === "resolved")
    throw new AppError("conflict", `The alert ${id} is resolved already; if its cause persists, a new one opens after a clean window.`);
  const [newest] = await repository.listWindows(tx, alert!.function, 1);
  const resolvedPosition = change.status === "resolved" ? (newest?.position ?? -1) : null;
  await repository.setAlertStatus(tx, id, { status: change.status, note: change.note ?? null, resolvedPosition });
  const verb = change.status === "resolved" ? "resolve" : "acknowledge";
  await audit(tx, {
    action: `monitoring.${verb}-alert`,
    object: `alert:${id}`,
    before: { status: alert!.status },
    after: { status: change.status, note: change.note ?? null },
  });
}
