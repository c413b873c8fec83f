import { AppError } from "../../../core/index.ts";
import { adviceOn } from "../advice.ts";

/** What the request holds and this dialect has no word for: where, and in brackets what. */
export function untranslatable(fields: ReadonlyMap<string, string>): AppError {
  const list = Array.from(fields, ([field, what]) => (what === "" ? field : `${field} (${what})`));
  return new AppError("untranslatable", `OpenAI's responses cannot carry ${list.join(", ")}.${adviceOn(fields.keys())}`, {
    details: { fields: [...fields.keys()] },
  });
}

/** Whether nothing is said in any other field: null and an empty list are nothing. */
export function hasOnly(value: Readonly<Record<string, unknown>>, keys: readonly string[]): boolean {
  return Object.entries(value).every(([key, item]) => !says(item) || keys.includes(key));
}

export function says(value: unknown): boolean {
  return value !== null && value !== undefined && !(Array.isArray(value) && value.length === 0);
}
