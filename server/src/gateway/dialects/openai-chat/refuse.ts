import type { z } from "zod";
import { AppError, type AppErrorOptions } from "../../../core/index.ts";
import { adviceOn } from "../advice.ts";

export interface Issue {
  readonly path: string;
  readonly message: string;
}

const longestList = 20;

/** The caller's body is malformed there. */
export function invalidRequest(all: readonly Issue[]): AppError {
  return new AppError("invalid_request", `The body is wrong at ${sentence(all)}.`, withIssues(all));
}

/** The provider's answer is malformed there. */
export function brokenAnswer(all: readonly Issue[]): AppError {
  return new AppError("provider_failed", `The provider's answer is wrong at ${sentence(all)}.`, withIssues(all));
}

/** What the request holds and this dialect has no word for: where, and in brackets what. */
export function untranslatable(fields: ReadonlyMap<string, string>): AppError {
  const list = Array.from(fields, ([field, what]) => (what === "" ? field : `${field} (${what})`));
  return new AppError("untranslatable", `OpenAI's chat completions cannot carry ${list.join(", ")}.${adviceOn(fields.keys())}`, {
    details: { fields: [...fields.keys()] },
  });
}

/** The value by its schema, or the error `refuse` makes of what is wrong with it. */
export function read<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  at: { path: string; refuse: typeof invalidRequest },
): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const prefix = at.path === "" ? [] : [at.path];
  throw at.refuse(parsed.error.issues.map((issue) => ({ path: [...prefix, ...issue.path].join("."), message: issue.message })));
}

function sentence(issues: readonly Issue[]): string {
  return issues
    .slice(0, longestList)
    .map((issue) => `${issue.path || "its top"}: ${issue.message}`)
    .join("; ");
}

function withIssues(issues: readonly Issue[]): AppErrorOptions {
  return { details: { issues: issues.slice(0, longestList) } };
}
