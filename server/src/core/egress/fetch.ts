import { AppError } from "../errors.ts";
import type { EgressBody, EgressHeaders, EgressRequest, EgressResponse } from "./types.ts";

const bodiless = new Set([204, 205, 304]);

/** The `fetch` of the platform over `egress.request`. Errors are those of `request`, not a bare "fetch failed". */
export function createFetch(request: (request: EgressRequest) => Promise<EgressResponse>): typeof globalThis.fetch {
  return async (input, init) => {
    const from = input instanceof Request ? input : undefined;
    const headers = new Headers(init?.headers ?? from?.headers);
    const body = await bodyOf(init?.body === undefined ? from : init.body, headers);
    const signal = init?.signal === undefined ? from?.signal : (init.signal ?? undefined);
    const redirect = init?.redirect ?? from?.redirect ?? "follow";
    const answer = await request({
      url: from?.url ?? (input as string | URL),
      method: init?.method ?? from?.method ?? "GET",
      headers: Object.fromEntries(headers),
      body,
      signal,
      ...(redirect === "follow" ? {} : { limits: { maxRedirects: 0 } }),
    });
    if (answer.status > 599) {
      answer.cancel();
      const { hostname } = new URL(answer.url);
      throw new AppError("egress_failed", `${hostname} answered ${answer.status}, which is no status of a Response.`, {
        details: { host: hostname, status: answer.status },
      });
    }
    return toResponse(answer);
  };
}

/** What is short is sent with its length and could be sent again; what is a stream is sent as one. */
async function bodyOf(body: RequestInit["body"] | Request | undefined, headers: Headers): Promise<EgressBody | null> {
  if (body === undefined || body === null) return null;
  if (typeof body === "string") {
    if (!headers.has("content-type")) headers.set("content-type", "text/plain;charset=UTF-8");
    return body;
  }
  if (body instanceof Uint8Array) return body;
  if (body instanceof Request) return body.body as EgressBody | null;
  if (body instanceof ReadableStream) return body as EgressBody;
  // Forms, blobs and buffers: the platform knows their bytes and their content-type.
  const carrier = new Response(body as ConstructorParameters<typeof Response>[0]);
  const type = carrier.headers.get("content-type");
  if (type !== null && !headers.has("content-type")) headers.set("content-type", type);
  return new Uint8Array(await carrier.arrayBuffer());
}

function toResponse(answer: EgressResponse): Response {
  const headers = toHeaders(answer.headers);
  const response = new Response(bodiless.has(answer.status) ? null : toStream(answer), { status: answer.status, headers });
  Object.defineProperty(response, "url", { value: answer.url });
  return response;
}

function toHeaders(headers: EgressHeaders): Headers {
  const all = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    for (const each of Array.isArray(value) ? value : [value]) if (each !== undefined) all.append(name, each);
  }
  return all;
}

function toStream(answer: EgressResponse): ReadableStream<Uint8Array> {
  const iterator = answer.body[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const { done, value } = await iterator.next();
        if (done === true) controller.close();
        else controller.enqueue(value);
      },
      cancel: () => answer.cancel(),
    },
    // Read when asked, so that a slow reader slows the sender.
    { highWaterMark: 0 },
  );
}
