import type { IncomingMessage } from "node:http";
import { AppError } from "../core/index.ts";

/** What a client may go on sending after it was refused before we hang up: it can only read our answer once it is done. */
const maxDiscardBytes = 64 * 1024 * 1024;

export function bodyTooLarge(limitBytes: number): AppError {
  return new AppError("body_too_large", `The body is larger than ${limitBytes} bytes.`, { details: { limitBytes } });
}

/** The declared length of a body, or undefined when it comes in chunks. */
export function declaredLength(request: IncomingMessage): number | undefined {
  const text = request.headers["content-length"];
  return text === undefined ? undefined : Number(text);
}

/** The whole body. `body_too_large` as soon as it passes the limit; `invalid_request` when the client goes away. */
export function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const onData = (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > limitBytes) {
        request.off("data", onData);
        reject(bodyTooLarge(limitBytes));
      } else {
        chunks.push(chunk);
      }
    };
    request.on("data", onData);
    request.on("end", () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, bytes)));
    request.on("error", (cause) => reject(new AppError("invalid_request", "The body ended before it was complete.", { cause })));
    request.on("close", () => {
      if (!request.complete) reject(new AppError("client_gone", "The client went away before the body was complete."));
    });
  });
}

/** Lets a refused body run out, within a bound, so that the refusal can be read. */
export function discardBody(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return;
  let bytes = 0;
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxDiscardBytes) request.destroy();
  });
  request.resume();
}

/** The bytes of a body as they come, cut off with `body_too_large` past the limit. */
export async function* capStream(source: AsyncIterable<Uint8Array>, limitBytes: number): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.length;
    if (bytes > limitBytes) throw bodyTooLarge(limitBytes);
    yield chunk;
  }
}
