import type { Egress, EgressRequest } from "../../core/index.ts";
import { keyHeaders, refusal } from "../attempt-target.ts";
import { dialectOf } from "../dialects/index.ts";
import type { Target } from "../resolve-model.ts";

/** Of what a provider gives at once. */
const maxReplyBytes = 256 * 1024 * 1024;
const sendMs = 600_000;

export interface SendDeps {
  readonly egress: Egress;
  readonly target: Target;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

export interface Sent {
  readonly method?: "GET" | "POST";
  readonly body?: EgressRequest["body"];
  readonly type?: string;
}

/** One request to the provider's own paths, with its first key: a batch belongs to the account it was made in. */
export async function send(path: string, sent: Sent, { egress, target, now, signal }: SendDeps): Promise<string> {
  const { config } = target;
  const reply = await egress.request({
    url: `${config.baseUrl.replace(/\/+$/, "")}${path}`,
    method: sent.method ?? "GET",
    headers: {
      ...config.headers,
      ...keyHeaders(config),
      ...(sent.body === undefined ? {} : { "content-type": sent.type ?? "application/json" }),
    },
    body: sent.body,
    signal,
    limits: { headersMs: sendMs, idleMs: sendMs, totalMs: sendMs, maxResponseBytes: maxReplyBytes, maxRedirects: 0 },
  });
  const bytes = await reply.bytes();
  if (reply.status >= 200 && reply.status <= 299) return Buffer.from(bytes).toString("utf8");
  const { status, headers } = reply;
  throw refusal({ kind: "whole", status, headers, bytes }, dialectOf(config.dialect), { target, now: now() });
}
