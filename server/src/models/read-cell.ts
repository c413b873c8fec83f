import type { InputType } from "./columns.ts";

/** What a model's input holds for one row: text, a number (an instant's is milliseconds since the epoch), or nothing. */
export type Cell = string | number | null;

const instantPattern = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2}))?$/;

const readers: Readonly<Record<InputType, (value: unknown) => Cell | undefined>> = {
  text: (value) => (typeof value === "string" ? value : JSON.stringify(value)),
  // ONNX Runtime ends a string at a NUL: what stands behind one would not be seen.
  category: (value) => (typeof value === "string" ? value.toWellFormed().replaceAll("\u0000", "\ufffd") : undefined),
  boolean: (value) => (typeof value === "boolean" ? String(value) : undefined),
  number: (value) => (typeof value === "number" && Number.isFinite(Math.fround(value)) ? Math.fround(value) : undefined),
  instant: readInstant,
  integer: (value) => (Number.isSafeInteger(value) ? Number(value) : undefined),
  double: (value) => (typeof value === "number" && Number.isFinite(value) ? value : undefined),
};

/** What is expected of a value, for messages. */
export const expectations: Readonly<Record<InputType, string>> = {
  text: "text",
  category: "text",
  boolean: "true or false",
  number: "a finite number (at most 3.4e38)",
  instant: "an instant (ISO 8601 with offset)",
  integer: "a whole number",
  double: "a finite number",
};

/** The value as models see it, at training and at serving; undefined when it is not of this type. */
export function readCell(type: InputType, value: unknown): Cell | undefined {
  return value === null || value === undefined ? null : readers[type](value);
}

function readInstant(value: unknown): number | undefined {
  if (typeof value !== "string" || !instantPattern.test(value)) return undefined;
  const time = Date.parse(value);
  return Number.isNaN(time) ? undefined : time;
}
