import type { ErrorCode, FeedbackItem } from "@millrace/contract";
import { storableText } from "../core/index.ts";
import type { FunctionDefinition } from "../functions/index.ts";
import { z } from "zod";

export interface Refused {
  readonly code: ErrorCode;
  readonly reason: string;
}

/** An item that may be kept, with the label it states, if it states one. */
export interface Checked {
  readonly label: string | null;
}

const longestComment = 10_000;
const longestLabel = 200;
/** A clock that is a little ahead of ours is no fault. */
const clockToleranceMs = 60_000;

/** Whether an item about an inference of this function makes sense. The function is undefined when it is configured no longer. */
export function checkItem(item: FeedbackItem, definition: FunctionDefinition | undefined, now: number): Checked | Refused {
  if (item.occurredAt !== undefined && Date.parse(item.occurredAt) > now + clockToleranceMs) {
    return refuse("invalid_request", `occurredAt ${item.occurredAt} is in the future.`);
  }
  if (!isStorable(item.value) || !isStorable(item.source)) {
    return refuse("invalid_request", "The value or source holds a NUL character or half a surrogate pair, which cannot be stored.");
  }
  switch (item.kind) {
    case "label":
      return checkLabel(item.value, definition);
    case "rating":
      return typeof item.value === "number" && item.value >= -1 && item.value <= 1
        ? { label: null }
        : refuse("invalid_request", "A rating is a number from -1 to 1.");
    case "comment":
      return typeof item.value === "string" && item.value.trim() !== "" && item.value.length <= longestComment
        ? { label: null }
        : refuse("invalid_request", `A comment is text of 1 to ${longestComment} characters.`);
    case "correction":
      return checkCorrection(item.value, definition);
  }
}

/** Whether SQL can hold every text in a JSON value. */
function isStorable(value: unknown): boolean {
  if (typeof value === "string") return storableText(value) === value;
  if (typeof value !== "object" || value === null) return true;
  return Object.entries(value).every(([name, part]) => isStorable(name) && isStorable(part));
}

function checkLabel(value: unknown, definition: FunctionDefinition | undefined): Checked | Refused {
  if (typeof value !== "string" || value === "" || value.length > longestLabel)
    return refuse("invalid_request", `A label is text of 1 to ${longestLabel} characters.`);
  const known = definition === undefined ? null : knownLabels(definition);
  if (known !== null && !known.includes(value))
    return refuse("invalid_input", `"${value.slice(0, 80)}" is no label of ${definition!.name}; it has ${known.join(", ")}.`);
  return { label: value };
}

function checkCorrection(value: unknown, definition: FunctionDefinition | undefined): Checked | Refused {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return refuse("invalid_request", "A correction is the whole right output, as an object.");
  if (definition === undefined) return { label: null };
  const parsed = definition.output.safeParse(value);
  if (parsed.success) return { label: definition.labelOf(parsed.data) };
  const issues = parsed.error.issues.slice(0, 5).map((issue) => `${issue.path.join(".") || "output"}: ${issue.message}`);
  return refuse("invalid_input", `The correction is no output of ${definition.name}: ${issues.join("; ")}.`);
}

function refuse(code: ErrorCode, reason: string): Refused {
  return { code, reason };
}

/** The labels a function can answer, where its output schema lists them and its label is that field; else null: any is possible. */
export function knownLabels(definition: FunctionDefinition): readonly string[] | null {
  const field: unknown = definition.output.shape["label"];
  if (!(field instanceof z.ZodEnum)) return null;
  const options = field.options.map(String);
  return options.every((label) => isOwnLabel(definition, label)) ? options : null;
}

function isOwnLabel(definition: FunctionDefinition, label: string): boolean {
  try {
    return definition.labelOf({ label }) === label;
  } catch {
    // A label made of other fields too: which values it takes cannot be told.
    return false;
  }
}
