import type { HandlersOf, Ports } from "../types.ts";

export function gatewayHandlers({ gateway }: Pick<Ports, "gateway">): HandlersOf<"gateway"> {
  return {
    "gateway.budgets": ({ query }, { projectId }) => gateway.budgets.list(projectId, query.limit),
    "gateway.cache": async (_request, { projectId }) => gateway.cache.report(projectId),
    "gateway.clearCache": async (_request, context) => ({ cleared: await gateway.cache.clear(context) }),
  };
}
