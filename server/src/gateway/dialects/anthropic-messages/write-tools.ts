import type { ChatRequest, ChatTool } from "../../types.ts";
import { compact } from "./check-shape.ts";

/** The tools, with foreign ones where they stood: a cache mark covers all before it. */
export function writeTools({ tools, foreign }: ChatRequest): unknown[] | undefined {
  const own = [...(tools ?? [])];
  const others = Object.entries(foreign).flatMap(([key, value]) => (key.startsWith("tools.") ? [{ at: Number(key.slice(6)), value }] : []));
  if (tools === undefined && others.length === 0) return undefined;
  const written: unknown[] = own.map(writeTool);
  for (const { at, value } of others.toSorted((a, b) => a.at - b.at)) written.splice(at, 0, value);
  return written;
}

function writeTool(tool: ChatTool): unknown {
  return compact({
    name: tool.name,
    description: tool.description,
    // A function without parameters; the API wants a schema.
    input_schema: tool.parameters ?? { type: "object", properties: {} },
    strict: tool.strict,
    cache_control: tool.cache,
  });
}

/** The choice among them. Whether calls may be parallel is said in it, so one is written where only that was asked. */
export function writeChoice({ toolChoice, parallelTools }: ChatRequest, tools: readonly unknown[] | undefined): unknown {
  const single = parallelTools === undefined ? undefined : !parallelTools;
  if (toolChoice === undefined) {
    return single === true && tools !== undefined && tools.length > 0 ? { type: "auto", disable_parallel_tool_use: true } : undefined;
  }
  if (toolChoice.kind === "none") return { type: "none" };
  return compact({
    type: toolChoice.kind,
    name: toolChoice.kind === "tool" ? toolChoice.name : undefined,
    disable_parallel_tool_use: single,
  });
}
