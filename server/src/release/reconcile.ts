import type { Context } from "../core/index.ts";
import { isOpen } from "./begin-retraining.ts";
import { withdraw } from "./change-traffic.ts";
import { listRetrainings, lockActive, lockRetraining, updateRetraining } from "./repository.ts";
import type { ReleaseDeps } from "./types.ts";

/** Ends retrainings whose workflow was cancelled: their traffic goes back, and the next may start. */
export async function endCancelled(context: Context, deps: ReleaseDeps): Promise<void> {
  const open = (await deps.sql.as(context, (tx) => listRetrainings(tx, {}))).filter(isOpen);
  for (const { id, function: functionName } of open) {
    const { status } = await deps.jobs.get(context, id);
    if (status !== "cancelled" && status !== "failed") continue;
    const reason = `Its workflow ${status === "cancelled" ? "was cancelled" : "failed"}.`;
    await deps.sql.as(context, async (tx) => {
      await lockActive(tx, functionName);
      const row = await lockRetraining(tx, id);
      if (row === null || !isOpen(row)) return;
      await withdraw(tx, { function: functionName, retrainingId: id, reason }, deps);
      await updateRetraining(tx, id, { stage: status === "cancelled" ? "stopped" : "failed", reason });
      await deps.audit(tx, {
        action: "release.retraining",
        object: `function:${functionName}`,
        after: { retraining: id, stage: "stopped", reason },
      });
    });
  }
}
