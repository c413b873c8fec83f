import type { HandlersOf, Ports } from "../types.ts";

export function gatewayHandlers({ gateway }: Pick<Ports, "gateway">): HandlersOf<"gateway"> {
  return {
    "gateway.budgets": ({ query }, { projectId }) => gateway.budgets.list(projectId, query.limit),
  };
}
