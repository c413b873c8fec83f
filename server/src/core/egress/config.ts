import { isIP } from "node:net";
import { z } from "zod";
import { classifyAddress } from "./classify-address.ts";

const mebibyte = 1024 * 1024;

/** One host, or with `*.` in front all names below one. */
const hostSchema = z
  .strictObject({
    /** `api.example.com`, `*.example.com` (names below it, not itself), or an IP address. */
    host: z.string().min(1),
    /** It may stand on a private or loopback address: an upstream in your own network. */
    private: z.boolean().default(false),
    /** `http:` too. Whatever is sent there can be read on the way. */
    http: z.boolean().default(false),
    /** Instead of 443 (and 80 with `http`). */
    ports: z.array(z.int().min(1).max(65_535)).min(1).optional(),
  })
  .transform((rule) => ({ ...rule, host: canonicalHost(rule.host) }))
  .superRefine((rule, refinement) => {
    const problem = problemOf(rule);
    if (problem !== undefined) refinement.addIssue({ code: "custom", path: ["host"], message: problem });
  });

function problemOf(rule: { host: string; private: boolean }): string | undefined {
  const name = rule.host.replace(/^\*\./, "");
  if (!isHost(name)) return `"${rule.host}" is not a host: write a name or an address, without scheme, port or path`;
  const address = name.replaceAll(/[[\]]/g, "");
  if (rule.host.startsWith("*.")) {
    if (isIP(address) !== 0) return "an address takes no *.";
    if (!name.includes(".")) return `"${rule.host}" is too wide: name at least two labels, like *.example.com`;
    return rule.private ? "a private host is named in full, without *." : undefined;
  }
  const kind = isIP(address) === 0 ? "public" : classifyAddress(address);
  if (kind === "forbidden") return `${name} is an address that is never asked (link-local, multicast, reserved or another form of one)`;
  return kind === "private" && !rule.private ? `${name} is a private address: add private: true if it is meant` : undefined;
}

/** As it stands in a parsed URL: lower case, international names in their ASCII form, IPv6 in brackets. */
function canonicalHost(host: string): string {
  const [star, name] = host.startsWith("*.") ? ["*.", host.slice(2)] : ["", host];
  const text = isIP(name) === 6 ? `[${name}]` : name;
  return isHost(text) ? star + new URL(`http://${text}`).hostname : host;
}

function isHost(text: string): boolean {
  if (/[/?#@*\\\s]|:\d+$/.test(text) && !text.startsWith("[")) return false;
  const url = URL.canParse(`http://${text}`) ? new URL(`http://${text}`) : undefined;
  if (url === undefined || url.port !== "" || url.hostname === "") return false;
  // 2130706433 and 0x7f.1 are 127.0.0.1 to a URL; whoever means that address can write it.
  return isIP(url.hostname) !== 4 || url.hostname === text;
}

/** The `egress` part of millrace.config.ts: where requests may go, and how much and how long an answer may be. */
export const egressConfigSchema = z
  .strictObject({
    /** What is not named here is refused. */
    hosts: z.array(hostSchema).default([]),
    /** Milliseconds in which a connection must stand: name, TCP and TLS. */
    connectMs: z.int().positive().default(10_000),
    /** Milliseconds until the head of the answer. */
    headersMs: z.int().positive().default(60_000),
    /** Milliseconds between two pieces of the body. */
    idleMs: z.int().positive().default(60_000),
    /** Milliseconds for the whole exchange. */
    totalMs: z.int().positive().default(600_000),
    /** Bytes of an answer, also after it was decompressed. */
    maxResponseBytes: z
      .int()
      .positive()
      .default(64 * mebibyte),
    /** Redirects followed, on the same host only. */
    maxRedirects: z.int().min(0).max(20).default(3),
    /** Connections to one origin; further requests wait for one. */
    maxConnections: z.int().positive().default(256),
  })
  .prefault({});

export type EgressConfig = z.output<typeof egressConfigSchema>;
export type EgressRule = EgressConfig["hosts"][number];
