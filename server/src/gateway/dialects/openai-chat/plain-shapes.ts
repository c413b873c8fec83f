import type { RequestBody } from "./request-schema.ts";

// Most requests and answers are of these shapes, which their schemas would hand back as they are. Looking is a twentieth of the work of
// a schema; whatever else comes, or is wrong, is the schema's.

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === "string";
const isTruth: Check = (value) => typeof value === "boolean";
const isNumber: Check = (value) => typeof value === "number" && Number.isFinite(value);
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) > 0;
const isTextOrNothing: Check = (value) => value === undefined || value === null || typeof value === "string";

const requestChecks = new Map<string, Check>([
  ["model", (value) => isText(value) && value !== ""],
  ["messages", (value) => Array.isArray(value) && value.length > 0 && value.every((each) => isObject(each) && isText(each["role"]))],
  ["stream", isTruth],
  ["stream_options", (value) => isObject(value) && Object.keys(value).every((key) => key === "include_usage" && isTruth(value[key]))],
  ["max_tokens", isCount],
  ["max_completion_tokens", isCount],
  ["temperature", isNumber],
  ["top_p", isNumber],
  ["seed", (value) => Number.isSafeInteger(value)],
  ["user", isText],
]);

export function isPlainRequest(body: unknown): body is RequestBody {
  if (!isObject(body) || body["model"] === undefined || body["messages"] === undefined) return false;
  for (const key of Object.keys(body)) if (requestChecks.get(key)?.(body[key]) !== true) return false;
  return true;
}

export function isPlainAnswer(body: unknown): boolean {
  if (!isObject(body) || !isTextOrNothing(body["id"]) || !isTextOrNothing(body["model"])) return false;
  const { choices } = body;
  return Array.isArray(choices) && choices.length > 0 && choices.every(isPlainChoice);
}

function isPlainChoice(choice: unknown): boolean {
  return isObject(choice) && isTextOrNothing(choice["finish_reason"]) && isPlainMessage(choice["message"]);
}

function isPlainMessage(message: unknown): boolean {
  if (!isObject(message) || (message["tool_calls"] !== undefined && message["tool_calls"] !== null)) return false;
  return isTextOrNothing(message["content"]) && isTextOrNothing(message["refusal"]) && isTextOrNothing(message["reasoning_content"]);
}

/** As JSON gives it; a field of that name is dropped by a schema. */
function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !Object.hasOwn(value, "__proto__");
}
