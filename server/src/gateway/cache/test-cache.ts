import type { ScriptedUpstream } from "../../../test/scripted-upstream.ts";
import { type Clock, createEgress, createId, defaultProjectId, egressConfigSchema, silentLogger } from "../../core/index.ts";
import { configSchema } from "../config.ts";
import { type Gateway, type GatewayDeps, createGateway } from "../create.ts";
import type { CallOrigin, CallOutcome, GatewayCall, GatewayReply, OpenedCall } from "../stage.ts";
import type { DialectName } from "../types.ts";

/** A clock the test holds. */
export function createTestClock(): Clock & { advance(ms: number): void } {
  let now = Date.UTC(2026, 0, 1);
  return { now: () => now, advance: (ms) => void (now += ms) };
}

/** A gateway before a scripted upstream in all three dialects; a token of output costs a tenth of a cent. */
export function openTestCache(
  upstream: ScriptedUpstream,
  { cache, more = {}, ...deps }: { cache: unknown; more?: object } & Pick<GatewayDeps, "clock" | "embedder" | "audit">,
): Gateway {
  const hosts = [{ host: "127.0.0.1", private: true, http: true, ports: [upstream.port] }];
  const egress = createEgress({ config: egressConfigSchema.parse({ hosts }), logger: silentLogger });
  const provider = { baseUrl: `${upstream.origin}/v1`, attempts: 1, clocks: { totalMs: 5000 } };
  return createGateway({
    config: configSchema.parse({
      providers: {
        one: { ...provider, dialect: "openai" },
        two: { ...provider, dialect: "anthropic" },
        three: { ...provider, dialect: "openai-responses" },
      },
      prices: ["one", "two", "three"].map((name) => ({
        provider: name,
        model: "*",
        from: "2020-01-01",
        perMillion: { input: "0", output: "1000" },
      })),
      cache,
      ...more,
    }),
    egress,
    ...deps,
  });
}

export interface TestAsk {
  readonly model?: string;
  readonly text?: string;
  readonly stream?: boolean;
  readonly dialect?: DialectName;
  readonly signal?: AbortSignal;
  readonly origin?: Partial<CallOrigin>;
  readonly cacheControl?: string;
  readonly reopen?: () => OpenedCall;
  /** Further fields of the body, in the caller's dialect. */
  readonly more?: Record<string, unknown>;
}

/** As the door makes it; with the temperature 0 that answers are kept at. */
export function callOf(
  gateway: Gateway,
  { model = "one/ok", text = "Hello", stream = false, dialect = "openai-chat", ...options }: TestAsk,
): GatewayCall {
  const startedAt = performance.now();
  const asked =
    dialect === "openai-responses"
      ? { input: text, max_output_tokens: 100 }
      : {
          messages: [{ role: "user", content: text }],
          ...(dialect === "anthropic-messages" ? { max_tokens: 100 } : { max_completion_tokens: 100 }),
        };
  const body = { model, stream, temperature: 0, ...asked, ...options.more };
  const resolved = gateway.resolve(model);
  return {
    origin: { projectId: defaultProjectId, principalId: "key:ada", function: `model:${resolved.name}`, address: null, ...options.origin },
    dialect,
    body,
    request: gateway.dialect(dialect).parseRequest(body),
    resolved,
    evidence: { step: () => {}, elapsed: () => performance.now() - startedAt },
    signal: options.signal ?? new AbortController().signal,
    startedAt,
    inferenceId: createId(),
    cacheControl: options.cacheControl,
    ...(options.reopen === undefined ? {} : { reopen: options.reopen }),
  };
}

export interface Heard {
  readonly text: string;
  readonly outcome: CallOutcome;
  readonly cache: GatewayReply["cache"];
}

/** Reads a reply to its end, as the door does. */
export async function hear(reply: GatewayReply): Promise<Heard> {
  const { cache } = reply;
  if (reply.kind === "whole") return { text: reply.text, outcome: reply.outcome, cache };
  let text = "";
  for await (const told of reply.texts) {
    text += told.text;
    if (told.isLast) break;
  }
  const outcome = reply.outcome();
  await reply.leave();
  return { text, outcome, cache };
}

export async function ask(gateway: Gateway, asked: TestAsk): Promise<Heard> {
  return hear(await gateway.call(callOf(gateway, asked)));
}

/** What an outcome says of the cache. */
export function noteOf({ outcome }: Pick<Heard, "outcome">): Record<string, unknown> {
  return outcome.notes?.["cache"] as Record<string, unknown>;
}
