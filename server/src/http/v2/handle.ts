import type { IncomingMessage, ServerResponse } from "node:http";
import { modelFunction } from "@millrace/contract";
import { AppError, type Clock, type Logger, createId, isAppError, toAppError } from "../../core/index.ts";
import type { Functions } from "../../functions/index.ts";
import type { Governance, Principal } from "../../governance/index.ts";
import type { Models } from "../../models/index.ts";
import type { HttpConfig } from "../config.ts";
import { requirePrincipal } from "../control.ts";
import type { OriginGuard } from "../guard-origin.ts";
import { plainHeaders, problemHeaders } from "../problem.ts";
import { discardBody } from "../read-body.ts";
import { createModelFinder, type FindModel } from "./find-model.ts";
import { inferModel } from "./infer.ts";
import type { Question } from "./match.ts";
import { inputTensors, outputTensors } from "./tensors.ts";

export interface InferenceDoorDeps {
  readonly models: Pick<Models, "get" | "getVersion" | "load" | "predictMany" | "resolve">;
  readonly find: FindModel;
  readonly functions: Pick<Functions, "admitModel" | "openModelCall" | "refuse">;
  readonly governance: Governance;
  readonly readiness: () => string[];
  readonly config: Pick<HttpConfig, "maxBodyBytes">;
  readonly version: string;
  readonly guard: OriginGuard;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Reply {
  readonly text: string;
  readonly status?: number;
  readonly inferenceId?: string;
}

/** Answers `/v2/*` as clients of the open inference protocol expect it (KServe, Triton, MLServer), their errors included. */
export function createInferenceDoor(
  given: Omit<InferenceDoorDeps, "find">,
): (request: IncomingMessage, response: ServerResponse, question: Question) => void {
  const deps: InferenceDoorDeps = { ...given, find: createModelFinder(given.models, given.clock) };
  return function handle(request, response, question) {
    answer(request, response, question, deps).then(
      (reply) => send(response, reply),
      (error: unknown) => refuse(request, response, error, deps),
    );
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, question: Question, deps: InferenceDoorDeps): Promise<Reply> {
  const startedAt = performance.now();
  takeMethod(request, question.kind === "infer" ? "POST" : "GET");
  // Probes come by address, and without a key.
  if (question.kind === "live") return { text: JSON.stringify({ live: true }) };
  if (question.kind === "ready") {
    const ready = deps.readiness().length === 0;
    return { text: JSON.stringify({ ready }), status: ready ? 200 : 503 };
  }
  deps.guard.check(request);
  const principal = requirePrincipal(request, deps);
  if (question.kind === "infer") return inferModel({ ...question, request, response, principal, startedAt }, deps);
  if (question.kind === "server") return { text: JSON.stringify({ name: "millrace", version: deps.version, extensions: [] }) };
  if (!("name" in question))
    throw new AppError("not_found", "There is nothing at this address: /v2/models/<name>[/versions/<version>][/ready or /infer] is here.");
  deps.governance.authorize(principal, "functions.infer", { function: modelFunction(question.name) });
  return { text: JSON.stringify(await describe(question, principal, deps)) };
}

/** What a model takes and answers; or, once it is loaded here, that it is ready. */
async function describe(
  question: { readonly kind: string; readonly name: string; readonly version: number | null },
  { projectId, id: principalId }: Principal,
  { models, find }: Pick<InferenceDoorDeps, "models" | "find">,
): Promise<object> {
  const context = { projectId, principalId };
  const { name } = question;
  const { reference, signature } = await find(context, question);
  if (question.kind === "model-ready") {
    await models.load(context, reference);
    return { name, ready: true };
  }
  const { versions } = await models.get(context, name);
  return {
    name,
    versions: Array.from({ length: versions }, (_, index) => String(index + 1)),
    platform: "onnxruntime_onnx",
    inputs: inputTensors(signature).map(({ columns, isMatrix, ...tensor }) => ({
      ...tensor,
      ...(isMatrix ? { parameters: { columns: JSON.stringify(columns.map((column) => column.name)) } } : {}),
    })),
    outputs: outputTensors(signature),
  };
}

function takeMethod(request: IncomingMessage, method: string): void {
  if (request.method !== method)
    throw new AppError("method_not_allowed", `${request.method} is not taken here.`, { details: { allow: [method] } });
}

function send(response: ServerResponse, { text, status = 200, inferenceId }: Reply): void {
  response.writeHead(status, {
    "content-type": "application/json",
    ...plainHeaders,
    "content-length": Buffer.byteLength(text),
    ...(inferenceId === undefined ? {} : { "x-millrace-inference": inferenceId }),
  });
  response.end(text);
}

/** `{ "error": "..." }`, as the protocol has it. */
function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  error: unknown,
  deps: Pick<InferenceDoorDeps, "logger" | "clock">,
): void {
  const known = toAppError(error);
  if (isAppError(error) && error.kind !== "bug") deps.logger.debug({ code: error.code }, "refused");
  else deps.logger.error({ error }, "a request of the inference protocol failed");
  discardBody(request);
  if (response.headersSent || response.destroyed) return void response.destroy();
  const text = JSON.stringify({ error: known.code === "internal" ? "Something went wrong here." : known.message });
  response.writeHead(known.status, {
    ...problemHeaders(known),
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
    "x-request-id": createId(deps.clock),
  });
  response.end(text);
}
