import { z } from "zod";
import type { Context } from "../core/index.ts";
import type { FunctionRuntime } from "./function-runtime.ts";
import { sumTraffic } from "./traffic-repository.ts";
import type { FunctionDetail, FunctionsDeps, FunctionSummary } from "./types.ts";

/** A function as lists show it: its sheet, and which binding each variant runs on this node. */
export function describeFunction(context: Context, runtime: FunctionRuntime, deps: Pick<FunctionsDeps, "governance">): FunctionSummary {
  const { definition } = runtime;
  return {
    name: definition.name,
    owner: definition.owner,
    boundary: definition.boundary,
    latencyBudgetMs: definition.latencyBudgetMs,
    off: deps.governance.switches.check(context.projectId, definition.name).off,
    variants: Object.entries(definition.variants).map(([name, spec]) => {
      const loaded = runtime.loaded({ variant: name });
      return {
        name,
        kind: spec.kind,
        binding: loaded?.binding.hash ?? null,
        resolved: { ...loaded?.binding.resolved },
        ready: loaded !== undefined,
      };
    }),
    fallback: [...definition.fallback],
    ...(definition.conditions.size === 0
      ? {}
      : { conditions: Object.fromEntries([...definition.conditions].map(([name, condition]) => [name, condition.text])) }),
  };
}

export async function describeFunctionDetail(
  context: Context,
  runtime: FunctionRuntime,
  deps: Pick<FunctionsDeps, "governance" | "sql">,
): Promise<FunctionDetail> {
  const { definition } = runtime;
  const traffic = await deps.sql.as(context, (tx) => sumTraffic(tx, definition.name));
  return {
    ...describeFunction(context, runtime, deps),
    purpose: { ...definition.purpose, errors: [...definition.purpose.errors] },
    inputSchema: z.toJSONSchema(definition.input, { io: "input", unrepresentable: "any" }),
    outputSchema: z.toJSONSchema(definition.output, { io: "output", unrepresentable: "any" }),
    maxBodyBytes: definition.maxBodyBytes,
    traffic: traffic.map(({ variant, binding, requests, fallbacks, failures, p50, p99 }) => ({
      variant,
      binding,
      requests,
      fallbacks,
      failures,
      p50Ms: p50,
      p99Ms: p99,
    })),
  };
}
