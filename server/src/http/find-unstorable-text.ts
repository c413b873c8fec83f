/**
 * The path of the first text (or key) in a value that the database cannot keep: one with a NUL or a lone surrogate. Null when
 * there is none. Inputs of functions are not asked: evidence keeps them whatever they hold.
 */
export function findUnstorableText(value: unknown, path: string = ""): string | null {
  if (typeof value === "string") return value.includes("\0") || !value.isWellFormed() ? path : null;
  if (value === null || typeof value !== "object") return null;
  for (const [key, item] of Object.entries(value)) {
    const place = path === "" ? key : `${path}.${key}`;
    if (findUnstorableText(key) !== null) return path;
    const found = findUnstorableText(item, place);
    if (found !== null) return found;
  }
  return null;
}
