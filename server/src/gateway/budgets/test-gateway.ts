import { type ScriptedUpstream } from "../../../test/scripted-upstream.ts";
import {
  type Clock,
  type Secret,
  type Step,
  createEgress,
  createId,
  defaultProjectId,
  egressConfigSchema,
  silentLogger,
  systemClock,
} from "../../core/index.ts";
import { configSchema } from "../config.ts";
import { type Gateway, createGateway } from "../create.ts";
import type { CallOrigin, GatewayCall, GatewayReply } from "../stage.ts";

export interface TestGatewayOptions {
  readonly budgets?: readonly Record<string, unknown>[];
  readonly abuse?: Record<string, unknown>;
  readonly redis?: { readonly url: Secret } & Record<string, unknown>;
  readonly clock?: Clock;
}

/** A gateway before a scripted upstream, with prices of a tenth of a cent for a token of output and nothing for input. */
export function openTestGateway(upstream: ScriptedUpstream, { clock = systemClock, ...config }: TestGatewayOptions): Gateway {
  const hosts = [{ host: "127.0.0.1", private: true, http: true, ports: [upstream.port] }];
  const egress = createEgress({ config: egressConfigSchema.parse({ hosts }), logger: silentLogger });
  const provider = { dialect: "openai", baseUrl: `${upstream.origin}/v1`, attempts: 1, clocks: { totalMs: 5000 } };
  return createGateway({
    config: configSchema.parse({
      providers: { one: provider, two: { ...provider, dialect: "anthropic" }, free: provider },
      models: { patient: ["one/status:500", "two/ok"], ladder: { choose: "cascade", targets: ["one/ok", "two/ok"] } },
      prices: [
        { provider: "one", model: "*", from: "2020-01-01", perMillion: { input: "0", output: "1000" } },
        { provider: "two", model: "*", from: "2020-01-01", perMillion: { input: "0", output: "2000" } },
      ],
      ...config,
    }),
    egress,
    clock,
  });
}

export interface TestCall {
  readonly model: string;
  readonly maxTokens?: number;
  readonly stream?: boolean;
  readonly text?: string;
  readonly signal?: AbortSignal;
  readonly origin?: Partial<CallOrigin>;
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
