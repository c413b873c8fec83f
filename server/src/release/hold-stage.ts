import { type Context, idTime } from "../core/index.ts";
import type { Tx } from "../storage/index.ts";
import { findHarm, findShadowHarm } from "./guard.ts";
import { countRequests, readActive, readArmFigures, readArms, readShadowFigures, type ReleaseRecord } from "./repository.ts";
import type { ReleaseDeps } from "./types.ts";

/** How a stage ended: with its requests served, with a reason to go back, without them in time, or because somebody else changed the traffic. */
export type HoldResult =
  | { readonly end: "held"; readonly requests: number; readonly note: string }
  | { readonly end: "harm"; readonly reason: string }
  | { readonly end: "expired"; readonly requests: number }
  | { readonly end: "superseded" };

export interface Hold {
  readonly function: string;
  readonly release: string;
  readonly requests: number;
  /** Since the release began: its row's time counts, so that neither a restart nor a time without any process prolongs it. */
  readonly maximumMs: number;
  readonly look: (tx: Tx, release: ReleaseRecord) => Promise<{ harm: string | null; note: string }>;
  readonly signal: AbortSignal;
}

const shortestPauseMs = 250;
const longestPauseMs = 5_000;

/**
 * Waits until a release has served its requests, looking for harm all the while. One durable step: it reads and changes
 * nothing, so that after a crash it simply looks again. It looks often while traffic flows and seldom while there is none,
 * and spends at most a twentieth of its time looking.
 */
export async function holdStage(context: Context, hold: Hold, deps: ReleaseDeps): Promise<HoldResult> {
  let pauseMs = shortestPauseMs;
  let seen = -1;
  for (;;) {
    hold.signal.throwIfAborted();
    const began = performance.now();
    const { result, requests } = await deps.sql.as(context, (tx) => lookOnce(tx, hold, deps));
    if (result !== null) return result;
    pauseMs = requests > seen ? shortestPauseMs : Math.min(pauseMs * 1.5, longestPauseMs);
    seen = requests;
    await pause(Math.max(pauseMs, (performance.now() - began) * 20), hold.signal);
  }
}

async function lookOnce(
  tx: Tx,
  hold: Hold,
  { clock }: Pick<ReleaseDeps, "clock">,
): Promise<{ result: HoldResult | null; requests: number }> {
  const active = await readActive(tx, hold.function);
  if (active?.id !== hold.release) return { result: { end: "superseded" }, requests: 0 };
  const { harm, note } = await hold.look(tx, active);
  if (harm !== null) return { result: { end: "harm", reason: harm }, requests: 0 };
  const requests = await countRequests(tx, active);
  if (requests >= hold.requests) return { result: { end: "held", requests, note }, requests };
  return { result: clock.now() >= idTime(hold.release) + hold.maximumMs ? { end: "expired", requests } : null, requests };
}

/** Watches a shadow: does it answer at all? */
export function lookAtShadow(binding: string): Hold["look"] {
  return async (tx, release) => {
    const figures = await readShadowFigures(tx, release, binding);
    const agreement =
      figures.answers === 0 ? "no shadow answers yet" : `agreed with the stable binding on ${figures.agreed} of ${figures.answers}`;
    return { harm: findShadowHarm(figures), note: agreement };
  };
}

/** Watches a canary against the stable arm of the same stage. */
export function lookAtCanary(latencyBudgetMs: number): Hold["look"] {
  return async (tx, release) => {
    const { stable, canary } = await readArmFigures(tx, release);
    return {
      harm: findHarm(canary, stable, latencyBudgetMs),
      note: `${canary.requests} requests on the canary: ${canary.failures} failed, ${canary.fallbacks} fell back`,
    };
  };
}

export interface AfterHold {
  readonly function: string;
  /** The release that promoted the champion. */
  readonly release: string;
  readonly champion: string;
  /** The binding before, which answers unheard. */
  readonly previous: string;
  readonly answers: number;
  readonly maximumMs: number;
  readonly signal: AbortSignal;
}

/** Waits until the binding before has answered enough of the champion's requests, its time is over, or the champion serves no more. */
export async function holdAfter(context: Context, hold: AfterHold, deps: ReleaseDeps): Promise<void> {
  let pauseMs = shortestPauseMs;
  let seen = -1;
  for (;;) {
    hold.signal.throwIfAborted();
    const answers = await deps.sql.as(context, async (tx) => {
      const arms = await readArms(tx, hold.function);
      if (!arms.some((arm) => arm.role === "stable" && arm.binding === hold.champion)) return null;
      return (await readShadowFigures(tx, { id: hold.release, function: hold.function }, hold.previous)).answers;
    });
    if (answers === null || answers >= hold.answers || deps.clock.now() >= idTime(hold.release) + hold.maximumMs) return;
    pauseMs = answers > seen ? shortestPauseMs : Math.min(pauseMs * 1.5, longestPauseMs);
    seen = answers;
    await pause(pauseMs, hold.signal);
  }
}

export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    signal.addEventListener("abort", onAbort, { once: true });
  });
}
