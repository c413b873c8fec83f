import { AppError, type Context } from "../core/index.ts";
import type { Tx } from "../storage/index.ts";
import { changeTraffic, stableOf, withdraw } from "./change-traffic.ts";
import { lockActive, readArms, type ReleaseArm, updateRetraining } from "./repository.ts";
import type { ReleaseDeps } from "./types.ts";

/** A person's way back: out of a trial to the stable arm, otherwise to the stable binding before. Answers the new release's id. */
export function rollBack(context: Context, ask: { function: string; reason: string }, deps: ReleaseDeps): Promise<string> {
  return deps.sql.as(context, async (tx) => {
    const active = await lockActive(tx, ask.function);
    const stable = stableOf(await readArms(tx, ask.function), ask.function);
    const retrainingId = active?.retrainingId ?? null;
    const withdrawn = retrainingId === null ? null : await withdraw(tx, { ...ask, retrainingId }, deps);
    if (withdrawn !== null) {
      await updateRetraining(tx, retrainingId!, { stage: "rolled-back", reason: ask.reason });
      return withdrawn;
    }
    const before = active?.beforeStable ?? null;
    if (before === null) {
      throw new AppError(
        "unknown_release",
        `Function "${ask.function}" has had no other stable binding than ${stable.label}, so there is nothing to go back to.`,
        { details: { function: ask.function } },
      );
    }
    return goTo(tx, before, ask, deps);
  });
}

function goTo(tx: Tx, stable: ReleaseArm, ask: { function: string; reason: string }, deps: ReleaseDeps): Promise<string> {
  return changeTraffic(
    tx,
    { ...ask, stage: "rolled-back", arms: [{ ...stable, role: "stable", share: 1 }], retrainingId: null, holdRequests: null },
    deps,
  );
}
