import type { ChatTool, ToolChoice } from "../../types.ts";
import { compact } from "../anthropic-messages/check-shape.ts";
import { invalidRequest, read } from "../openai-chat/refuse.ts";
import { hasOnly } from "./refuse.ts";
import { type RequestBody, functionToolSchema, namedToolSchema } from "./request-schema.ts";

/** Functions; a tool the provider runs, or one with fields of its own, is foreign under its path. */
export function parseTools(raw: RequestBody["tools"], foreign: Map<string, unknown>): ChatTool[] {
  return (raw ?? []).flatMap((tool, index) => {
    const path = `tools.${index}`;
    if (tool.type !== "function" || !hasOnly(tool, ["type", "name", "description", "parameters", "strict"])) {
      foreign.set(path, tool);
      return [];
    }
    const { name, description, parameters, strict } = read(functionToolSchema, tool, { path, refuse: invalidRequest });
    // Left out, it is a function without parameters.
    return [compact<ChatTool>({ name, description, parameters: parameters ?? { type: "object", properties: {} }, strict })];
  });
}

const choices: Readonly<Record<string, ToolChoice>> = { auto: { kind: "auto" }, none: { kind: "none" }, required: { kind: "any" } };

export function parseChoice(choice: unknown, foreign: Map<string, unknown>): ToolChoice | undefined {
  if (choice === undefined || choice === null) return undefined;
  if (typeof choice === "string") {
    if (Object.hasOwn(choices, choice)) return choices[choice];
    throw invalidRequest([{ path: "tool_choice", message: `"${choice}" is none of auto, none, required` }]);
  }
  if (typeof choice !== "object") throw invalidRequest([{ path: "tool_choice", message: "must be text or an object" }]);
  const named = namedToolSchema.safeParse(choice);
  if (named.success) return { kind: "tool", name: named.data.name };
  foreign.set("tool_choice", choice);
  return undefined;
}
