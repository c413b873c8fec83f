import { createReadStream } from "node:fs";
import type { IncomingMessage } from "node:http";
import { type Operation, type Route, routes } from "@millrace/contract";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { z } from "zod";
import { AppError, type Clock, type Logger, createId, defaultProjectId, isAppError, toAppError } from "../core/index.ts";
import type { ResultFile } from "../functions/index.ts";
import type { Governance, Principal } from "../governance/index.ts";
import type { HttpConfig } from "./config.ts";
import { readCredentials, writeSessionCookie } from "./credentials.ts";
import type { OriginGuard } from "./guard-origin.ts";
import { plainHeaders, problemHeaders, toProblem } from "./problem.ts";
import { findUnstorableText } from "./find-unstorable-text.ts";
import { bodyTooLarge, capStream } from "./read-body.ts";
import type { AuthorizedContext, ControlOperation, EdgeContext, Handlers } from "./types.ts";

export interface ControlDeps {
  readonly handlers: Handlers;
  readonly governance: Pick<Governance, "authenticate" | "authorize">;
  readonly guard: OriginGuard;
  readonly config: HttpConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly strictResponses: boolean;
}

type LooseHandler = (request: Record<string, unknown>, context: EdgeContext) => Promise<unknown>;

/** Registers every route of the table but the hot ones: guard, authenticate, authorize, parse, handle, answer. */
export function registerControlRoutes(app: FastifyInstance, deps: ControlDeps): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "string", bodyLimit: deps.config.maxBodyBytes }, (_request, text, done) => {
    try {
      done(null, text === "" ? undefined : JSON.parse(text as string));
    } catch (cause) {
      done(new AppError("invalid_json", `The body is not JSON: ${(cause as Error).message}`));
    }
  });
  app.addContentTypeParser("application/x-ndjson", (_request, payload, done) => done(null, payload));
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply, deps));
  app.setNotFoundHandler((request) => {
    throw unknownAddress(request);
  });
  for (const [operation, route] of Object.entries(routes) as [Operation, Route][]) {
    if (route.hot === true) continue;
    app.route({
      method: route.method,
      url: route.path,
      // The body is read after this: nobody's bytes are parsed before they may send any.
      onRequest: async (request) => admit(request, route, deps),
      handler: (request, reply) => handle(operation as ControlOperation, route, { request, reply }, deps),
    });
  }
}

const principals = new WeakMap<FastifyRequest, Principal>();

async function admit(request: FastifyRequest, route: Route, deps: ControlDeps): Promise<void> {
  if (route.permission !== "public") {
    const principal = requirePrincipal(request.raw, deps);
    if (route.permission !== "any")
      deps.governance.authorize(principal, route.permission, { function: functionOf(route, request.params as Record<string, string>) });
    principals.set(request, principal);
  } else if (route.method !== "GET" && request.headers.origin !== undefined) deps.guard.checkSameOrigin(request.raw);
}

/** The function a path is about: a key limited to some functions may touch no other. */
function functionOf(route: Route, parameters: Record<string, string>): string | undefined {
  if (route.path.startsWith("/api/functions/:name")) return parameters["name"];
  return parameters["function"] ?? (route.path.startsWith("/api/governance/switches/") ? parameters["target"] : undefined);
}

/** Who asks. A session that writes must come from our own page. */
export function requirePrincipal(request: IncomingMessage, deps: Pick<ControlDeps, "governance" | "guard">): Principal {
  const principal = deps.governance.authenticate(readCredentials(request));
  if (principal.kind === "session" && request.method !== "GET" && request.method !== "HEAD") deps.guard.checkSameOrigin(request);
  return principal;
}

async function handle(
  operation: ControlOperation,
  route: Route,
  exchange: { request: FastifyRequest; reply: FastifyReply },
  deps: ControlDeps,
): Promise<void> {
  const { request, reply } = exchange;
  const parsed: Record<string, unknown> = {};
  if (route.parameters !== undefined) parsed["parameters"] = parsePart(route.parameters, request.params, "the path");
  if (route.query !== undefined) parsed["query"] = parsePart(route.query, request.query, "the query");
  if (route.body === "stream") parsed["body"] = readStream(request, deps.config.maxUploadBytes);
  else if (route.body !== undefined) parsed["body"] = parsePart(route.body, request.body, "the body");
  const gone = new AbortController();
  const onClose = () => gone.abort();
  reply.raw.on("close", onClose);
  try {
    const answer = await (deps.handlers[operation] as unknown as LooseHandler)(parsed, createContext(request, reply, gone.signal, deps));
    const status = route.path === "/health/ready" && (answer as { status?: string }).status === "unready" ? 503 : (route.status ?? 200);
    if (route.response === "stream") return await sendFile(reply, answer as ResultFile);
    const text = writeResponse(operation, route.response, answer, deps);
    reply.code(status).headers(plainHeaders).header("content-type", "application/json").send(text);
    await reply;
  } finally {
    reply.raw.off("close", onClose);
  }
}

