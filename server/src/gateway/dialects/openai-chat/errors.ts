import { writeEvent } from "../../sse/write-event.ts";
import type { CallerError, UpstreamError } from "../../types.ts";

type Kind = UpstreamError["kind"];

const kindsByStatus: Readonly<Record<number, Kind>> = {
  400: "invalid_request",
  401: "authentication",
  402: "permission",
  403: "permission",
  404: "not_found",
  408: "timeout",
  413: "too_large",
  422: "invalid_request",
  429: "rate_limit",
  503: "overloaded",
  504: "timeout",
  529: "overloaded",
};

/** Inside a stream there is no status: the type or code says what it was. */
const kindsByWord: Readonly<Record<string, Kind>> = {
  invalid_request_error: "invalid_request",
  authentication_error: "authentication",
  invalid_api_key: "authentication",
  permission_error: "permission",
  model_not_found: "not_found",
  not_found_error: "not_found",
  rate_limit_error: "rate_limit",
  rate_limit_exceeded: "rate_limit",
  insufficient_quota: "rate_limit",
  overloaded_error: "overloaded",
  service_unavailable: "overloaded",
  server_error: "server",
  internal_error: "server",
  api_error: "server",
  timeout: "timeout",
};

const longestMessage = 2000;

export function parseError(status: number | null, body: unknown): UpstreamError {
  const { message, code, type } = describe(body);
  return {
    status,
    kind: status === null ? kindOfWords(code, type) : kindOfStatus(status),
    message: (message || (status === null ? "The provider reported an error." : `The provider answered with status ${status}.`)).slice(
      0,
      longestMessage,
    ),
    ...(code === undefined ? {} : { code }),
  };
}

/** OpenAI's shape; other servers send `{ error: "text" }`, `{ message }`, `{ detail }`, or no JSON at all. */
function describe(body: unknown): { message: string; code?: string; type?: string } {
  if (typeof body === "string") return { message: body.trim() };
  if (!isRecord(body)) return { message: "" };
  const inner = body["error"] ?? body;
  if (typeof inner === "string") return { message: inner };
  if (!isRecord(inner)) return { message: "" };
  const message = [inner["message"], inner["detail"]].find((text) => typeof text === "string");
  const word = (value: unknown) => (typeof value === "string" || typeof value === "number" ? String(value) : undefined);
  const type = word(inner["type"]);
  const code = word(inner["code"]) ?? type;
  return {
    message: typeof message === "string" ? message : JSON.stringify(inner),
    ...(code === undefined ? {} : { code }),
    ...(type === undefined ? {} : { type }),
  };
}

function kindOfStatus(status: number): Kind {
  return kindsByStatus[status] ?? (status >= 500 ? "server" : "unknown");
}

/** Some servers put the status into `code`. */
function kindOfWords(code: string | undefined, type: string | undefined): Kind {
  for (const word of [code, type]) {
    if (word === undefined) continue;
    if (Object.hasOwn(kindsByWord, word)) return kindsByWord[word]!;
    if (/^[45]\d\d$/.test(word)) return kindOfStatus(Number(word));
  }
  return "unknown";
}

export function writeError(error: CallerError): { error: Record<string, unknown> } {
  const { status, code, message, inferenceId } = error;
  return { error: { message, type: typeOf(status), param: null, code, inferenceId } };
}

export function writeStreamError(error: CallerError): string {
  return writeEvent(JSON.stringify(writeError(error)));
}

/** The same as a caller gets when the provider's stream breaks. */
export function toCallerError(error: UpstreamError): CallerError {
  const { kind, message } = error;
  if (kind === "rate_limit" || kind === "overloaded") return { status: 503, code: "provider_busy", message, inferenceId: null };
  if (kind === "invalid_request" || kind === "too_large") return { status: 400, code: "provider_refused", message, inferenceId: null };
  return { status: 502, code: "provider_failed", message, inferenceId: null };
}

function typeOf(status: number): string {
  if (status === 401) return "authentication_error";
  if (status === 403) return "permission_error";
  if (status === 429) return "rate_limit_error";
  return status >= 500 ? "server_error" : "invalid_request_error";
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
