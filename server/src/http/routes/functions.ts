import { inferMany } from "./infer-many.ts";
import type { HandlersOf, Ports } from "../types.ts";

/** Functions and their inferences; asking a function about one input is the hot handler's. */
export function functionsHandlers({ functions }: Pick<Ports, "functions">): HandlersOf<"functions"> & HandlersOf<"inferences"> {
  return {
    "functions.list": async (_request, context) => ({ items: await functions.list(context) }),
    "functions.get": async ({ parameters }, context) => functions.get(context, parameters.name),
    "functions.inferMany": (request, context) => inferMany(request, context, functions),
    "functions.series": async ({ parameters, query }, context) => ({ points: await functions.series(context, parameters.name, query) }),
    "inferences.list": async ({ query }, context) => {
      const { misread, fallback, ...rest } = query;
      return functions.listInferences(context, { ...rest, misread: readFlag(misread), fallback: readFlag(fallback) });
    },
    "inferences.get": async ({ parameters }, context) => functions.getInference(context, parameters.id),
    "inferences.eraseBody": async ({ parameters }, context) => functions.eraseBody(context, parameters.id),
  };
}

function readFlag(text: "true" | "false" | undefined): boolean | undefined {
  return text === undefined ? undefined : text === "true";
}
