import { AppError } from "../../core/index.ts";
import type { Principal } from "../../governance/index.ts";
import type { Counters } from "../../storage/index.ts";
import type { HandlersOf, Ports } from "../types.ts";

/** Links are long and random; this only keeps a flood of guesses from costing anything. */
const signInRule = { limit: 20, windowMs: 60_000 };

export function governanceHandlers({ governance }: Pick<Ports, "governance">, counters: Counters): HandlersOf<"governance"> {
  const { keys, sessions, switches, auditLog } = governance;
  return {
    "governance.signIn": async ({ body }, context) => {
      const decision = counters.increment(`http:sign-in:${context.remoteAddress}`, signInRule);
      if (!decision.allowed)
        throw new AppError("rate_limited", "Too many sign-ins were tried.", { details: { retryAfterSeconds: decision.resetMs / 1000 } });
      const { session, principal, expiresAt } = await sessions.signIn(body.token);
      context.setSession({ value: session, expiresAt });
      return describePrincipal(principal);
    },
    "governance.signOut": async (_request, context) => {
      if (context.session !== undefined) await sessions.signOut(context.session);
      context.setSession(null);
      return {};
    },
    "governance.me": async (_request, context) => describePrincipal(context.principal),
    "governance.createLink": async (_request, context) => {
      const { token, expiresAt } = await sessions.createLink(context);
      // Behind `#`: it never reaches a server's log.
      return { url: `${context.origin}/sign-in#${token}`, expiresAt };
    },
    "governance.listKeys": async ({ query }, context) => keys.list(context, query),
    "governance.createKey": async ({ body }, context) => keys.create(context, body),
    "governance.revokeKey": async ({ parameters }, context) => keys.revoke(context, parameters.id),
    "governance.listSwitches": async (_request, context) => ({ items: await switches.list(context) }),
    "governance.setSwitch": async ({ parameters, body }, context) => switches.set(context, parameters.target, body),
    "governance.listAudit": async ({ query }, context) => auditLog.list(context, query),
    "governance.verifyAudit": async ({ body }, context) => auditLog.verify(context, body.against),
    "governance.checkpoint": async (_request, context) => ({ checkpoint: await auditLog.checkpoint(context) }),
  };
}

function describePrincipal({ id, name, kind, projectId, permissions }: Principal) {
  return { id, name, kind, projectId, permissions: [...permissions] };
}
