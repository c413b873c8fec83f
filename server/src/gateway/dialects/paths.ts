const paths = new WeakMap<object, string>();

/** Remembers where the caller wrote a message or a part: in a canonical request it may stand elsewhere, and an error names his place. */
export function placed<Value extends object>(value: Value, path: string): Value {
  paths.set(value, path);
  return value;
}

/** `canonical` for what no caller wrote. */
export function pathOf(value: object, canonical: string): string {
  return paths.get(value) ?? canonical;
}
