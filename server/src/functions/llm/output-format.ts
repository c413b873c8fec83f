import { z } from "zod";
import type { OutputFormat } from "../../gateway/index.ts";

type Node = Record<string, unknown>;

/** Bounds that some providers refuse a schema for. They are said in the description, and held when the answer is checked. */
const bounds = [
  "minimum",
  "maximum",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "multipleOf",
  "minLength",
  "maxLength",
  "minItems",
  "maxItems",
];
const knownFormats = new Set(["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"]);
/** One of these stands in every schema that says anything. */
const kinds = ["type", "anyOf", "enum", "const", "$ref"];
const unsaid = new Set([...bounds, "pattern", "default", "$schema"]);

/** The output a function wants of a model, in the subset of JSON Schema that providers hold a model to. */
export function outputFormat(name: string, output: z.ZodType): OutputFormat {
  const schema = narrow(z.toJSONSchema(output, { io: "input", unrepresentable: "any" }));
  return { kind: "schema", name: name.slice(0, 64), schema, ...(isStrict(schema) ? { strict: true } : {}) };
}

function narrow(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(narrow);
  if (typeof value !== "object" || value === null) return value;
  const node = value as Node;
  const kept = Object.entries(node).filter(([key, each]) => !unsaid.has(key) && !(key === "format" && !knownFormats.has(String(each))));
  const narrowed: Node = Object.fromEntries(
    kept.map(([key, each]) => [key === "oneOf" ? "anyOf" : key, key === "properties" || key === "$defs" ? eachOf(each) : deep(key, each)]),
  );
  const said = sayBounds(node);
  if (said !== "") narrowed["description"] = [node["description"], said].filter((text) => typeof text === "string").join(" ");
  if (node["properties"] !== undefined && node["additionalProperties"] === undefined) narrowed["additionalProperties"] = false;
  return narrowed;
}

/** Values that are data stay as they are. */
function deep(key: string, value: unknown): unknown {
  return key === "enum" || key === "const" ? value : narrow(value);
}

function eachOf(value: unknown): Node {
  return Object.fromEntries(Object.entries(value as Node).map(([name, each]) => [name, narrow(each)]));
}

function sayBounds(node: Node): string {
  const said = bounds
    .filter((key) => typeof node[key] === "number" && Math.abs(node[key]) < Number.MAX_SAFE_INTEGER)
    .map((key) => `${key} ${String(node[key])}`);
  if (typeof node["format"] === "string") {
    if (!knownFormats.has(node["format"])) said.push(`format ${node["format"]}`);
  } else if (typeof node["pattern"] === "string") said.push(`pattern ${node["pattern"]}`);
  return said.length === 0 ? "" : `(${said.join(", ")})`;
}

/** OpenAI's strict mode knows no field that may be absent, and none without a name or a type. */
function isStrict(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isStrict);
  if (typeof value !== "object" || value === null) return true;
  const { properties, required, additionalProperties, type } = value as Node;
  if (type === "object" && additionalProperties !== false) return false;
  const names = typeof properties === "object" && properties !== null ? Object.keys(properties) : [];
  const needed = new Set(Array.isArray(required) ? (required as unknown[]) : []);
  const isTyped = (name: string) => kinds.some((key) => key in ((properties as Node)[name] as object));
  return names.every((name) => needed.has(name) && isTyped(name)) && Object.values(value).every(isStrict);
}
