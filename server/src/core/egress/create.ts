import type { Agent } from "undici";
import { isSecret } from "../config.ts";
import { isAppError } from "../errors.ts";
import type { Logger } from "../logger.ts";
import type { EgressConfig, EgressRule } from "./config.ts";
import { createConnect, resolveName } from "./connect.ts";
import { type Call, OpenExchange } from "./exchange.ts";
import { createFetch } from "./fetch.ts";
import { refused } from "./failures.ts";
import { type Target, createPolicy } from "./policy.ts";
import { sendRequest } from "./request.ts";
import type { Egress, EgressHandler, EgressLimits, EgressRequest, HostCounts, Resolve, ResolvedAddress } from "./types.ts";

export interface EgressDeps {
  readonly config: EgressConfig;
  readonly logger: Logger;
  /** Instead of the system's, for tests. */
  readonly resolve?: Resolve;
  /** Where an admitted address leads. Tests lead public ones to loopback; there is no other use. */
  readonly route?: (address: ResolvedAddress) => ResolvedAddress;
}

type Counts = { -readonly [name in keyof HostCounts]: number };

/** The one way out. undici (28 MB) is loaded with the first request: many a process never asks for anything. */
export function createEgress({ config, logger, resolve = resolveName, route = (address) => address }: EgressDeps): Egress {
  const policy = createPolicy(config);
  const counts = new Map<string, Counts>();
  let agent: Agent | undefined;
  let opening: Promise<Agent> | undefined;
  let closed = false;

  async function openAgent(): Promise<Agent> {
    const { Agent, buildConnector } = await import("undici");
    agent = new Agent({
      connect: createConnect({ buildConnector, policy, connectMs: config.connectMs, resolve, route }),
      connections: config.maxConnections,
      pipelining: 1,
      allowH2: false,
    });
    return agent;
  }

  function countsOf(rule: EgressRule): Counts {
    let found = counts.get(rule.host);
    if (found === undefined) counts.set(rule.host, (found = { requests: 0, failures: 0, active: 0 }));
    return found;
  }

  function report<T>(error: T): T {
    if (isAppError(error, "egress_refused")) logger.warn(error.details, `an outgoing request was refused: ${error.message}`);
    return error;
  }

  function open(request: EgressRequest, handler: EgressHandler): OpenExchange {
    if (request.signal?.aborted === true) throw request.signal.reason;
    const call = prepare(request);
    const count = countsOf(call.target.rule);
    count.requests += 1;
    count.active += 1;
    const exchange = new OpenExchange(call, {
      policy,
      limits: limitsOf(config, request),
      signal: request.signal,
      handler,
      onSettled: (error) => {
        count.active -= 1;
        if (error !== undefined) count.failures += 1;
        report(error);
      },
    });
    if (agent !== undefined) exchange.start(agent);
    else {
      opening ??= openAgent();
      opening.then(
        (ready) => exchange.start(ready),
        (error: unknown) => exchange.cancel(error),
      );
    }
    return exchange;
  }

  function prepare(request: EgressRequest): Call {
    try {
      if (closed) throw refused("The program is stopping and sends nothing more.", { reason: "closed" });
      const target = policy.check(request.url);
      return {
        target,
        method: methodOf(request, target),
        headers: headersOf(request, target),
        body: request.body ?? null,
      };
    } catch (error) {
      throw report(error);
    }
  }

  async function request(given: EgressRequest) {
    return sendRequest(given, { open, maxBytes: config.maxResponseBytes });
  }

  return {
    check: (url) => void policy.check(url),
    request,
    dispatch: open,
    fetch: createFetch(request),
    counts: () => counts,
    close: async () => {
      closed = true;
      await (agent ?? (await opening))?.destroy();
    },
  };
}

function methodOf({ method = "GET" }: EgressRequest, target: Target): string {
  const name = method.toUpperCase();
  if (name === "CONNECT" || name === "TRACE")
    throw refused(`The method ${name} is not sent.`, { host: target.url.hostname, reason: "method" });
  return name;
}

function headersOf({ headers = {} }: EgressRequest, { url }: Target): Call["headers"] {
  const all: Call["headers"] = {};
  for (const [given, value] of Object.entries(headers)) {
    if (value === undefined) continue;
    const name = given.toLowerCase();
    // The address was checked by the host of the URL: another one here would speak to another site at that address.
    if (name === "host" && value !== url.host)
      throw refused(`A request to ${url.host} may not carry another host header.`, { host: url.hostname, reason: "header", header: name });
    const text = isSecret(value) ? value.reveal() : value;
    if (String(text).includes("[secret]"))
      throw refused(`The header ${name} holds a secret's name tag and not its value. Pass the secret itself, or bearer(secret).`, {
        host: url.hostname,
        reason: "header",
        header: name,
      });
    all[name] = typeof text === "string" ? text : [...text];
  }
  return all;
}

function limitsOf(config: EgressConfig, { limits = {} }: EgressRequest): Required<EgressLimits> {
  return {
    headersMs: limits.headersMs ?? config.headersMs,
    idleMs: limits.idleMs ?? config.idleMs,
    totalMs: limits.totalMs ?? config.totalMs,
    maxResponseBytes: limits.maxResponseBytes ?? config.maxResponseBytes,
    maxRedirects: limits.maxRedirects ?? config.maxRedirects,
  };
}
