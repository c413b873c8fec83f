import type { IncomingMessage, ServerResponse } from "node:http";
import { once } from "node:events";
import { createId, isAppError, toAppError } from "../../core/index.ts";
import type { Caller, OpenedModelCall } from "../../functions/index.ts";
import { AttemptBook, type ChatRequest, type DialectName, type Gateway, type GatewayReply, readBetas } from "../../gateway/index.ts";
import type { Principal } from "../../governance/index.ts";
import { readCredentials } from "../credentials.ts";
import { readTraceId } from "../hot.ts";
import { plainHeaders, problemHeaders } from "../problem.ts";
import { discardBody } from "../read-body.ts";
import { untilGone } from "../until-gone.ts";
import { answerFunction, functionOfModel } from "./answer-function.ts";
import { countTokens } from "./count-tokens.ts";
import { type Door, type GatewayDoorDeps, send, takeMethod, takeObject } from "./door.ts";
import { embed } from "./embed.ts";
import { findModel, listModels } from "./list-models.ts";
import { endInVain, endOfCall } from "./end-of-call.ts";
import { notHere } from "./not-here.ts";
import { type CallOpened, openCall } from "./open-call.ts";

const doors: Readonly<Record<string, DialectName>> = {
  "/v1/chat/completions": "openai-chat",
  "/v1/responses": "openai-responses",
  "/v1/messages": "anthropic-messages",
};

const modelPath = "/v1/models/";
const embeddingsPath = "/v1/embeddings";
const countPath = "/v1/messages/count_tokens";

/** The path when a request is for the gateway; undefined leaves it to the control API. */
export function matchGateway(url: string): string | undefined {
  if (!url.startsWith("/v1/")) return undefined;
  const query = url.indexOf("?");
  return query === -1 ? url : url.slice(0, query);
}

/** Answers `/v1/*` as the clients of OpenAI and Anthropic expect it, their errors included. */
export function createGatewayDoor(deps: GatewayDoorDeps): (request: IncomingMessage, response: ServerResponse, path: string) => void {
  return function handle(request, response, path) {
    const door: Door = {
      request,
      response,
      path,
      dialect: path === countPath ? "anthropic-messages" : (doors[path] ?? "openai-chat"),
      call: undefined,
    };
    answer(door, deps).catch((error: unknown) => refuse(door, error, deps));
  };
}

async function answer(door: Door, deps: GatewayDoorDeps): Promise<void> {
  const { request, response, path } = door;
  const startedAt = performance.now();
  deps.guard.check(request);
  const principal = authenticate(request, deps);
  // The model is named in the body: what can be refused without it is refused before. A key that is held to some functions is asked by name.
  if (principal.functions === null) deps.governance.authorize(principal, "functions.infer");
  if (path === "/v1/models") {
    takeMethod(request, "GET");
    return send(response, JSON.stringify(listModels(deps, principal)));
  }
  if (path === embeddingsPath) return embed(door, { principal, startedAt }, deps);
  if (path === countPath) return countTokens(door, { principal, startedAt }, deps);
  if (path.startsWith(modelPath)) {
    takeMethod(request, "GET");
    return send(response, JSON.stringify(findModel(path.slice(modelPath.length), deps, principal)));
  }
  if (doors[path] === undefined) throw notHere(path);
  const { body, text } = await takeObject(request, deps.gateway.maxBodyBytes);
  const chat = deps.gateway.dialect(door.dialect).parseRequest(body);
  const caller: Caller = { projectId: principal.projectId, principalId: principal.id, principalName: principal.name };
  const asked = functionOfModel(chat.model);
  if (asked !== undefined) {
    const traceId = readTraceId(request.headers["traceparent"]);
    const address = request.socket.remoteAddress;
    return answerFunction(
      { name: asked, chat, body, dialect: door.dialect, principal, caller, startedAt, traceId, address },
      response,
      deps,
    );
  }
  const resolved = deps.gateway.resolve(chat.model);
  const [first] = resolved.targets;
  const opening = { principal, model: resolved.name, variant: first!.name, input: text, startedAt, budgetMs: first!.config.clocks.totalMs };
  const opened = openCall(door, opening, deps);
  await converse(door, { ...opened, chat, body, resolved, startedAt }, deps);
}

