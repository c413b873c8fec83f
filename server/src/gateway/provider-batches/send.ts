import type { Egress, EgressRequest } from "../../core/index.ts";
import { keyHeaders, refusal } from "../attempt-target.ts";
import { dialectOf } from "../dialects/index.ts";
import { attemptError } from "../exchange/failures.ts";
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
  const limits = { headersMs: sendMs, idleMs: sendMs, totalMs: sendMs, maxResponseBytes: maxReplyBytes, maxRedirects: 0 };
  const asked = {
    url: `${config.baseUrl.replace(/\/+$/, "")}${path}`,
    method: sent.method ?? ("GET" as const),
    headers: {
      ...config.headers,
      ...keyHeaders(config),
      ...(sent.body === undefined ? {} : { "content-type": sent.type ?? "application/json" }),
    },
    body: sent.body,
    signal,
    limits,
  };
  const { status, headers, bytes } = await whole(egress.request(asked)).catch((error: unknown) => {
    throw attemptError(error, { name: target.name, totalMs: sendMs });
  });
  if (status >= 200 && status <= 299) return Buffer.from(bytes).toString("utf8");
  throw refusal({ kind: "whole", status, headers, bytes }, dialectOf(config.dialect), { target, now: now() });
}

async function whole(coming: ReturnType<Egress["request"]>) {
  const reply = await coming;
  return { status: reply.status, headers: reply.headers, bytes: await reply.bytes() };
}
