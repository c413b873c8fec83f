import type { IncomingMessage, ServerResponse } from "node:http";
import { AppError, type Clock, type Logger } from "../../core/index.ts";
import type { Functions, OpenedModelCall } from "../../functions/index.ts";
import type { DialectName, Gateway } from "../../gateway/index.ts";
import type { Governance } from "../../governance/index.ts";
import type { OriginGuard } from "../guard-origin.ts";
import { plainHeaders } from "../problem.ts";
import { readJsonBody } from "../read-json.ts";

export interface GatewayDoorDeps {
  readonly gateway: Gateway;
  readonly functions: Pick<Functions, "admit" | "admitModel" | "definitions" | "infer" | "openModelCall" | "refuse">;
  readonly governance: Pick<Governance, "authenticate" | "authorize">;
  readonly guard: OriginGuard;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** One request to `/v1/*`. */
export interface Door {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  /** Of errors too. */
  readonly dialect: DialectName;
  /** Once evidence was opened. */
  call: OpenedModelCall | undefined;
}

export function takeMethod(request: IncomingMessage, method: string): void {
  if (request.method !== method)
    throw new AppError("method_not_allowed", `${request.method} is not taken here.`, { details: { allow: [method] } });
}

export interface TakenObject {
  readonly body: Record<string, unknown>;
  /** As it came, for the evidence. */
  readonly text: string;
}

/** The body of a POST. */
export async function takeObject(request: IncomingMessage, maxBytes: number): Promise<TakenObject> {
  takeMethod(request, "POST");
  const { value, text } = await readJsonBody(request, maxBytes);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { body: value as Record<string, unknown>, text };
  throw new AppError("invalid_request", "The body must be a JSON object.", { details: { issues: [{ path: "", message: "an object" }] } });
}

export interface SendOptions {
  readonly inferenceId?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export function send(response: ServerResponse, text: string, { inferenceId, headers }: SendOptions = {}): void {
  response.writeHead(200, {
    "content-type": "application/json",
    ...plainHeaders,
    ...headers,
    "content-length": Buffer.byteLength(text),
    ...(inferenceId === undefined ? {} : { "x-millrace-inference": inferenceId }),
  });
  response.end(text);
}