interface Conversation extends CallOpened {
  readonly chat: ChatRequest;
  readonly body: Record<string, unknown>;
  readonly resolved: ReturnType<Gateway["resolve"]>;
  readonly startedAt: number;
}

async function converse(door: Door, conversation: Conversation, deps: GatewayDoorDeps): Promise<void> {
  const { origin, chat, body, resolved, call, reopen, startedAt } = conversation;
  const { request, response } = door;
  const book = new AttemptBook();
  let reply: GatewayReply;
  try {
    reply = await deps.gateway.call({
      origin,
      dialect: door.dialect,
      body,
      request: chat,
      resolved,
      evidence: call.evidence,
      signal: untilGone(response),
      startedAt,
      inferenceId: call.id,
      cacheControl: request.headers["cache-control"],
      betas: door.dialect === "anthropic-messages" ? readBetas(request.headers["anthropic-beta"]) : undefined,
      reopen,
      book,
    });
  } catch (error) {
    await call.close(endInVain(error, book));
    throw error;
  }
  if (reply.kind === "whole") {
    await call.close(endOfCall(reply.outcome));
    return send(response, reply.text, { inferenceId: call.id, headers: cacheHeader(reply) });
  }
  await stream(response, reply, call);
}

/** The record is open before the first byte leaves, and closed before the last. */
async function stream(response: ServerResponse, reply: Extract<GatewayReply, { kind: "stream" }>, call: OpenedModelCall): Promise<void> {
  let last = "";
  try {
    await call.open();
    response.writeHead(200, {
      "content-type": "text/event-stream; charset=utf-8",
      ...plainHeaders,
      ...cacheHeader(reply),
      "x-millrace-inference": call.id,
    });
    for await (const { text, isLast } of reply.texts) {
      if (isLast) last = text;
      else if (text !== "" && !response.write(text)) await drained(response);
      if (isLast || response.destroyed) break;
    }
  } finally {
    try {
      await call.close(endOfCall(reply.outcome()));
    } finally {
      void reply.leave();
    }
  }
  response.end(last);
}

function cacheHeader({ cache }: GatewayReply): Record<string, string> {
  return cache === undefined ? {} : { "x-millrace-cache": cache };
}

/** A client that reads slowly holds the provider back; one that is gone does not hold us. */
async function drained(response: ServerResponse): Promise<void> {
  if (response.destroyed) return;
  // The one that did not happen is not waited for any longer: a long stream would gather them.
  const over = new AbortController();
  const { signal } = over;
  await Promise.race([once(response, "drain", { signal }), once(response, "close", { signal })]).finally(() => over.abort());
}

function refuse({ request, response, dialect, call }: Door, error: unknown, deps: GatewayDoorDeps): void {
  const known = toAppError(error);
  if (isAppError(error) && error.kind !== "bug") deps.logger.debug({ code: error.code }, "refused");
  else deps.logger.error({ error }, "a request to the gateway failed");
  discardBody(request);
  if (response.headersSent || response.destroyed) return void response.destroy();
  const { providerStatus, inferenceId: recorded, fields, providerDetails } = known.details;
  const inferenceId = call?.id ?? (typeof recorded === "string" ? recorded : null);
  const status = typeof providerStatus === "number" ? providerStatus : known.status;
  const message = known.code === "internal" ? "Something went wrong here." : known.message;
  const said = {
    status,
    code: known.code,
    message,
    inferenceId,
    ...(known.code === "untranslatable" ? { fields: fields as readonly string[] } : {}),
    ...(known.code === "provider_refused" && providerDetails !== undefined ? { details: providerDetails as Record<string, unknown> } : {}),
  };
  const text = JSON.stringify(deps.gateway.dialect(dialect).writeError(said));
  response.writeHead(status, {
    ...problemHeaders(known),
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
    "x-request-id": inferenceId ?? createId(deps.clock),
  });
  response.end(text);
}

/** Anthropic's clients send their key as `x-api-key`. */
function authenticate(request: IncomingMessage, deps: GatewayDoorDeps): Principal {
  const key = request.headers["x-api-key"];
  const principal = deps.governance.authenticate(
    typeof key === "string" && request.headers.authorization === undefined ? { bearer: key } : readCredentials(request),
  );
  if (principal.kind === "session") deps.guard.checkSameOrigin(request);
  return principal;
}
