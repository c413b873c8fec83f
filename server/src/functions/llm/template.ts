/** Every pair of braces opens a place; what stands in it must be a name. */
const place = /\{\{([^{}]*)\}\}/g;
const name = /^[A-Za-z_][\w-]*(\.[A-Za-z_][\w-]*)*$/;

export type Template = readonly (string | { readonly path: readonly string[] })[];

/** `{{field}}` or `{{field.inner}}`. Throws a plain error that says what is wrong with the text. */
export function parseTemplate(text: string): Template {
  const parts: (string | { readonly path: readonly string[] })[] = [];
  let from = 0;
  for (const found of text.matchAll(place)) {
    const inside = found[1]!.trim();
    if (!name.test(inside)) throw new Error(`"${found[0]}" is not the name of a field of the input`);
    parts.push(text.slice(from, found.index), { path: inside.split(".") });
    from = found.index + found[0].length;
  }
  parts.push(text.slice(from));
  const open = parts.find((part) => typeof part === "string" && part.includes("{{"));
  if (open !== undefined)
    throw new Error("braces open a place and do not close it; a text that needs two of them is written by a function");
  return parts.filter((part) => part !== "");
}

/** Values go in as they are: braces in them are text. What is absent leaves nothing; what is no text is JSON. */
export function fillTemplate(template: Template, input: Readonly<Record<string, unknown>>): string {
  return template.map((part) => (typeof part === "string" ? part : asText(readPath(input, part.path)))).join("");
}

function readPath(input: unknown, path: readonly string[]): unknown {
  let value = input;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

function asText(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
