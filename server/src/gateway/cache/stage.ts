import type { Clock, Logger } from "../../core/index.ts";
import { contextOf } from "../answer-context.ts";
import { dialects } from "../dialects/index.ts";
import type { Ask, CacheState, GatewayCall, GatewayReply, Stage } from "../stage.ts";
import { type Attendance, attend } from "./attend.ts";
import { readCacheControl } from "./cache-control.ts";
import { type ExactConfig, isNamed } from "./config.ts";
import type { CountKind, Counts } from "./counts.ts";
import { Flight, type Landing } from "./flight.ts";
import type { KeptAnswer, KeptAnswers } from "./kept-answers.ts";
import { free, noted, unpaid } from "./outcomes.ts";
import { refresh } from "./refresh.ts";
import { type RequestKeys, isSteady, keysOf } from "./request-keys.ts";
import { retell } from "./retell.ts";
import { type Alike, type Look, unseen } from "./semantic/alike.ts";
import { canBeTold, isWorthKeeping } from "./worth-keeping.ts";

export interface CacheStageDeps {
  readonly config: ExactConfig;
  readonly kept: KeptAnswers;
  readonly counts: Counts;
  /** Absent where no question is taken for another. */
  readonly alike: Alike | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** From the first stage on. */
  readonly again: Ask;
  /** Aborted when the node stops. */
  readonly signal: AbortSignal;
  /** Changes when a project's answers are cleared: what was asked before is not kept. */
  readonly epochOf: (projectId: string) => number;
}

/** Answers from what is kept, lets equal calls wait for one answer, and keeps what is good. */
export function createCacheStage(deps: CacheStageDeps): Stage {
  const { config, kept, counts, alike, clock, epochOf } = deps;
  const flights = new Map<string, Flight>();
  const refreshing = new Set<string>();

  return async (call, next) => {
    const control = readCacheControl(call.cacheControl);
    if (control.isOff || !isCached(call)) return next(call);
    const keys = keysOf(call, config.scope);
    if (keys === null) return next(call);
    const maxAgeMs = Math.min(control.maxAgeMs ?? Number.POSITIVE_INFINITY, (config.ttlSeconds + config.staleSeconds) * 1000);
    const found = kept.get(keys.exact);
    const state = found === undefined ? "miss" : stateOf(found, call, maxAgeMs);
    if (found !== undefined && state !== "miss") {
      if (state === "stale") refreshOnce(found, call);
      return tellAgain(found, call, { kind: state === "hit" ? "exact" : "stale", state, more: {} });
    }
    const underWay = flights.get(flightKey(keys, call));
    if (underWay !== undefined) return join(underWay, call, unseen);
    const look = (await alike?.look(call, keys, Math.min(maxAgeMs, config.ttlSeconds * 1000))) ?? unseen;
    if (look.hit !== null) return tellAgain(look.hit, call, { kind: "semantic", state: "hit", more: look.note });
    return join(flights.get(flightKey(keys, call)) ?? takeOff(call, next, { keys, look }), call, look);
  };

  function isCached({ resolved, origin, request }: GatewayCall): boolean {
    return isNamed(config, { model: resolved.name, function: origin.function }) && (config.anyTemperature || isSteady(request));
  }

  function stateOf(found: KeptAnswer, call: GatewayCall, maxAgeMs: number): CacheState {
    const ageMs = clock.now() - found.keptAt;
    // An age of nothing is not new for who asks for a new one.
    if (maxAgeMs === 0 || ageMs > maxAgeMs || !canBeTold(found.answer, call.dialect)) return "miss";
    if (ageMs <= config.ttlSeconds * 1000) return "hit";
    // Without evidence of its own nothing is asked behind anybody's back.
    return call.reopen === undefined ? "miss" : "stale";
  }

  function tellAgain(
    found: KeptAnswer,
    call: GatewayCall,
    { kind, state, more }: { kind: CountKind; state: CacheState; more: Readonly<Record<string, unknown>> },
  ): GatewayReply {
    const { from, cost, target } = found;
    counts.add(call.origin.projectId, kind);
    counts.save(call.origin.projectId, cost);
    const note = { kind, ageMs: clock.now() - found.keptAt, from, saved: cost?.amount ?? null, currency: cost?.currency ?? null, ...more };
    return retell(found, {
      dialect: dialects[call.dialect],
      context: contextOf(call, clock),
      stream: call.request.stream,
      signal: call.signal,
      maxGapMs: config.maxGapMs,
      cache: state,
      outcome: noted({ target, answer: unpaid(found.answer), cost: free(cost), error: null }, note),
    });
  }

  function refreshOnce(found: KeptAnswer, call: GatewayCall): void {
    if (refreshing.has(found.key)) return;
    refreshing.add(found.key);
    refresh(call, found.from, deps)
      .catch((error: unknown) => deps.logger.error({ error }, "a kept answer could not be made new"))
      .finally(() => refreshing.delete(found.key));
  }

  function takeOff(call: GatewayCall, next: Ask, { keys, look }: { keys: RequestKeys; look: Look }): Flight {
    const key = flightKey(keys, call);
    const epoch = epochOf(call.origin.projectId);
    const flight: Flight = new Flight(call, next, (landing) => {
      if (flights.get(key) === flight) flights.delete(key);
      if (landing !== null && epoch === epochOf(call.origin.projectId)) keep(call, { keys, look, landing });
    });
    flights.set(key, flight);
    return flight;
  }

  function keep(call: GatewayCall, { keys, look, landing }: { keys: RequestKeys; look: Look; landing: Landing }): void {
    const { outcome, pieces } = landing;
    if (!isWorthKeeping(outcome, config)) return;
    look.heard(outcome.answer!);
    const { inference, inferenceId } = call;
    kept.put({
      key: keys.exact,
      projectId: call.origin.projectId,
      get from() {
        return inference?.id || inferenceId;
      },
      target: outcome.target!,
      answer: outcome.answer!,
      cost: outcome.cost,
      pieces,
      keptAt: clock.now(),
      place: look.place,
    });
  }

  function join(flight: Flight, call: GatewayCall, look: Look): Promise<GatewayReply> {
    const isLeader = flight.leader === call;
    const { projectId } = call.origin;
    counts.add(projectId, isLeader ? "miss" : "shared");
    const finish: Attendance["finish"] = (outcome) => {
      if (flight.end !== undefined && outcome.cost !== flight.end.cost) counts.save(projectId, flight.end.cost);
      return outcome.notes?.["cache"] === undefined ? noted(outcome, { kind: "miss", ...look.note }) : outcome;
    };
    const cache = isLeader ? "miss" : "hit";
    return attend(flight, { call, dialect: dialects[call.dialect], context: contextOf(call, clock), cache, finish });
  }
}

/** Equal calls that are told the same way, under the same clocks. */
function flightKey({ exact }: RequestKeys, { dialect, request, resolved }: GatewayCall): string {
  const clocks = resolved.targets.map(({ config }) => config.clocks);
  return JSON.stringify([exact, dialect, request.stream, resolved.totalMs, clocks]);
}
