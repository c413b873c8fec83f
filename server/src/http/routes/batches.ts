import type { HandlersOf, Ports } from "../types.ts";

/** A function asked about every row of a source. */
export function batchesHandlers({ batches }: Pick<Ports, "batches">): HandlersOf<"batches"> {
  return {
    "batches.create": async ({ parameters, body }, context) => batches.create(context, parameters.name, body),
    "batches.list": async ({ parameters, query }, context) => batches.list(context, parameters.name, query),
    "batches.get": async ({ parameters }, context) => batches.get(context, parameters.name, parameters.id),
    "batches.cancel": async ({ parameters }, context) => batches.cancel(context, parameters.name, parameters.id),
    "batches.result": async ({ parameters, query }, context) =>
      batches.result(context, parameters.name, { id: parameters.id, format: query.format }),
  };
}
