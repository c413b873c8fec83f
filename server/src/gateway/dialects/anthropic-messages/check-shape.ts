import type { z } from "zod";
import { AppError } from "../../../core/index.ts";

/** Where a value stands, and whose fault it is when it is wrong: the caller's, or the provider's. */
export interface Place {
  readonly path: string;
  readonly code: "invalid_request" | "provider_failed";
}

export function below(place: Place, name: string | number): Place {
  return { ...place, path: place.path === "" ? `${name}` : `${place.path}.${name}` };
}

export function checkShape<T>(schema: z.ZodType<T>, value: unknown, place: Place): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw wrongShape(parsed.error.issues, place);
}

export function wrongShape(found: readonly z.core.$ZodIssue[], place: Place): AppError {
  const issues = found
    .flatMap(inner)
    .slice(0, 20)
    .map((issue) => ({ path: issue.path.reduce<Place>((at, key) => below(at, String(key)), place).path, message: issue.message }));
  const what = place.code === "invalid_request" ? "The body" : "The provider's answer";
  const where = issues.map((issue) => `${issue.path || "its top"}: ${issue.message}`).join("; ");
  return new AppError(place.code, `${what} is wrong at ${where}.`, { details: { issues } });
}

/** Of a choice of shapes that all fail, what the nearest one misses: "text or blocks" alone would not name the block. */
function inner(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== "invalid_union") return [issue];
  const nearest = issue.errors.toSorted((a, b) => depth(b) - depth(a))[0] ?? [];
  if (depth(nearest) === 0) return [issue];
  return nearest.map((below) => ({ ...below, path: [...issue.path, ...below.path] }));
}

function depth(issues: readonly z.core.$ZodIssue[]): number {
  return issues[0]?.path.length ?? 0;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Without what is not there, so that equal things have equal keys. */
export function compact<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as T;
}

/** Without nulls too: the API says null where it means "not given". */
export function given(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined && item !== null));
}
