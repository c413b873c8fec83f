import { type ReactNode, useState } from "react";
import { client, queryClient } from "../api.ts";
import { Action } from "./action.tsx";
import { ReasonDialog } from "./reason-dialog.tsx";

interface SwitchActionProps {
  readonly name: string;
  readonly off: boolean;
  readonly className?: string;
  /** Says whose switch it is, where that is not plain from the page. */
  readonly named?: boolean;
}

/** Turns a function off, asking why, or on again, asking too: somebody had a reason to turn it off. */
export function SwitchAction({ name, off, className = "", named = false }: SwitchActionProps): ReactNode {
  const [asking, setAsking] = useState(false);
  const verb = off ? "Switch on" : "Switch off";

  async function turn(reason: string): Promise<void> {
    await client.call("governance.setSwitch", { parameters: { target: name }, body: { off: !off, reason } });
    await queryClient.invalidateQueries();
  }

  return (
    <>
      <Action
        permission="switch.write"
        className={`${off ? "primary" : "danger"} ${className}`}
        label={`${verb} ${name}`}
        onPress={() => setAsking(true)}
      >
        {verb}
        {named && ` ${name}`}
      </Action>
      {asking && (
        <ReasonDialog
          title={`Switch ${name} ${off ? "on" : "off"}?`}
          confirm={verb}
          grave={!off}
          onConfirm={turn}
          onClose={() => setAsking(false)}
        >
          {off
            ? "Every node answers its requests again from the next second on."
            : "Every node refuses its requests from the next second on."}{" "}
          Who, when and why stays in the audit log.
        </ReasonDialog>
      )}
    </>
  );
}
