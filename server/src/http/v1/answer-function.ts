import type { ServerResponse } from "node:http";
import type { InferResponse } from "@millrace/contract";
import { AppError, type Clock, toAppError } from "../../core/index.ts";
import { type Caller, type FunctionDefinition, type Functions, type InferAnswer, shapeOf } from "../../functions/index.ts";
import type { ChatAnswer, ChatRequest, DialectName, EventWriter, Gateway, Usage } from "../../gateway/index.ts";
import type { Principal } from "../../governance/index.ts";
import { plainHeaders } from "../problem.ts";
import { untilGone } from "../until-gone.ts";
import { functionInput, textFields } from "./function-input.ts";

export interface FunctionDoorDeps {
  readonly gateway: Pick<Gateway, "dialect">;
  readonly functions: Pick<Functions, "admit" | "infer" | "refuse">;
  readonly clock: Clock;
}

const prefix = "fn/";

/** The function that a model's name stands for, `fn/<function>`; undefined for a model. */
export function functionOfModel(model: string): string | undefined {
  return model.startsWith(prefix) ? model.slice(prefix.length) : undefined;
}

export interface FunctionQuestion {
  readonly name: string;
  readonly chat: ChatRequest;
  readonly body: Readonly<Record<string, unknown>>;
  readonly dialect: DialectName;
  readonly principal: Principal;
  readonly caller: Caller;
  readonly startedAt: number;
  readonly traceId: string | undefined;
  /** Of the network. */
  readonly address: string | undefined;
}

/** Asks a function as if it were a model: admitted, recorded and answered as by its own route, in the caller's dialect. */
export async function answerFunction(question: FunctionQuestion, response: ServerResponse, deps: FunctionDoorDeps): Promise<void> {
  const { name, chat, caller } = question;
  try {
    const definition = deps.functions.admit(question.principal, name);
    const input = functionInput(definition, chat, (dialect) => deps.gateway.dialect(dialect));
    checkSize(definition, input);
    const { startedAt, traceId, address } = question;
    const metadata = metadataOf(chat);
    const given = await deps.functions.infer({
      caller,
      function: name,
      input,
      startedAt,
      address,
      ...(traceId === undefined ? {} : { traceId }),
      ...(metadata === undefined ? {} : { metadata }),
      signal: untilGone(response),
    });
    write(question, { definition, given, response }, deps);
  } catch (error) {
    const { code, message, details } = toAppError(error);
    if (details["inferenceId"] === undefined) deps.functions.refuse({ function: name, caller, code, detail: message });
    throw error;
  }
}

/** The end user stands in a function's metadata, under `user`. */
function metadataOf({ metadata, user }: ChatRequest): Readonly<Record<string, string>> | undefined {
  return user === undefined ? metadata : { user, ...metadata };
}

interface Given {
  readonly definition: FunctionDefinition;
  readonly given: InferAnswer;
  readonly response: ServerResponse;
}

/** What no model was asked for. */
const noTokens: Usage = { input: 0, output: 0, cachedInput: null, cacheWrite: null, reasoning: null, from: "provider" };

function write({ chat, body, dialect: name }: FunctionQuestion, { definition, given, response }: Given, deps: FunctionDoorDeps): void {
  const { inferenceId, output } = JSON.parse(given.body) as InferResponse & { output: Record<string, unknown> };
  const answer: ChatAnswer = {
    id: inferenceId,
    model: chat.model,
    content: [{ type: "text", text: textOf(definition, output) }],
    finish: "stop",
    usage: given.spending?.usage ?? noTokens,
  };
  const options = body["stream_options"] as { include_usage?: unknown } | undefined;
  const context = { model: chat.model, created: Math.floor(deps.clock.now() / 1000), includeUsage: options?.include_usage === true };
  const dialect = deps.gateway.dialect(name);
  const text = chat.stream ? tell(answer, dialect.createWriter(context)) : JSON.stringify(dialect.writeAnswer(answer, context));
  response.writeHead(200, {
    ...plainHeaders,
    "content-type": chat.stream ? "text/event-stream; charset=utf-8" : "application/json",
    "content-length": Buffer.byteLength(text),
    "x-millrace-inference": inferenceId,
  });
  response.end(text);
}

/** Its only field of text, or all of it as JSON. */
function textOf(definition: FunctionDefinition, output: Readonly<Record<string, unknown>>): string {
  const [field, ...others] = textFields(shapeOf(definition.output, "output").properties ?? {});
  const only = field === undefined || others.length > 0 ? undefined : output[field];
  return typeof only === "string" ? only : JSON.stringify(output);
}

/** The answer is whole before any of it may leave, so it comes in one piece. */
function tell(answer: ChatAnswer, writer: EventWriter): string {
  const [part] = answer.content;
  const text = part?.type === "text" ? part.text : "";
  return [
    writer.write({ type: "start", id: answer.id, model: answer.model }),
    writer.write({ type: "text", part: 0, text }),
    writer.write({ type: "finish", finish: answer.finish }),
    writer.write({ type: "usage", usage: answer.usage ?? noTokens }),
    writer.write({ type: "end" }),
  ].join("");
}

function checkSize({ name, maxBodyBytes }: FunctionDefinition, input: unknown): void {
  const bytes = Buffer.byteLength(JSON.stringify(input));
  if (bytes <= maxBodyBytes) return;
  const message = `The input of "${name}" has ${bytes} bytes; it takes ${maxBodyBytes}.`;
  throw new AppError("body_too_large", message, { details: { maxBytes: maxBodyBytes } });
}
