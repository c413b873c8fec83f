import type { Call } from "./exchange.ts";
import { refused } from "./failures.ts";
import type { Policy } from "./policy.ts";

/** What a redirect asks for next; `egress_refused` when it leads elsewhere, or would need a body we no longer have. */
export function nextLeg(call: Call, redirect: { status: number; location: string; policy: Policy }): Call {
  const { url: from } = call.target;
  const details = { host: from.hostname, status: redirect.status, reason: "redirect" };
  if (!URL.canParse(redirect.location, from)) throw refused(`${from.hostname} redirects to what is not an address.`, details);
  const to = new URL(redirect.location, from);
  // Credentials travel along, so it must be the same host and, but for the step up to https:, the same door.
  const isUpgrade = from.protocol === "http:" && to.protocol === "https:" && from.port === "" && to.port === "";
  if (to.hostname !== from.hostname || (to.origin !== from.origin && !isUpgrade))
    throw refused(
      `${from.hostname} redirects to ${to.origin}. Redirects to another host, port or scheme are not followed: ask that one by its own address.`,
      {
        ...details,
        to: to.origin,
      },
    );
  const target = redirect.policy.check(to);
  const isRead = call.method === "GET" || call.method === "HEAD";
  if (redirect.status === 303 && !isRead) return { target, method: "GET", headers: withoutBody(call.headers), body: null };
  if (!isRead && redirect.status !== 307 && redirect.status !== 308)
    throw refused(`${from.hostname} redirects a ${call.method} with ${redirect.status}, which would drop its body.`, details);
  if (call.body !== null && typeof call.body !== "string" && !(call.body instanceof Uint8Array))
    throw refused(`${from.hostname} redirects a request whose body was streamed and cannot be sent again.`, details);
  return { ...call, target };
}

function withoutBody(headers: Call["headers"]): Call["headers"] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith("content-")));
}
