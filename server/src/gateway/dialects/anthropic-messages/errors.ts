import type { CallerError, UpstreamError } from "../../types.ts";
import { isRecord } from "./check-shape.ts";

type Kind = UpstreamError["kind"];

const kinds = new Map<unknown, Kind>([
  ["invalid_request_error", "invalid_request"],
  ["authentication_error", "authentication"],
  ["billing_error", "permission"],
  ["permission_error", "permission"],
  ["not_found_error", "not_found"],
  ["request_too_large", "too_large"],
  ["rate_limit_error", "rate_limit"],
  ["overloaded_error", "overloaded"],
  ["timeout_error", "timeout"],
  ["api_error", "server"],
]);

const types = new Map<Kind, string>([...kinds].map(([type, kind]) => [kind, type as string]));
const maxMessage = 2000;

/** Of a failed answer, by what the body says and else by its status. A proxy's page is only a status. */
export function parseError(status: number | null, body: unknown): UpstreamError {
  const error = isRecord(body) && isRecord(body["error"]) ? body["error"] : {};
  const type = typeof error["type"] === "string" ? error["type"] : undefined;
  const said = typeof error["message"] === "string" ? error["message"] : typeof body === "string" ? body.trim() : "";
  const message = said === "" ? `The provider gave no reason${status === null ? "" : ` for its status ${status}`}.` : said;
  const named = kinds.get(type);
  return {
    status,
    // "api_error" stands for all that is wrong on their side: then the status says more.
    kind: status !== null && (named === undefined || (named === "server" && status >= 500)) ? kindOf(status) : (named ?? "unknown"),
    message: message.slice(0, maxMessage),
    ...(type === undefined ? {} : { code: type }),
    ...(isShort(error["details"]) ? { details: error["details"] } : {}),
  };
}

function kindOf(status: number): Kind {
  switch (status) {
    case 401:
      return "authentication";
    case 402:
    case 403:
      return "permission";
    case 404:
      return "not_found";
    case 408:
    case 504:
      return "timeout";
    case 413:
      return "too_large";
    case 429:
      return "rate_limit";
    case 503:
    case 529:
      return "overloaded";
    default:
      if (status >= 500) return "server";
      return status >= 400 ? "invalid_request" : "unknown";
  }
}

export function typeOf(kind: Kind): string {
  return types.get(kind) ?? "api_error";
}

export function writeError({ status, message, inferenceId, fields = [], details = refusedThread(fields) }: CallerError): unknown {
  const error = { type: typeOf(kindOf(status)), message, ...(details === undefined ? {} : { details }) };
  return { type: "error", error, request_id: inferenceId };
}

/** Anthropic's client asks for a conversation that its provider holds, unasked, and goes on without one where it is told so in these words. */
function refusedThread(fields: readonly string[]): CallerError["details"] {
  return fields.includes("thread") ? { error_code: "thread_unsupported_request", unsupported: ["thread"] } : undefined;
}

function isShort(details: unknown): details is Record<string, unknown> {
  return isRecord(details) && JSON.stringify(details).length <= maxMessage;
}

export function writeStreamError(error: CallerError): string {
  return `event: error\ndata: ${JSON.stringify(writeError(error))}\n\n`;
}
