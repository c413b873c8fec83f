import { isIP } from "node:net";
import type { AppError } from "../errors.ts";
import { classifyAddress } from "./classify-address.ts";
import type { EgressConfig, EgressRule } from "./config.ts";
import { refused } from "./failures.ts";
import type { ResolvedAddress } from "./types.ts";

export interface Target {
  readonly url: URL;
  readonly rule: EgressRule;
  /** Of the URL: reading them of it costs as much as making them. */
  readonly host: string;
  readonly origin: string;
  /** With what is asked for. */
  readonly path: string;
}

/** Addresses that were allowed: few are asked again and again. A longer one is looked at each time. */
const mostKnown = 500;
const longestKnown = 500;

/** What the configuration allows. Nothing it does not name. */
export interface Policy {
  /** The parsed URL and the rule that allows it. Throws `egress_refused`. */
  check(url: string | URL): Target;
  /** Of the addresses a host has, those it may have. Throws `egress_refused` when none is left. Asked when a connection is made, so an answer cannot change in between. */
  admit(hostname: string, addresses: readonly ResolvedAddress[]): ResolvedAddress[];
}

export function createPolicy(config: Pick<EgressConfig, "hosts">): Policy {
  const exact = new Map(config.hosts.map((rule) => [rule.host, rule]));
  const known = new Map<string, Target>();

  function ruleOf(hostname: string): EgressRule | undefined {
    const found = exact.get(hostname);
    if (found !== undefined || isAddress(hostname)) return found;
    for (let dot = hostname.indexOf("."); dot !== -1; dot = hostname.indexOf(".", dot + 1)) {
      const wide = exact.get(`*${hostname.slice(dot)}`);
      if (wide !== undefined) return wide;
    }
    return undefined;
  }

  /** The same address is always allowed: what allows it does not change. */
  function checkAgain(given: string | URL): Target {
    if (typeof given !== "string" || given.length > longestKnown) return check(given);
    let target = known.get(given);
    if (target !== undefined) return target;
    target = check(given);
    if (known.size >= mostKnown) known.clear();
    known.set(given, target);
    return target;
  }

  function check(given: string | URL): Target {
    const url = parse(given);
    const host = url.hostname;
    if (url.protocol !== "https:" && url.protocol !== "http:")
      throw refused(`The scheme ${url.protocol} is not allowed; only https: is.`, { host, reason: "scheme", setting: "egress.hosts" });
    if (url.username !== "" || url.password !== "")
      throw refused(`The address of ${host} carries credentials. Send them as a header.`, { host, reason: "credentials" });
    if (typeof given === "string" && isAddress(host) && !hasHost(given, host))
      throw refused(`The address ${host} is written in another notation. Write it as ${host}.`, { host, reason: "notation" });
    const rule = ruleOf(host);
    if (rule === undefined)
      throw refused(`Requests to ${host} are not allowed: egress.hosts does not name it.`, {
        host,
        reason: "host",
        setting: "egress.hosts",
      });
    checkDoor(url, rule);
    return { url, rule, host, origin: url.origin, path: url.pathname + url.search };
  }

  function admit(hostname: string, addresses: readonly ResolvedAddress[]): ResolvedAddress[] {
    const rule = ruleOf(isIP(hostname) === 6 ? `[${hostname}]` : hostname);
    const admitted = addresses.filter(({ address }) => {
      const kind = classifyAddress(address);
      return kind === "public" || (kind === "private" && rule?.private === true);
    });
    if (admitted.length > 0) return admitted;
    throw addressRefused(
      hostname,
      addresses.map(({ address }) => address),
    );
  }

  return { check: checkAgain, admit };
}

function checkDoor(url: URL, rule: EgressRule): void {
  const setting = `egress.hosts["${rule.host}"]`;
  if (url.protocol === "http:" && !rule.http)
    throw refused(`${url.hostname} may be asked over https: only. If it has no TLS, set http: true on it in egress.hosts.`, {
      host: url.hostname,
      reason: "scheme",
      setting: `${setting}.http`,
    });
  const usual = url.protocol === "https:" ? 443 : 80;
  const port = url.port === "" ? usual : Number(url.port);
  if (!(rule.ports ?? [usual]).includes(port))
    throw refused(`Port ${port} of ${url.hostname} is not allowed. Name it in ports of that host in egress.hosts.`, {
      host: url.hostname,
      port,
      reason: "port",
      setting: `${setting}.ports`,
    });
}

function addressRefused(host: string, addresses: readonly string[]): AppError {
  const isPrivate = addresses.some((address) => classifyAddress(address) === "private");
  return refused(
    isPrivate
      ? `${host} leads to a private address. If that is meant, set private: true on it in egress.hosts.`
      : `${host} leads to no address that may be asked.`,
    { host, addresses, reason: "address", ...(isPrivate ? { setting: `egress.hosts["${host}"].private` } : {}) },
  );
}

function parse(given: string | URL): URL {
  if (typeof given !== "string") return new URL(given);
  if (!URL.canParse(given)) throw refused("The address of an outgoing request is not a URL.", { reason: "url" });
  return new URL(given);
}

function isAddress(hostname: string): boolean {
  return hostname.startsWith("[") || isIP(hostname) !== 0;
}

/** Whether the host stands in the text as it was understood: 2130706433, 0x7f.1 and [::ffff:127.0.0.1] do not. */
function hasHost(text: string, host: string): boolean {
  const authority = /^[a-z]+:\/\/([^/?#\\]*)/i.exec(text.trim())?.[1]?.toLowerCase() ?? "";
  return authority === host || authority.startsWith(`${host}:`);
}
