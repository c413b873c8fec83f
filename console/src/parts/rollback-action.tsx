import type { Release } from "@millrace/contract";
import { type ReactNode, useState } from "react";
import { client, queryClient, useOperation } from "../api.ts";
import { Action } from "./action.tsx";
import { ReasonDialog } from "./reason-dialog.tsx";

/** Ends a trial, or goes back to the stable binding before; asks why. Nothing is shown while no release was made. */
export function RollbackAction({ name, named = false }: { name: string; named?: boolean }): ReactNode {
  const releases = useOperation("release.list", { parameters: { function: name } });
  const [asking, setAsking] = useState(false);
  const items = releases.data?.items ?? [];
  const active = items.find((each) => each.active);
  const stable = active === undefined ? undefined : stableOf(active);
  if (active === undefined || stable === undefined) return null;
  const onTrial = active.stage === "shadow" || active.stage === "canary";
  const verb = onTrial ? "End the trial" : "Roll back";

  async function goBack(reason: string): Promise<void> {
    await client.call("release.rollback", { parameters: { function: name }, body: { reason } });
    await queryClient.invalidateQueries();
  }

  return (
    <>
      <Action
        permission="release.write"
        className="danger"
        label={`${verb} of ${name}`}
        obstacle={
          active.before === null && !onTrial ? `There is nothing to go back to: ${stable.label} is the first that was stable.` : undefined
        }
        onPress={() => setAsking(true)}
      >
        {verb}
        {named && ` of ${name}`}
      </Action>
      {asking && (
        <ReasonDialog
          title={onTrial ? `End the trial of ${name}?` : `Roll ${name} back?`}
          confirm={verb}
          onConfirm={goBack}
          onClose={() => setAsking(false)}
        >
          {onTrial
            ? `All traffic goes to ${stable.label}, and ${trialOf(active)} answers no more.`
            : `All traffic goes from ${stable.label} back to ${active.before ?? ""}, and the model's alias with it.`}{" "}
          Who, when and why stays in the audit log.
        </ReasonDialog>
      )}
    </>
  );
}

function stableOf(release: Release): Release["arms"][number] | undefined {
  return release.arms.find((arm) => arm.role === "stable");
}

function trialOf(release: Release): string {
  return release.arms.find((arm) => arm.role === release.stage)?.label ?? "the challenger";
}
