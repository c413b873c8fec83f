import { type Step, createId, defaultProjectId } from "../core/index.ts";
import type { Gateway } from "./create.ts";
import type { CallOrigin, GatewayCall, GatewayReply } from "./stage.ts";

export interface TestCall {
  readonly model: string;
  readonly maxTokens?: number;
  readonly stream?: boolean;
  readonly text?: string;
  readonly signal?: AbortSignal;
  readonly origin?: Partial<CallOrigin>;
  readonly dataClass?: string;
  /** Further fields of the body, in OpenAI's dialect. */
  readonly more?: Record<string, unknown>;
  /** Where the steps of its evidence go. */
  readonly steps?: Step[];
}

/** As the door makes it. */
export function testCall(gateway: Gateway, { model, maxTokens, stream = false, text = "Hello", ...options }: TestCall): GatewayCall {
  const startedAt = performance.now();
  const body = {
    model,
    stream,
    messages: [{ role: "user", content: text }],
    ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }),
    ...options.more,
  };
  const resolved = gateway.resolve(model);
  return {
    origin: {
      projectId: defaultProjectId,
      principalId: "key:ada",
      function: `model:${resolved.name}`,
      address: "192.0.2.1",
      ...options.origin,
    },
    dialect: "openai-chat",
    body,
    request: gateway.dialect("openai-chat").parseRequest(body),
    resolved,
    evidence: { step: (step) => void options.steps?.push(step), elapsed: () => performance.now() - startedAt },
    signal: options.signal ?? new AbortController().signal,
    startedAt,
    inferenceId: createId(),
    dataClass: options.dataClass,
  };
}

/** Reads a reply to its end, as the door does. */
export async function readReply(reply: GatewayReply) {
  if (reply.kind === "whole") return reply.outcome;
  for await (const { isLast } of reply.texts) if (isLast) break;
  const outcome = reply.outcome();
  await reply.leave();
  return outcome;
}
