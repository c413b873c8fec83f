import type { z } from "zod";
import { AppError } from "../../core/index.ts";

/** What a provider said, as far as it is read here. `provider_failed` when it is something else. */
export function readJson<T>(text: string, schema: z.ZodType<T>): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new AppError("provider_failed", `The provider's word on its batch is no JSON: ${text.slice(0, 200)}.`);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ");
  throw new AppError("provider_failed", `The provider's word on its batch cannot be read: ${wrong}.`);
}

export function readLines<T>(text: string, schema: z.ZodType<T>): T[] {
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => readJson(line, schema));
}
