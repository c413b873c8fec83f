import { fileURLToPath } from "node:url";
import type { Target } from "../load.ts";
import { type Millrace, type Running, startMillrace, startScript } from "../processes.ts";

const beside = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** Who takes part: a provider, the bare proxy before it, and Millrace before it, each in a process of its own. */
export interface Parties {
  readonly upstream: Running;
  readonly proxy: Running;
  readonly server: Millrace;
  stop(): Promise<void>;
}

export interface PartiesOptions {
  readonly drain: boolean;
  readonly dataFolder?: string;
  readonly databaseUrl?: string | undefined;
}

export async function startParties({ drain, dataFolder, databaseUrl }: PartiesOptions): Promise<Parties> {
  const upstream = await startScript(beside("upstream-server.ts"));
  const proxy = await startScript(beside("proxy-server.ts"), upstream.url);
  process.env["MILLRACE_BENCH_UPSTREAM"] = upstream.url;
  process.env["MILLRACE_BENCH_DRAIN"] = drain ? "on" : "off";
  const server = await startMillrace({
    config: "gateway/millrace.config.ts",
    ...(dataFolder === undefined ? {} : { dataFolder, keep: true }),
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
  });
  return {
    upstream,
    proxy,
    server,
    async stop() {
      await server.stop();
      await proxy.stop();
      await upstream.stop();
    },
  };
}

/** What is asked of each of them: the same body, but for the model's name. */
export function chatTarget(where: Pick<Running, "url"> & { readonly key?: string }, model: string): Target {
  const messages = [
    { role: "system", content: "You answer briefly." },
    { role: "user", content: "What does the fox jump over? ".repeat(4) },
  ];
  const name = where.key === undefined ? model : `bench/${model}`;
  const body = JSON.stringify({ model: name, messages, stream: model !== "whole", max_completion_tokens: 200 });
  return {
    url: where.url,
    path: "/v1/chat/completions",
    headers: where.key === undefined ? {} : { authorization: `Bearer ${where.key}` },
    body: () => body,
  };
}
