import { AppError } from "../errors.ts";
import { BodyQueue } from "./body.ts";
import { decodeBody, encodingOf } from "./decode.ts";
import type { OpenExchange } from "./exchange.ts";
import { tooLarge } from "./failures.ts";
import type { EgressHandler, EgressHeaders, EgressRequest, EgressResponse } from "./types.ts";

/** Sends a request and settles with the head of its answer; the body follows as it is read. */
export function sendRequest(
  request: EgressRequest,
  { open, maxBytes }: { open: (request: EgressRequest, handler: EgressHandler) => OpenExchange; maxBytes: number },
): Promise<EgressResponse> {
  return new Promise((resolve, reject) => {
    const queue = new BodyQueue();
    const exchange = open(request, {
      onHeaders: (status, headers) => {
        try {
          resolve(answerOf({ status, headers, queue, exchange, maxBytes: request.limits?.maxResponseBytes ?? maxBytes }));
        } catch (error) {
          exchange.cancel(error);
        }
      },
      onData: (chunk) => queue.push(chunk),
      onEnd: () => queue.finish(),
      onError: (error) => {
        reject(error);
        queue.fail(error);
      },
    });
    queue.attach(exchange);
  });
}

interface Head {
  readonly status: number;
  readonly headers: EgressHeaders;
  readonly queue: BodyQueue;
  readonly exchange: OpenExchange;
  readonly maxBytes: number;
}

function answerOf({ status, headers, queue, exchange, maxBytes }: Head): EgressResponse {
  const { host } = exchange;
  const encoding = encodingOf(headers["content-encoding"], host);
  const body = encoding === undefined ? queue : decodeBody(queue, { encoding, host, maxBytes });
  const bytes = () => collect(body, { host, maxBytes });
  const text = async () => new TextDecoder().decode(await bytes());
  return {
    status,
    headers: encoding === undefined ? headers : withoutEncoding(headers),
    url: exchange.url,
    body,
    bytes,
    text,
    json: async () => parseJson(await text(), host),
    cancel: () => void queue.return(),
  };
}

/** What they say is no longer so of a decompressed body. */
function withoutEncoding(headers: EgressHeaders): EgressHeaders {
  const { "content-encoding": _encoding, "content-length": _length, ...rest } = headers;
  return rest;
}

async function collect(body: AsyncIterable<Uint8Array>, { host, maxBytes }: { host: string; maxBytes: number }): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge(host, maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

function parseJson(text: string, host: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AppError("egress_failed", `The answer of ${host} is not JSON.`, { details: { host }, cause });
  }
}
