import type { WorkflowDetail } from "@millrace/contract";
import type { Client } from "./client.ts";

export interface WaitOptions {
  readonly pollMs?: number;
  readonly signal?: AbortSignal;
  /** Called after every look, for progress; the next look waits for it. */
  readonly onStatus?: (workflow: WorkflowDetail) => unknown;
}

/** Waits until a workflow has ended and answers it, whatever its status; the caller reads `status`, `output`, `error`. */
export async function waitForWorkflow(client: Client, workflowId: string, options: WaitOptions = {}): Promise<WorkflowDetail> {
  const callOptions = options.signal === undefined ? {} : { signal: options.signal };
  for (;;) {
    options.signal?.throwIfAborted();
    const workflow = await client.call("jobs.get", { parameters: { id: workflowId } }, callOptions);
    await options.onStatus?.(workflow);
    if (workflow.status !== "queued" && workflow.status !== "running") return workflow;
    await new Promise((resolve) => setTimeout(resolve, options.pollMs ?? 250));
  }
}
