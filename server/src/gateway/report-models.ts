import type { Clock } from "../core/index.ts";
import { keysOf } from "./attempt-target.ts";
import type { GatewayConfig, ProviderConfig } from "./config.ts";
import { asProvider } from "./local/as-provider.ts";
import { localProvider } from "./local/config.ts";
import type { PriceRow } from "./money/price-row.ts";
import type { PriceTable } from "./money/price-table.ts";
import type { CircuitState } from "./reliability/circuit-breaker.ts";
import { laneName } from "./reliability/enter-lane.ts";
import type { TargetBoard } from "./reliability/target-board.ts";
import { watchedMs } from "./reliability/target-watch.ts";

export interface KeyReport {
  readonly place: number;
  readonly state: "ready" | "resting";
  readonly restsUntil: string | null;
  readonly circuit: CircuitState;
  readonly inFlight: number | null;
}

export interface TargetReport {
  readonly name: string;
  readonly provider: string;
  readonly dialect: string;
  readonly region: string | null;
  readonly dataClasses: string[];
  readonly price: { readonly from: string; readonly currency: string; readonly perMillion: Record<string, string> } | null;
  readonly circuit: { readonly state: CircuitState; readonly triesAgainAt: string | null };
  readonly inFlight: number;
  readonly queued: number;
  readonly most: number | null;
  readonly tries: number;
  readonly failures: number;
  readonly firstTokenMs: number | null;
  readonly wholeMs: number | null;
  readonly keys: KeyReport[];
}

export interface ModelReport {
  readonly providers: string[];
  readonly aliases: {
    readonly name: string;
    readonly choose: string;
    readonly targets: string[];
    readonly dataClass: string | null;
    readonly regions: string[];
  }[];
  readonly targets: TargetReport[];
  readonly windowSeconds: number;
}

interface ReportDeps {
  readonly config: GatewayConfig;
  readonly board: TargetBoard;
  readonly prices: PriceTable;
  readonly clock: Clock;
}

/** Names and targets as this node sees them: of keys their places alone. */
export function reportModels(deps: ReportDeps): ModelReport {
  const { providers, models, local } = deps.config;
  const ours = Object.keys(local).map((model) => `${localProvider}/${model}`);
  const names = new Set([...ours, ...Object.values(models).flatMap(({ targets }) => targets), ...deps.board.watch.names()]);
  return {
    providers: [...Object.keys(providers), ...(ours.length === 0 ? [] : [localProvider])],
    aliases: Object.entries(models).map(([name, { choose, targets, dataClass = null, regions = [] }]) => ({
      name,
      choose,
      targets: [...targets],
      dataClass,
      regions: [...regions],
    })),
    targets: [...names].map((name) => reportTarget(name, deps)),
    windowSeconds: watchedMs / 1000,
  };
}

function reportTarget(name: string, { config, board, prices, clock }: ReportDeps): TargetReport {
  const provider = name.slice(0, name.indexOf("/"));
  const model = name.slice(provider.length + 1);
  const rules = rulesOf(provider, model, config);
  const { calls, ...watched } = board.watch.read(name);
  const slots = rules === undefined ? undefined : board.bounds.slots(name, rules.concurrency);
  return {
    name,
    provider,
    dialect: dialectOf(provider, rules),
    region: rules?.region ?? null,
    dataClasses: [...(rules?.dataClasses ?? [])],
    price: priceOf(prices.find(provider, model, clock.now())),
    ...watched,
    queued: slots?.waiting ?? 0,
    most: slots?.options.most ?? null,
    tries: calls,
    ...lanesOf(name, rules, { board, clock }),
  };
}

function rulesOf(provider: string, model: string, { providers, local }: GatewayConfig): ProviderConfig | undefined {
  if (provider === localProvider && Object.hasOwn(local, model)) return asProvider(local[model]!);
  return Object.hasOwn(providers, provider) ? providers[provider] : undefined;
}

/** What runs here speaks none, and a package of the AI SDK its own. */
function dialectOf(provider: string, rules: ProviderConfig | undefined): string {
  if (rules === undefined || provider === localProvider) return "built-in";
  return rules.aiSdk === undefined ? rules.dialect : "ai-sdk";
}

function priceOf(row: PriceRow | null): TargetReport["price"] {
  if (row === null) return null;
  const told = Object.entries(row.perMillion).filter((each): each is [string, string] => each[1] !== undefined);
  return { from: row.from, currency: row.currency, perMillion: Object.fromEntries(told) };
}

const byHope: Readonly<Record<CircuitState, number>> = { closed: 0, "half-open": 1, open: 2 };

/** With several keys each has a circuit of its own; the target is as well as the best of them. */
function lanesOf(
  name: string,
  rules: ProviderConfig | undefined,
  { board, clock }: Pick<ReportDeps, "board" | "clock">,
): Pick<TargetReport, "circuit" | "keys"> {
  const places = rules === undefined ? 0 : keysOf(rules).length;
  const ring = board.bounds.ring(name, places);
  const instantIn = (ms: number) => (ms === 0 ? null : new Date(clock.now() + ms).toISOString());
  const lanes = ring === undefined ? [name] : Array.from({ length: places }, (_, index) => laneName(name, index + 1));
  const circuits = lanes.map((lane) => board.breakers.of(lane));
  const [best] = circuits.toSorted((one, other) => byHope[one.state] - byHope[other.state] || one.waitMs - other.waitMs);
  return {
    circuit: { state: best!.state, triesAgainAt: instantIn(best!.waitMs) },
    keys: Array.from({ length: places }, (_, index) => {
      const place = index + 1;
      const restMs = ring?.restMs(place) ?? 0;
      return {
        place,
        state: restMs > 0 ? "resting" : "ready",
        restsUntil: instantIn(restMs),
        circuit: (circuits[index] ?? best!).state,
        inFlight: ring?.load(place) ?? null,
      };
    }),
  };
}
