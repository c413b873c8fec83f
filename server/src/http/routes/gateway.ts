import type { HandlersOf, Ports } from "../types.ts";

export function gatewayHandlers({ gateway, functions }: Pick<Ports, "gateway" | "functions">): HandlersOf<"gateway"> {
  return {
    "gateway.models": async () => gateway.report(),
    "gateway.traffic": ({ query }, context) => functions.modelTraffic(context, query),
    "gateway.budgets": ({ query }, { projectId }) => gateway.budgets.list(projectId, query.limit),
    "gateway.cache": async (_request, { projectId }) => gateway.cache.report(projectId),
    "gateway.clearCache": async (_request, context) => ({ cleared: await gateway.cache.clear(context) }),
  };
}
