import {
  type ErrorCode,
  type Operation,
  type OperationInput,
  type OperationResponse,
  type Problem,
  type Route,
  errorTable,
  problemSchema,
  routes,
} from "@millrace/contract";
import { MillraceError } from "./error.ts";

export interface ClientOptions {
  /** For example `http://127.0.0.1:7070`; in the server's own console leave it empty. */
  readonly url?: string;
  /** A Millrace key. In a browser leave it out: the session cookie is sent. */
  readonly key?: string;
  readonly fetch?: typeof fetch;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Makes a repeated `functions.infer` with the same input answer the same, for 24 hours. */
  readonly idempotencyKey?: string;
}

/** A typed client: one `call` over the contract's table of routes. It never retries; the caller owns that. */
export interface Client {
  /** Answers the operation's response, or throws `MillraceError`. */
  call<O extends Operation>(operation: O, input: OperationInput<O>, options?: CallOptions): Promise<OperationResponse<O>>;
}

interface LooseInput {
  readonly parameters?: Record<string, unknown>;
  readonly query?: Record<string, unknown>;
  readonly body?: unknown;
}

/** Makes a client. It works in Node and in the browser and holds no state but its options. */
export function createClient(options: ClientOptions = {}): Client {
  const base = (options.url ?? "").replace(/\/+$/, "");
  const send = options.fetch ?? globalThis.fetch;

  async function call<O extends Operation>(
    operation: O,
    input: OperationInput<O>,
    callOptions: CallOptions = {},
  ): Promise<OperationResponse<O>> {
    const route: Route = routes[operation];
    const loose = input as LooseInput;
    const headers: Record<string, string> = { accept: "application/json" };
    if (options.key !== undefined) headers["authorization"] = `Bearer ${options.key}`;
    if (callOptions.idempotencyKey !== undefined) headers["idempotency-key"] = callOptions.idempotencyKey;
    const request: RequestInit & { duplex?: "half" } = { method: route.method, headers, credentials: "same-origin" };
    if (callOptions.signal !== undefined) request.signal = callOptions.signal;
    if (route.body === "stream") {
      headers["content-type"] = "application/x-ndjson";
      request.body = loose.body as BodyInit;
      request.duplex = "half";
    } else if (route.body !== undefined) {
      headers["content-type"] = "application/json";
      request.body = JSON.stringify(loose.body ?? {});
    }
    const isFile = route.response === "stream";
    const { response, text } = await reach(async () => {
      const response = await send(base + address(route.path, loose), request);
      return { response, text: isFile && response.ok ? "" : await response.text() };
    }, base);
    if (isFile && response.ok) return response.body as OperationResponse<O>;
    if (!response.ok) throw toError(response, text);
    return JSON.parse(text) as OperationResponse<O>;
  }

  return { call };
}

function address(path: string, input: LooseInput): string {
  const filled = path.replace(/:(\w+)/g, (_match, name: string) => encodeURIComponent(String(input.parameters?.[name])));
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(input.query ?? {})) {
    if (value !== undefined && value !== null) query.set(name, String(value));
  }
  const text = query.toString();
  return text === "" ? filled : `${filled}?${text}`;
}

/** What `send` gives; a connection that cannot be made, or breaks before the whole answer is here, is `server_unreachable`. */
async function reach<T>(send: () => Promise<T>, base: string): Promise<T> {
  try {
    return await send();
  } catch (cause) {
    if (cause instanceof Error && cause.name === "AbortError") throw cause;
    throw new MillraceError(problemOf("server_unreachable", `The server at ${base === "" ? "this address" : base} does not answer.`), {
      cause,
    });
  }
}

function toError(response: Response, text: string): MillraceError {
  const retryAfter = Number(response.headers.get("retry-after") ?? Number.NaN);
  const retry = Number.isFinite(retryAfter) ? { retryAfterSeconds: retryAfter } : {};
  const parsed = problemSchema.safeParse(parseJson(text));
  if (parsed.success) return new MillraceError(parsed.data, retry);
  return new MillraceError(
    { ...problemOf("internal", `The server answered ${response.status} without a problem document.`), status: response.status },
    retry,
  );
}

function problemOf(code: ErrorCode, detail: string): Problem {
  const entry = errorTable[code];
  return { type: `urn:millrace:error:${code}`, title: entry.title, status: entry.status, detail, code, fix: entry.fix };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
