import type { IncomingMessage, ServerResponse } from "node:http";
import { inferRequestSchema } from "@millrace/contract";
import { AppError, type Clock, type Logger, createId, isAppError, toAppError } from "../core/index.ts";
import type { Caller, Functions, InferCall } from "../functions/index.ts";
import type { Governance, Principal } from "../governance/index.ts";
import { readCredentials } from "./credentials.ts";
import type { OriginGuard } from "./guard-origin.ts";
import { plainHeaders, writeProblem } from "./problem.ts";
import { untilGone } from "./until-gone.ts";
import { discardBody } from "./read-body.ts";
import { readJson } from "./read-json.ts";

const prefix = "/api/functions/";
const suffix = "/infer";
const maxIdempotencyKeyLength = 200;

export interface HotDeps {
  readonly functions: Pick<Functions, "admit" | "infer" | "refuse">;
  readonly governance: Pick<Governance, "authenticate" | "authorize">;
  readonly guard: OriginGuard;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The function's name when this is a request to ask a function; undefined leaves it to the control API. */
export function matchInfer(url: string): string | undefined {
  if (!url.startsWith(prefix)) return undefined;
  const query = url.indexOf("?");
  const path = query === -1 ? url : url.slice(0, query);
  if (!path.endsWith(suffix)) return undefined;
  const name = path.slice(prefix.length, -suffix.length);
  return name === "" || name.includes("/") ? undefined : name;
}

/** Answers POST /api/functions/:name/infer outside Fastify: the one request that is sent thousands of times a second. */
export function createHotHandler(deps: HotDeps): (request: IncomingMessage, response: ServerResponse, name: string) => void {
  return function handle(request, response, name) {
    answer(request, response, name, deps).catch((error: unknown) => {
      const requestId = createId(deps.clock);
      if (isAppError(error) && error.kind !== "bug") deps.logger.debug({ requestId, code: error.code }, "refused");
      else deps.logger.error({ requestId, error }, "a request failed");
      writeProblem(response, error, requestId);
      discardBody(request);
    });
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, name: string, deps: HotDeps): Promise<void> {
  const startedAt = performance.now();
  deps.guard.check(request);
  if (request.method !== "POST")
    throw new AppError("method_not_allowed", `${request.method} is not taken here; ask a function with POST.`, {
      details: { allow: ["POST"] },
    });
  const principal = authenticate(request, deps);
  const caller: Caller = { projectId: principal.projectId, principalId: principal.id, principalName: principal.name };
  try {
    const body = await ask({ request, response }, name, { principal, caller, startedAt }, deps);
    response.writeHead(200, { "content-type": "application/json", ...plainHeaders, "content-length": Buffer.byteLength(body) });
    response.end(body);
  } catch (error) {
    const { code, details, message } = toAppError(error);
    if (details["inferenceId"] === undefined) deps.functions.refuse({ function: name, caller, code, detail: message });
    throw error;
  }
}

/** Admission in its order: key, switch, limit, size, schema; then the answer's text. */
async function ask(
  { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
  name: string,
  who: { principal: Principal; caller: Caller; startedAt: number },
  deps: HotDeps,
): Promise<string> {
  const definition = deps.functions.admit(who.principal, name);
  const call = readCall(await readJson(request, definition.maxBodyBytes), name, who, request);
  if (call.drill !== undefined) deps.governance.authorize(who.principal, "functions.write", { function: name });
  // Models are paid by the token; what else a function does is done sooner than a signal is made.
  const { body } = await deps.functions.infer(
    definition.asksModels ? { ...call, signal: untilGone(response), address: request.socket.remoteAddress } : call,
  );
  return body;
}

function authenticate(request: IncomingMessage, deps: HotDeps): Principal {
  const principal = deps.governance.authenticate(readCredentials(request));
  if (principal.kind === "session") deps.guard.checkSameOrigin(request);
  return principal;
}

function readCall(body: unknown, name: string, who: { caller: Caller; startedAt: number }, request: IncomingMessage): InferCall {
  const parsed = inferRequestSchema.safeParse(body);
  if (!parsed.success) {
    const issues = parsed.error.issues.slice(0, 20).map((issue) => ({ path: issue.path.join("."), message: issue.message }));
    throw new AppError(
      "invalid_request",
      `The body is wrong at ${issues.map((issue) => `${issue.path || "its top"}: ${issue.message}`).join("; ")}.`,
      { details: { issues } },
    );
  }
  return {
    ...parsed.data,
    caller: who.caller,
    function: name,
    startedAt: who.startedAt,
    idempotencyKey: readIdempotencyKey(request.headers["idempotency-key"]),
    traceId: readTraceId(request.headers["traceparent"]),
  };
}

function readIdempotencyKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header === "string" && header.length > 0 && header.length <= maxIdempotencyKeyLength) return header;
  throw new AppError("invalid_request", `Idempotency-Key must be 1 to ${maxIdempotencyKeyLength} characters.`, {
    details: { issues: [{ path: "Idempotency-Key", message: `1 to ${maxIdempotencyKeyLength} characters` }] },
  });
}

/** The trace id of a W3C traceparent; anything else is ignored, as the recommendation says. */
export function readTraceId(header: string | string[] | undefined): string | undefined {
  if (typeof header !== "string") return undefined;
  const match = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/.exec(header);
  return match === null || /^0+$/.test(match[1]!) ? undefined : match[1];
}
