import { type ScriptedUpstream } from "../../../test/scripted-upstream.ts";
import { type Clock, type Secret, createEgress, egressConfigSchema, silentLogger, systemClock } from "../../core/index.ts";
import { configSchema } from "../config.ts";
import { type Gateway, createGateway } from "../create.ts";

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
