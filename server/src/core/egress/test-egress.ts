import { type IncomingMessage, type RequestListener, createServer } from "node:http";
import { type AddressInfo, type Server, type Socket, createServer as createTcpServer } from "node:net";
import { onTestFinished } from "vitest";
import { type Logger, silentLogger } from "../logger.ts";
import { egressConfigSchema } from "./config.ts";
import { createEgress } from "./create.ts";
import type { Egress, EgressHandler, EgressRequest, ResolvedAddress } from "./types.ts";

export const loopback: ResolvedAddress = { address: "127.0.0.1", family: 4 };

/** An HTTP server on loopback for one test. */
export async function listen(answer: RequestListener): Promise<number> {
  return started(createServer(answer));
}

/** A TCP server on loopback that says what it is told to, byte for byte; `head` of the request has been read by then. */
export async function listenRaw(speak: (socket: Socket) => void): Promise<number> {
  return started(
    createTcpServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => speak(socket));
    }),
  );
}

/** A server of any kind, on a free port of loopback. */
export async function started(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  });
  return (server.address() as AddressInfo).port;
}

/** A port of loopback nobody listens on. */
export async function deadPort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}

export interface TestEgressOptions {
  /** Ports of `upstream.test`, which stands on loopback. */
  readonly ports?: readonly number[];
  /** Instead of that host. */
  readonly hosts?: readonly unknown[];
  readonly resolve?: (hostname: string) => Promise<readonly ResolvedAddress[]>;
  readonly route?: (address: ResolvedAddress) => ResolvedAddress;
  readonly logger?: Logger;
  readonly [setting: string]: unknown;
}

export function openEgress({ ports, hosts, resolve, route, logger, ...settings }: TestEgressOptions): Egress {
  const egress = createEgress({
    config: egressConfigSchema.parse({
      hosts: hosts ?? [{ host: "upstream.test", private: true, http: true, ports }],
      ...settings,
    }),
    logger: logger ?? silentLogger,
    resolve: resolve ?? (() => Promise.resolve([loopback])),
    ...(route === undefined ? {} : { route }),
  });
  onTestFinished(() => egress.close());
  return egress;
}

/** What a handler saw, in order; settles at its end. */
export function record(egress: Egress, request: EgressRequest): { events: string[]; over: Promise<unknown>; handler: EgressHandler } {
  const events: string[] = [];
  let settle: (error: unknown) => void;
  const over = new Promise<unknown>((resolve) => {
    settle = resolve;
  });
  const handler: EgressHandler = {
    onHeaders: (status) => events.push(`head ${status}`),
    onData: (chunk) => events.push(`data ${Buffer.from(chunk).toString()}`),
    onEnd: () => {
      events.push("end");
      settle(undefined);
    },
    onError: (error) => {
      events.push("error");
      settle(error);
    },
  };
  egress.dispatch(request, handler);
  return { events, over, handler };
}

/** Settles when the connection is gone, however it went. */
export function closing(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once("close", () => resolve());
  });
}

export async function bodyOf(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
