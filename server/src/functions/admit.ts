import { AppError } from "../core/index.ts";
import type { Principal } from "../governance/index.ts";
import type { FunctionsDeps } from "./types.ts";

/** Requests at work at once on one node; past it they are refused rather than queued out of sight. */
export const maxInFlight = 1024;

/** Key, switch, limit, in this order, from memory; then whether this node can keep the promise of evidence at all. */
export function admit(
  principal: Principal,
  request: { readonly name: string; readonly known: boolean; readonly inFlight: number },
  deps: Pick<FunctionsDeps, "governance" | "counters" | "journal" | "hotState">,
): void {
  const { name, known } = request;
  deps.governance.authorize(principal, "functions.infer", { function: name });
  if (!known) throw new AppError("unknown_function", `There is no function "${name}".`, { details: { function: name } });
  deps.hotState.assertFresh();
  const { off, reason, by } = deps.governance.switches.check(principal.projectId, name);
  if (off)
    throw new AppError(
      "function_switched_off",
      `"${name}" is switched off${by === null ? "" : ` by ${by}`}${reason === null ? "" : `: ${reason}`}.`,
      { details: { function: name, reason, by } },
    );
  if (principal.limit !== null) {
    const { requests, windowSeconds } = principal.limit;
    const decision = deps.counters.increment(`limit:${principal.projectId}:${principal.id}`, {
      limit: requests,
      windowMs: windowSeconds * 1000,
    });
    if (!decision.allowed) {
      const retryAfterSeconds = Math.max(1, Math.ceil(decision.resetMs / 1000));
      throw new AppError("rate_limited", `This key may ask ${requests} times in ${windowSeconds} s.`, {
        details: { limit: principal.limit, retryAfterSeconds },
      });
    }
  }
  const unavailable = deps.journal.unavailable();
  if (unavailable !== undefined) throw new AppError("evidence_unavailable", unavailable);
  if (request.inFlight >= maxInFlight)
    throw new AppError("overloaded", `This node has ${maxInFlight} requests at work.`, { details: { retryAfterSeconds: 1 } });
}
