import type { IncomingMessage } from "node:http";
import { AppError } from "../core/index.ts";
import { bodyTooLarge, declaredLength, readBody } from "./read-body.ts";

export interface JsonBody {
  readonly value: unknown;
  /** As it came: what is written down of it need not be made a second time. */
  readonly text: string;
}

/** The JSON value of a body outside Fastify. `body_too_large`, `unsupported_media_type`, `invalid_json`, in this order. */
export async function readJson(request: IncomingMessage, limitBytes: number): Promise<unknown> {
  return (await readJsonBody(request, limitBytes)).value;
}

export async function readJsonBody(request: IncomingMessage, limitBytes: number): Promise<JsonBody> {
  if ((declaredLength(request) ?? 0) > limitBytes) throw bodyTooLarge(limitBytes);
  const type = request.headers["content-type"];
  if (type === undefined || !type.startsWith("application/json")) {
    throw new AppError("unsupported_media_type", `Content type "${type ?? ""}" is not taken here.`, {
      details: { accepted: ["application/json"] },
    });
  }
  const text = (await readBody(request, limitBytes)).toString("utf8");
  try {
    return { value: JSON.parse(text), text };
  } catch (cause) {
    throw new AppError("invalid_json", `The body is not JSON: ${(cause as Error).message}`);
  }
}
