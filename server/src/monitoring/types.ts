import type { Alert, Estimate, MonitoringWindow, Signal } from "@millrace/contract";
import type { Context } from "../core/index.ts";

export type { Alert, MonitoringWindow, Signal };

export interface ChangeAlert {
  readonly status: "acknowledged" | "resolved";
  readonly note?: string | undefined;
}

/** What a model was trained and measured on: what windows are compared with. */
export interface Reference {
  /** For people: `mail@1`. */
  readonly name: string;
  /** Rows the model learned from: the function's inputs and the true label. */
  readonly rows: readonly { readonly input: Readonly<Record<string, unknown>>; readonly label: string | null }[];
  /** Accuracy on rows held back from training. */
  readonly accuracy: Estimate | null;
  /** Of the held-back rows of each true label, the share answered right. With it a changed mix of labels is no loss of quality. */
  readonly recalls?: Readonly<Record<string, Estimate>> | null;
}

/** Answers the reference of the model a binding names, or null when it names none. Asked once per binding, then kept. */
export interface ReferencePort {
  ofBinding(context: Context, bindingHash: string): Promise<Reference | null>;
}

/** Windows over evidence, monitors, alerts. */
export interface Monitoring {
  windows(context: Context, functionName: string): Promise<MonitoringWindow[]>;
  /** Measures every window that is complete and every old one whose labels changed. `unknown_function`. */
  run(context: Context, input: { function?: string | undefined }): Promise<{ windows: number; alerts: string[] }>;
  alerts(context: Context, query: { function?: string | undefined; status?: Alert["status"] | undefined }): Promise<Alert[]>;
  /** `unknown_alert`. */
  alert(context: Context, id: string): Promise<Alert>;
  changeAlert(context: Context, id: string, change: ChangeAlert): Promise<Alert>;
  /** Notes the workflow an alert started. Idempotent. */
  linkWorkflow(context: Context, alertId: string, workflowId: string): Promise<void>;
}

/** Payload of the event `monitoring.alert-opened`; its subject is `function:<name>`. */
export interface AlertOpened {
  readonly alertId: string;
  readonly function: string;
  readonly cause: string;
  /** When it began and was last seen, by the caller's clock. */
  readonly occurredFrom: string;
  readonly occurredTo: string;
}
