import { readFile } from "node:fs/promises";
import { type IncomingHttpHeaders, request as sendRequest } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { type Operation, type Problem, routes } from "@millrace/contract";
import { AppError, silentLogger, systemClock } from "../src/core/index.ts";
import { type Http, type InheritedSocket, type Ports, createHttp, httpConfigSchema } from "../src/http/index.ts";
import { createMemoryCounters } from "../src/storage/index.ts";
import { type TestFunctions, type TestFunctionsOptions, openTestFunctions } from "./functions.ts";

export interface TestHttp extends TestFunctions {
  readonly http: Http;
  readonly url: string;
  readonly port: number;
  /** May do everything. */
  readonly adminKey: string;
  send(request: TestRequest): Promise<TestAnswer>;
  /** A key with these properties, made through the API. */
  createKey(input: Record<string, unknown>): Promise<string>;
}

export interface TestRequest {
  readonly method?: string;
  readonly path: string;
  readonly key?: string | undefined;
  readonly headers?: Record<string, string>;
  /** An object is sent as JSON. */
  readonly body?: unknown;
}

export interface TestAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  json<T = Record<string, unknown>>(): T;
  problem(): Problem;
}

export interface TestHttpOptions extends TestFunctionsOptions {
  readonly http?: Record<string, unknown>;
  readonly ports?: Partial<Ports>;
  readonly publicFolder?: string;
  /** A listening socket to accept on, instead of a free port. */
  readonly inherited?: InheritedSocket;
}

/** The whole edge on a free port of loopback, over real functions and governance; other modules' ports are stand-ins. */
export async function openTestHttp(options: TestHttpOptions = {}): Promise<TestHttp> {
  const running = await openTestFunctions(options);
  const { path } = await running.governance.ensureAdminKey();
  const adminKey = (await readFile(path, "utf8")).trim();
  await running.hotState.refresh();
  const http = await createHttp({
    config: httpConfigSchema.parse({ port: 0, ...options.http }),
    ports: {
      ...standIns(),
      governance: running.governance,
      functions: running.functions,
      readiness: () => running.functions.unreadyReasons(),
      ...options.ports,
    },
    counters: createMemoryCounters({ clock: systemClock }),
    clock: systemClock,
    logger: silentLogger,
    publicFolder: options.publicFolder ?? join(running.store.dataFolder, "no-console"),
    version: "0.0.0-test",
    strictResponses: true,
  });
  const { url, port } = await http.listen(options.inherited).catch(async (error: unknown) => {
    await running.close();
    throw error;
  });
  const send = (request: TestRequest) => sendTo(port, request);
  return {
    ...running,
    http,
    url,
    port,
    adminKey,
    send,
    async createKey(input) {
      const answer = await send({ method: "POST", path: "/api/governance/keys", key: adminKey, body: input });
      if (answer.status !== 201) throw new Error(answer.text);
      return answer.json<{ key: string }>().key;
    },
    async close() {
      await http.close();
      await running.close();
    },
  };
}

/** Every verb of every port, and every member of one, answers that it is not there. */
function standIns(): Omit<Ports, "governance" | "functions" | "readiness"> {
  const ports: Record<string, Record<string, () => Promise<never>>> = {};
  for (const operation of Object.keys(routes) as Operation[]) {
    const [module, verb] = operation.split(".") as [string, string];
    const refuse = () => Promise.reject(new AppError("not_found", `${operation} is a stand-in.`));
    // Ports have methods of other names than the routes they serve.
    ports[module] ??= new Proxy({}, { get: (verbs: Record<string, () => Promise<never>>, name: string) => verbs[name] ?? refuse });
    ports[module][verb] = new Proxy(refuse, { get: () => refuse });
  }
  return ports as never;
}

export function sendTo(port: number, request: TestRequest): Promise<TestAnswer> {
  return new Promise((resolve, reject) => {
    const isText = typeof request.body === "string" || Buffer.isBuffer(request.body);
    const body = request.body === undefined ? undefined : isText ? request.body : JSON.stringify(request.body);
    const outgoing = sendRequest(
      {
        port,
        host: "127.0.0.1",
        agent: false,
        method: request.method ?? "GET",
        path: request.path,
        headers: {
          ...(request.key === undefined ? {} : { authorization: `Bearer ${request.key}` }),
          ...(body === undefined ? {} : { "content-type": "application/json", "content-length": String(Buffer.byteLength(body)) }),
          ...request.headers,
        },
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.on("error", reject);
        incoming.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          resolve({
            status: incoming.statusCode!,
            headers: incoming.headers,
            text,
            json: <T>() => JSON.parse(text) as T,
            problem: () => JSON.parse(text) as Problem,
          });
        });
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/** Bytes as they are; resolves with everything the server says until it closes or falls silent. */
export function sendRaw(port: number, text: string, silenceMs = 1500): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(text));
    let answer = "";
    let timer = setTimeout(() => socket.destroy(), silenceMs);
    socket.setEncoding("utf8").on("data", (chunk: string) => {
      answer += chunk;
      clearTimeout(timer);
      timer = setTimeout(() => socket.destroy(), 200);
    });
    socket.on("error", reject);
    socket.on("close", () => {
      clearTimeout(timer);
      resolve(answer);
    });
  });
}
