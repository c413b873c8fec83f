type Schema = Readonly<Record<string, unknown>>;

/** What node-llama-cpp makes a grammar of. All properties are written, so `required` says nothing more. */
const held = new Set([
  "type",
  "enum",
  "const",
  "oneOf",
  "properties",
  "required",
  "additionalProperties",
  "minProperties",
  "maxProperties",
  "items",
  "prefixItems",
  "minItems",
  "maxItems",
  "minLength",
  "maxLength",
  "format",
  "$ref",
  "$defs",
]);
/** They allow every value. */
const silent = new Set([
  "title",
  "description",
  "examples",
  "default",
  "deprecated",
  "readOnly",
  "writeOnly",
  "$schema",
  "$id",
  "$comment",
]);
const formats: readonly unknown[] = ["date-time", "time", "date"];

/**
 * A JSON Schema as the grammar of a local model holds to it: each answer it lets through is one of the schema. `problems` gets the path
 * of each keyword that it cannot hold to (a bound of numbers, a pattern), since nobody would check it afterwards.
 */
export function toGrammarSchema(schema: unknown, path: string, problems: Map<string, string>): Schema {
  // `true` and `{}` allow everything; the package has no word for that inside a schema.
  if (typeof schema !== "object" || schema === null || Object.keys(schema).every((key) => silent.has(key))) {
    problems.set(path, "a schema that says what it is");
    return {};
  }
  const made: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(schema)) {
    if (silent.has(key) || isSafeBound(key, value)) continue;
    // Any of them is what a grammar chooses from.
    const name = key === "anyOf" ? "oneOf" : key;
    const place = `${path}.${key}`;
    const why = whyNot(name, value);
    if (why !== undefined) problems.set(place, why);
    else made[name] = translate(name, value, { path: place, problems });
  }
  return made;
}

function whyNot(key: string, value: unknown): string | undefined {
  if (!held.has(key)) return "a grammar cannot hold to it";
  if (key === "format" && !formats.includes(value)) return `of formats only ${formats.join(", ")}`;
  if (key === "type" && Array.isArray(value) && value.some((each) => each === "object" || each === "array"))
    return "an object or a list beside other types is written with anyOf";
  if (["oneOf", "prefixItems"].includes(key) && !Array.isArray(value)) return "a list of schemas";
  if (["properties", "$defs"].includes(key) && (typeof value !== "object" || value === null)) return "schemas by name";
  if (key === "$ref" && (typeof value !== "string" || !value.startsWith("#/$defs/"))) return "only #/$defs/";
  return undefined;
}

function translate(key: string, value: unknown, at: { readonly path: string; readonly problems: Map<string, string> }): unknown {
  const each = (schema: unknown, name: string | number) => toGrammarSchema(schema, `${at.path}.${name}`, at.problems);
  if (key === "properties" || key === "$defs")
    return Object.fromEntries(Object.entries(value as Schema).map(([name, schema]) => [name, each(schema, name)]));
  if (key === "oneOf" || key === "prefixItems") return (value as unknown[]).map(each);
  if (key === "items" || (key === "additionalProperties" && typeof value === "object")) return toGrammarSchema(value, at.path, at.problems);
  return value;
}

/** Libraries of schemas write the bounds of a double's whole numbers for every integer. */
function isSafeBound(key: string, value: unknown): boolean {
  return (key === "minimum" || key === "maximum") && typeof value === "number" && Math.abs(value) === Number.MAX_SAFE_INTEGER;
}