function createContext(
  request: FastifyRequest,
  reply: FastifyReply,
  signal: AbortSignal,
  deps: ControlDeps,
): EdgeContext | AuthorizedContext {
  const principal = principals.get(request);
  return {
    projectId: principal?.projectId ?? defaultProjectId,
    principalId: principal?.id ?? "anonymous",
    requestId: request.id,
    signal,
    origin: deps.guard.origin(request.raw),
    remoteAddress: request.raw.socket.remoteAddress ?? "unknown",
    session: readCredentials(request.raw).session,
    setSession: (session) =>
      void reply.header("set-cookie", writeSessionCookie(session, deps.config.tls !== undefined || deps.config.trustProxy)),
    ...(principal === undefined ? {} : { principal }),
  };
}

function parsePart(schema: z.ZodType, value: unknown, place: string): unknown {
  const unstorable = findUnstorableText(value);
  if (unstorable !== null) {
    throw new AppError("invalid_request", `Wrong in ${place}: ${unstorable || "its top"}: the text holds a NUL or half a character.`, {
      details: { issues: [{ path: unstorable, message: "no NUL and no lone surrogate" }] },
    });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.slice(0, 20).map((issue) => ({ path: issue.path.join("."), message: issue.message }));
  throw new AppError(
    "invalid_request",
    `Wrong in ${place}: ${issues.map((issue) => `${issue.path || "its top"}: ${issue.message}`).join("; ")}.`,
    { details: { issues } },
  );
}

function readStream(request: FastifyRequest, limitBytes: number): AsyncIterable<Uint8Array> {
  const type = request.headers["content-type"] ?? "";
  if (!type.startsWith("application/x-ndjson")) {
    throw new AppError("unsupported_media_type", `Content type "${type}" is not taken here.`, {
      details: { accepted: ["application/x-ndjson"] },
    });
  }
  if (Number(request.headers["content-length"] ?? 0) > limitBytes) throw bodyTooLarge(limitBytes);
  return capStream(request.raw, limitBytes);
}

/** A file as it is; a browser saves it. */
async function sendFile(reply: FastifyReply, { path, name, mediaType, bytes }: ResultFile): Promise<void> {
  reply.headers(plainHeaders).headers({
    "content-type": mediaType,
    "content-length": bytes,
    "content-disposition": `attachment; filename="${name}"`,
  });
  reply.send(createReadStream(path));
  await reply;
}

function writeResponse(operation: string, schema: z.ZodType, answer: unknown, deps: ControlDeps): string {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return JSON.stringify(parsed.data);
  const issues = parsed.error.issues.slice(0, 20).map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  if (deps.strictResponses) throw new AppError("internal", `${operation} answered outside its contract: ${issues.join("; ")}`);
  deps.logger.error({ operation, issues }, "an answer does not keep its contract");
  return JSON.stringify(answer);
}

/** What Fastify itself refuses, in our codes. */
const fastifyCodes: Record<string, (request: FastifyRequest, deps: ControlDeps) => AppError> = {
  FST_ERR_CTP_BODY_TOO_LARGE: (_request, deps) => bodyTooLarge(deps.config.maxBodyBytes),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: (request) =>
    new AppError("unsupported_media_type", `Content type "${request.headers["content-type"] ?? ""}" is not taken here.`, {
      details: { accepted: ["application/json", "application/x-ndjson"] },
    }),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () => new AppError("invalid_request", "The body is not as long as Content-Length says."),
  FST_ERR_CTP_EMPTY_JSON_BODY: () => new AppError("invalid_json", "The body is empty; send one JSON value."),
};

function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply, deps: ControlDeps): void {
  const code = (error as { code?: string }).code ?? "";
  const known = fastifyCodes[code]?.(request, deps) ?? toAppError(error);
  if (isAppError(known) && known.kind === "user")
    deps.logger.debug({ requestId: request.id, code: known.code, url: request.url }, "refused");
  else deps.logger.error({ requestId: request.id, error: known, url: request.url }, "a request failed");
  const problem = toProblem(known, request.id);
  reply
    .code(problem.status)
    .headers({ ...problemHeaders(known), "x-request-id": request.id })
    .serializer((payload: unknown) => JSON.stringify(payload))
    .send(problem);
}

const patterns = (Object.values(routes) as Route[]).map((route) => ({
  method: route.method,
  pattern: new RegExp(`^${route.path.replace(/:\w+/g, "[^/]+")}$`),
}));

/** 405 with Allow when the path exists under another method, else 404. */
function unknownAddress(request: FastifyRequest): AppError {
  const path = request.url.split("?", 1)[0]!;
  const allow = patterns.filter((entry) => entry.pattern.test(path)).map((entry) => entry.method);
  if (allow.length > 0) return new AppError("method_not_allowed", `${request.method} is not taken at ${path}.`, { details: { allow } });
  return new AppError("not_found", `There is nothing at ${path}.`);
}

/** Ids of requests: ours, made as every other id. */
export function createRequestIds(clock: Clock): () => string {
  return () => createId(clock);
}
