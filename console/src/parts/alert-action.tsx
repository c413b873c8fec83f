import type { Alert } from "@millrace/contract";
import { type ReactNode, useState } from "react";
import { client, queryClient } from "../api.ts";
import { Action } from "./action.tsx";
import { ErrorBanner } from "./state.tsx";

const steps = {
  open: ["acknowledged", "resolved"],
  acknowledged: ["resolved"],
  resolved: [],
} as const;
const verbs = { acknowledged: "Acknowledge", resolved: "Resolve" } as const;

/** What can be done with an alert: all of it on its own page, the next step in a list. */
export function AlertActions({ alert, onlyNext = false }: { alert: Alert; onlyNext?: boolean }): ReactNode {
  const [error, setError] = useState<Error | null>(null);

  async function change(status: "acknowledged" | "resolved"): Promise<void> {
    try {
      await client.call("monitoring.changeAlert", { parameters: { id: alert.id }, body: { status } });
      await queryClient.invalidateQueries();
      setError(null);
    } catch (caught) {
      setError(caught instanceof Error ? caught : new Error(String(caught)));
    }
  }

  const possible = steps[alert.status];
  return (
    <>
      {(onlyNext ? possible.slice(0, 1) : possible).map((status) => (
        <Action
          key={status}
          permission="monitoring.write"
          className={status === "resolved" && !onlyNext ? "primary" : onlyNext ? "small" : ""}
          {...(onlyNext ? { label: `${verbs[status]}: ${alert.title}` } : {})}
          onPress={() => void change(status)}
        >
          {verbs[status]}
        </Action>
      ))}
      {error !== null && <ErrorBanner error={error} />}
    </>
  );
}
