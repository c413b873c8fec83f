import type { IncomingMessage } from "node:http";
import { AppError } from "../core/index.ts";
import { bodyTooLarge, declaredLength, readBody } from "./read-body.ts";

/** The JSON value of a body outside Fastify. `body_too_large`, `unsupported_media_type`, `invalid_json`, in this order. */
export async function readJson(request: IncomingMessage, limitBytes: number): Promise<unknown> {
  if ((declaredLength(request) ?? 0) > limitBytes) throw bodyTooLarge(limitBytes);
  const type = request.headers["content-type"];
  if (type === undefined || !type.startsWith("application/json")) {
    throw new AppError("unsupported_media_type", `Content type "${type ?? ""}" is not taken here.`, {
      details: { accepted: ["application/json"] },
    });
  }
  const body = await readBody(request, limitBytes);
  try {
    return JSON.parse(body.toString("utf8"));
  } catch (cause) {
    throw new AppError("invalid_json", `The body is not JSON: ${(cause as Error).message}`);
  }
}
