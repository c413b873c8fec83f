/** JSON with object keys sorted at every depth: equal values give equal text, so the text can be hashed. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => {
    if (item === null || typeof item !== "object" || Array.isArray(item)) return item;
    // No prototype, so that a key named __proto__ is a key like any other.
    const sorted = Object.create(null) as Record<string, unknown>;
    for (const key of Object.keys(item).sort()) sorted[key] = (item as Record<string, unknown>)[key];
    return sorted;
  });
}

/** Text as SQL can hold it: NUL becomes a space, half a surrogate pair U+FFFD. */
export function storableText(text: string): string {
  return text.replaceAll("\u0000", " ").toWellFormed();
}
