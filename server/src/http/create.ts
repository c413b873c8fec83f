import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, Server as NetServer, type Socket } from "node:net";
import { type FastifyInstance, fastify } from "fastify";
import { AppError, createId } from "../core/index.ts";
import { createRequestIds, registerControlRoutes, requirePrincipal } from "./control.ts";
import { type Departure, createDeparture } from "./departure.ts";
import { registerDocs } from "./docs-page.ts";
import { createOriginGuard, isLoopback } from "./guard-origin.ts";
import { createHotHandler, matchInfer } from "./hot.ts";
import { createOpenapi } from "./openapi.ts";
import { plainHeaders, toProblem, writeProblem } from "./problem.ts";
import { discardBody } from "./read-body.ts";
import { createHandlers } from "./routes/index.ts";
import { registerConsole } from "./static.ts";
import type { Http, HttpDeps, InheritedSocket } from "./types.ts";
import { createGatewayDoor, matchGateway } from "./v1/handle.ts";
import { createInferenceDoor } from "./v2/handle.ts";
import { matchInference } from "./v2/match.ts";

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

/** One port: the hot handler for asking functions, Fastify for everything else. */
export async function createHttp(deps: HttpDeps): Promise<Http> {
  const { config, clock, logger, ports } = deps;
  refuseOpenListening(deps);
  const guard = createOriginGuard(config);
  const hot = createHotHandler({ functions: ports.functions, governance: ports.governance, guard, clock, logger });
  const { gateway, functions, governance } = ports;
  const gatewayDoor = createGatewayDoor({ gateway, functions, governance, guard, clock, logger });
  const { serving: models, readiness } = ports;
  const inferenceDoor = createInferenceDoor({
    models,
    functions,
    governance,
    readiness,
    config,
    version: deps.version,
    guard,
    clock,
    logger,
  });
  let document: Record<string, unknown> | undefined;
  // Made when somebody asks: start need not wait for 60 schemas.
  const openapi = () => (document ??= createOpenapi(deps.version));
  let server!: Server;
  const departure = createDeparture();
  const app: FastifyInstance = fastify({
    serverFactory: (control) => {
      server = createListener(deps, departure, (request, response) => {
        departure.asked(request.socket);
        const name = matchInfer(request.url!);
        if (name !== undefined) return hot(request, response, name);
        const path = matchGateway(request.url!);
        if (path !== undefined) return gatewayDoor(request, response, path);
        const question = matchInference(request.url!);
        if (question !== undefined) return inferenceDoor(request, response, question);
        try {
          // Probes come by address, from orchestrators; they learn nothing but "ready".
          if (!request.url!.startsWith("/health/")) guard.check(request);
        } catch (error) {
          writeProblem(response, error, createId(clock));
          return discardBody(request);
        }
        return control(request, response);
      });
      return server;
    },
    loggerInstance: undefined,
    logger: false,
    genReqId: createRequestIds(clock),
    requestIdHeader: false,
    bodyLimit: config.maxBodyBytes,
    forceCloseConnections: "idle",
    return503OnClosing: false,
    routerOptions: { maxParamLength: 300, ignoreTrailingSlash: false },
  });
  const control = {
    handlers: createHandlers(deps),
    governance: ports.governance,
    guard,
    config,
    clock,
    logger,
    strictResponses: deps.strictResponses === true,
  };
  registerControlRoutes(app, control);
  registerDocs(app, openapi, (request) => void requirePrincipal(request.raw, control));
  await registerConsole(app, deps.publicFolder);
  await app.ready();

  async function listen(inherited?: InheritedSocket): Promise<{ url: string; port: number }> {
    try {
      if (inherited === undefined) await app.listen({ host: config.host, port: config.port });
      else await listenOn(server, inherited);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === "EADDRINUSE") {
        throw new AppError("port_in_use", `Port ${config.port} on ${config.host} is taken.`, {
          details: { host: config.host, port: config.port },
          cause,
        });
      }
      throw cause;
    }
    const { port } = server.address() as AddressInfo;
    const host = config.host.includes(":") ? `[${config.host}]` : config.host;
    return { url: `${config.tls === undefined ? "http" : "https"}://${host}:${port}`, port };
  }

  async function close({ idleMs = 0 } = {}): Promise<void> {
    if (idleMs > 0) await depart(idleMs);
    const cut = setTimeout(() => departure.cut(), config.drainMs);
    // A connection whose last request has just ended is idle, and would be kept for the next one.
    const sweep = setInterval(() => server.closeIdleConnections(), 20);
    // Fastify closes a server that it made listen itself; one that inherited its socket is ours to close.
    await Promise.all([app.close(), new Promise<void>((done) => server.close(() => done()))]);
    clearTimeout(cut);
    clearInterval(sweep);
  }

  /** Accepts nothing more, and lets whoever asks within the time move to another process. */
  async function depart(idleMs: number): Promise<void> {
    departure.begin();
    // The HTTP server's own close would end idle connections at once.
    const ended = new Promise<void>((done) => NetServer.prototype.close.call(server, () => done()));
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([ended, new Promise<void>((done) => (timer = setTimeout(done, idleMs)))]);
    clearTimeout(timer);
    departure.endUnasked();
  }

  return {
    listen,
    close,
    get socket() {
      return server.listening ? server : undefined;
    },
    get openapi() {
      return openapi();
    },
  };
}

function refuseOpenListening({ config }: HttpDeps): void {
  if (isLoopback(config.host) || config.tls !== undefined || config.trustProxy) return;
  throw new AppError("listen_refused", `Listening on ${config.host} would carry keys in the clear.`, { details: { host: config.host } });
}

function listenOn(server: Server, inherited: InheritedSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(inherited, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function createListener(deps: HttpDeps, departure: Departure, listener: Listener): Server {
  const { config } = deps;
  const options = {
    requestTimeout: config.requestTimeoutMs,
    headersTimeout: Math.min(config.requestTimeoutMs, 15_000),
    connectionsCheckingInterval: Math.min(1000, config.requestTimeoutMs),
    keepAliveTimeout: 60_000,
    maxHeaderSize: 16 * 1024,
    ServerResponse: departure.Response,
  };
  const server =
    config.tls === undefined
      ? createServer(options, listener)
      : (createTlsServer({ ...options, ...config.tls }, listener) as unknown as Server);
  server.on("connection", departure.opened);
  server.on(config.tls === undefined ? "connection" : "secureConnection", departure.connected);
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => answerBrokenRequest(error, socket, deps));
  return server;
}

/** Answers what is not HTTP enough to become a request: broken framing, headers too large, a body that never ends. */
function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Socket, deps: HttpDeps): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = error.code === "ERR_HTTP_REQUEST_TIMEOUT" ? 408 : error.code === "HPE_HEADER_OVERFLOW" ? 431 : 400;
  const detail = {
    408: `The request did not arrive within ${deps.config.requestTimeoutMs} ms.`,
    431: "The headers are larger than 16 KiB.",
    400: "The request is not valid HTTP.",
  }[status];
  const problem = { ...toProblem(new AppError("invalid_request", detail), createId(deps.clock)), status };
  const text = JSON.stringify(problem);
  const headers = Object.entries({
    ...plainHeaders,
    "content-type": "application/problem+json",
    "content-length": Buffer.byteLength(text),
    connection: "close",
  });
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${text}`,
  );
}
