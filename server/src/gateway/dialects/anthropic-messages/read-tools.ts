import type { ChatRequest, ChatTool, ToolChoice } from "../../types.ts";
import { type Place, below, checkShape, compact, given } from "./check-shape.ts";
import { toolChoiceSchema, toolSchema } from "./request-schema.ts";

type Raw = Readonly<Record<string, unknown>>;

const place: Place = { path: "tools", code: "invalid_request" };
const common = new Set(["type", "name", "description", "input_schema", "strict", "cache_control"]);

/** Tools and the choice among them. A tool the provider runs, or one with fields of its own, is foreign under its path. */
export function readTools(
  tools: readonly Raw[] | null | undefined,
  choice: Raw | null | undefined,
  foreign: Map<string, unknown>,
): Pick<ChatRequest, "tools" | "toolChoice" | "parallelTools"> {
  const read = tools?.flatMap((tool, index) => {
    const known = readTool(tool, below(place, index));
    if (known === undefined) foreign.set(`tools.${index}`, tool);
    return known ?? [];
  });
  return { tools: read, ...readChoice(choice, foreign) };
}

function readTool(raw: Raw, at: Place): ChatTool | undefined {
  const tool = given(raw);
  if ((tool["type"] ?? "custom") !== "custom") return undefined;
  if (Object.keys(tool).some((key) => !common.has(key))) return undefined;
  const { name, description, strict, cache_control } = checkShape(toolSchema, tool, at);
  return compact({ name, description, parameters: tool["input_schema"], strict, cache: cache_control });
}

function readChoice(raw: Raw | null | undefined, foreign: Map<string, unknown>): Pick<ChatRequest, "toolChoice" | "parallelTools"> {
  if (raw === null || raw === undefined) return {};
  const parsed = toolChoiceSchema.safeParse(given(raw));
  if (!parsed.success) {
    foreign.set("tool_choice", raw);
    return {};
  }
  const { data } = parsed;
  const toolChoice: ToolChoice = data.type === "tool" ? { kind: "tool", name: data.name } : { kind: data.type };
  const single = data.disable_parallel_tool_use;
  return { toolChoice, parallelTools: single === undefined ? undefined : !single };
}
