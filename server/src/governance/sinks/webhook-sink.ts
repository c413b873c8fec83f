import { AppError, type Egress, type Secret, bearer } from "../../core/index.ts";
import type { Checkpoint } from "../types.ts";
import type { Sink } from "./types.ts";

export interface WebhookOptions {
  readonly name: string;
  readonly url: string;
  readonly bearer?: Secret | undefined;
}

/** What a receiver needs in order to say yes; the sequencer waits for none of it. */
const limits = { headersMs: 10_000, idleMs: 5000, totalMs: 20_000, maxResponseBytes: 65_536 };

/** Posts each checkpoint as JSON: `{ projectId, size, rootHash, at, signature, publicKey }`. Any 2xx means that it is kept. */
export function createWebhookSink(options: WebhookOptions, egress: Pick<Egress, "check" | "request">): Sink {
  // A receiver that could never be reached is a mistake in the configuration, to be told at the start.
  egress.check(options.url);

  async function write(projectId: string, checkpoint: Checkpoint, signal: AbortSignal): Promise<void> {
    const answer = await egress.request({
      url: options.url,
      method: "POST",
      headers: {
        "content-type": "application/json",
        "user-agent": "millrace",
        // The same checkpoint may come twice.
        "idempotency-key": `${projectId}:${checkpoint.size}`,
        authorization: options.bearer === undefined ? undefined : bearer(options.bearer),
      },
      body: JSON.stringify({ projectId, ...checkpoint }),
      signal,
      limits,
    });
    // Read, so that the connection can be used again; what it says does not matter.
    await answer.bytes().catch(() => {});
    if (answer.status >= 200 && answer.status < 300) return;
    throw new AppError("egress_failed", `${options.name} answered ${answer.status}.`, {
      details: { sink: options.name, status: answer.status },
    });
  }

  return { kind: "webhook", name: options.name, write };
}
