import { type ScriptedUpstream, startScriptedUpstream } from "../../../test/scripted-upstream.ts";
import { type Clock, type Secret, type Step, createEgress, egressConfigSchema, silentLogger, systemClock } from "../../core/index.ts";
import { configSchema } from "../config.ts";
import { type Gateway, createGateway } from "../create.ts";
import type { GatewayReply } from "../stage.ts";
import { type TestCall, testCall } from "../test-call.ts";

/** Several providers, each a server of its own, and a gateway before them. */
export interface RoutingWorld {
  readonly gateway: Gateway;
  readonly upstreams: Readonly<Record<string, ScriptedUpstream>>;
  /** How often each provider was asked. */
  counts(): Record<string, number>;
  /** Asks as the door does, and reads the reply to its end. */
  ask(call: TestCall): Promise<TestReply>;
  close(): Promise<void>;
}

export interface TestReply {
  readonly text: string;
  readonly outcome: Extract<GatewayReply, { kind: "whole" }>["outcome"];
  readonly steps: readonly Step[];
}

export interface WorldOptions {
  /** By name: what a provider has beside its address. */
  readonly providers: Readonly<Record<string, Record<string, unknown> & { readonly keys?: readonly Secret[] }>>;
  readonly models?: Record<string, unknown>;
  readonly more?: Record<string, unknown>;
  readonly clock?: Clock;
  readonly cacheFolder?: string;
}

export async function openRoutingWorld({
  providers,
  models = {},
  more = {},
  clock = systemClock,
  cacheFolder,
}: WorldOptions): Promise<RoutingWorld> {
  const names = Object.keys(providers);
  const started = await Promise.all(names.map(startScriptedUpstream));
  const upstreams = Object.fromEntries(names.map((name, index) => [name, started[index]!]));
  const hosts = [{ host: "127.0.0.1", private: true, http: true, ports: started.map(({ port }) => port) }];
  const gateway = createGateway({
    config: configSchema.parse({
      providers: Object.fromEntries(
        names.map((name) => {
          const base = { dialect: "openai", baseUrl: `${upstreams[name]!.origin}/v1`, attempts: 1, clocks: { totalMs: 5000 } };
          return [name, { ...base, ...providers[name] }];
        }),
      ),
      models,
      ...more,
    }),
    egress: createEgress({ config: egressConfigSchema.parse({ hosts }), logger: silentLogger }),
    clock,
    ...(cacheFolder === undefined ? {} : { cacheFolder }),
  });
  return {
    gateway,
    upstreams,
    counts: () => Object.fromEntries(names.map((name) => [name, upstreams[name]!.requests.length])),
    async ask(call) {
      const steps = call.steps ?? [];
      const reply = await gateway.call(testCall(gateway, { ...call, steps }));
      if (reply.kind === "whole") return { text: reply.text, outcome: reply.outcome, steps };
      let text = "";
      try {
        for await (const told of reply.texts) {
          text += told.text;
          if (told.isLast) break;
        }
        return { text, outcome: reply.outcome(), steps };
      } finally {
        await reply.leave();
      }
    },
    async close() {
      gateway.close();
      await Promise.all(started.map((upstream) => upstream.close()));
    },
  };
}

/** The code and details of what a call is refused with. */
export async function refusalOf(reply: Promise<unknown>): Promise<{ code: string; message: string; details: Record<string, unknown> }> {
  try {
    await reply;
  } catch (error) {
    return error as { code: string; message: string; details: Record<string, unknown> };
  }
  throw new Error("it was answered");
}
