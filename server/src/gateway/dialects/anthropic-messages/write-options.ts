import type { ChatRequest } from "../../types.ts";
import { callerName } from "../caller-names.ts";
import { isRecord } from "./check-shape.ts";
import { effortSchema } from "./request-schema.ts";
import type { Writing } from "./write-content.ts";

export function writeReasoning(request: ChatRequest, { problems }: Writing): { thinking?: unknown; effort?: string } {
  const { reasoning } = request;
  switch (reasoning?.kind) {
    case undefined:
      return {};
    case "off":
      return { thinking: { type: "disabled" } };
    case "budget":
      return { thinking: { type: "enabled", budget_tokens: reasoning.tokens } };
    case "effort": {
      // What other dialects call no thinking at all.
      if (reasoning.effort === "none") return { thinking: { type: "disabled" } };
      if (effortSchema.safeParse(reasoning.effort).success) return { effort: reasoning.effort };
      problems.set(callerName("reasoning", request), `no effort "${reasoning.effort}"`);
      return {};
    }
  }
}

/** A schema is carried, its name is only a label and is not; JSON of any shape cannot be asked for. */
export function writeFormat(request: ChatRequest, { problems }: Writing): { format?: unknown } {
  const { format } = request;
  if (format === undefined) return {};
  if (format.kind === "schema" && isRecord(format.schema)) {
    const described = format.description === undefined ? format.schema : { description: format.description, ...format.schema };
    return { format: { type: "json_schema", schema: described } };
  }
  problems.set(callerName("format", request), "only a JSON schema");
  return {};
}
