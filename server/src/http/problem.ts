import type { ServerResponse } from "node:http";
import { type Problem, errorTable } from "@millrace/contract";
import { type AppError, toAppError } from "../core/index.ts";

/** Headers of every answer that is not a page: nothing of it is cached, guessed at or referred to. */
export const plainHeaders = { "cache-control": "no-store", "x-content-type-options": "nosniff", "referrer-policy": "no-referrer" } as const;

/** RFC 9457 problem details of anything thrown. What is not ours stays inside: its text may hold what a caller must not see. */
export function toProblem(error: unknown, requestId: string): Problem {
  const known = toAppError(error);
  const entry = errorTable[known.code];
  return {
    type: `urn:millrace:error:${known.code}`,
    title: entry.title,
    status: entry.status,
    detail: known.code === "internal" ? entry.title : known.message,
    code: known.code,
    fix: entry.fix,
    requestId,
    ...(Object.keys(known.details).length === 0 || known.code === "internal" ? {} : { details: known.details }),
  };
}

/** OpenAI's and Anthropic's clients wait no longer than this, and ask again at once instead. */
const longestWaitSeconds = 60;

/** Headers that belong to an error: Retry-After, Allow, WWW-Authenticate. */
export function problemHeaders(error: AppError): Record<string, string> {
  const headers: Record<string, string> = { "content-type": "application/problem+json", ...plainHeaders };
  const { retryAfterSeconds, retryable, allow } = error.details;
  if (typeof retryAfterSeconds === "number") headers["retry-after"] = String(Math.max(1, Math.ceil(retryAfterSeconds)));
  else if (error.code === "overloaded" || error.code === "rate_limited") headers["retry-after"] = "1";
  // What those clients look at before they try again by themselves.
  if (retryable === false || (typeof retryAfterSeconds === "number" && retryAfterSeconds > longestWaitSeconds))
    headers["x-should-retry"] = "false";
  if (Array.isArray(allow)) headers["allow"] = allow.join(", ");
  if (error.status === 401) headers["www-authenticate"] = "Bearer";
  return headers;
}

/** Answers with problem details, unless an answer has begun. */
export function writeProblem(response: ServerResponse, error: unknown, requestId: string): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const text = JSON.stringify(toProblem(error, requestId));
  const known = toAppError(error);
  response.writeHead(known.status, { ...problemHeaders(known), "content-length": Buffer.byteLength(text), "x-request-id": requestId });
  response.end(text);
}
