import { isIP } from "node:net";
import type { IncomingMessage } from "node:http";
import { AppError } from "../core/index.ts";
import type { HttpConfig } from "./config.ts";

const loopbackNames = ["localhost", "127.0.0.1", "[::1]"];

/** Refuses requests that were meant for another host (DNS rebinding) or come from a foreign page. */
export interface OriginGuard {
  /** `foreign_host` when Host or Origin name a host that is not ours. */
  check(request: IncomingMessage): void;
  /** For writes that a cookie authenticates: the Origin must be this very server (CSRF). */
  checkSameOrigin(request: IncomingMessage): void;
  /** This server as the client addressed it. */
  origin(request: IncomingMessage): string;
}

export function createOriginGuard(config: Pick<HttpConfig, "host" | "hosts" | "tls" | "trustProxy">): OriginGuard {
  const names = new Set([...loopbackNames, ...config.hosts.map((name) => name.toLowerCase())]);
  if (!isWildcard(config.host)) names.add(isIP(config.host) === 6 ? `[${config.host}]` : config.host.toLowerCase());
  // Clients repeat the same few headers for ever; looking one up is cheaper than parsing it.
  const known = new Set<string>();

  function isOurs(host: string): boolean {
    if (known.has(host)) return true;
    const name = host.replace(/:\d{1,5}$/, "").toLowerCase();
    if (!names.has(name)) return false;
    if (known.size < 1000) known.add(host);
    return true;
  }

  function check(request: IncomingMessage): void {
    const { host, origin } = request.headers;
    if (host === undefined || !isOurs(host)) throw refusal("Host", host);
    if (countHosts(request.rawHeaders) !== 1)
      throw new AppError("foreign_host", "The request has more than one Host header.", { details: { header: "Host" } });
    if (!request.url!.startsWith("/"))
      throw new AppError("foreign_host", "The request names its target as a whole address; send the path alone.");
    if (origin !== undefined && !isOurs(origin.replace(/^https?:\/\//, ""))) throw refusal("Origin", origin);
  }

  function checkSameOrigin(request: IncomingMessage): void {
    const { origin, host } = request.headers;
    if (origin === undefined || origin.replace(/^https?:\/\//, "") !== host) {
      throw new AppError(
        "foreign_host",
        "A write by session must come from a page of this server: its Origin header must name this host and port.",
        { details: { header: "Origin", value: origin ?? null } },
      );
    }
  }

  return {
    check,
    checkSameOrigin,
    origin: (request) => `${config.tls !== undefined || config.trustProxy ? "https" : "http"}://${request.headers.host ?? "localhost"}`,
  };
}

function refusal(header: string, value: string | undefined): AppError {
  return new AppError("foreign_host", `This server does not answer for ${header} "${value ?? ""}".`, {
    details: { header, value: value ?? null },
  });
}

function countHosts(rawHeaders: readonly string[]): number {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!;
    if (name.length === 4 && name.toLowerCase() === "host") count++;
  }
  return count;
}

export function isWildcard(host: string): boolean {
  return host === "0.0.0.0" || host === "::" || host === "";
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}
