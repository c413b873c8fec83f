import { AppError } from "../core/index.ts";
import type { GatewayConfig, ProviderConfig } from "./config.ts";
import { asProvider } from "./local/as-provider.ts";
import { localProvider } from "./local/config.ts";
import type { Alias } from "./routing/alias-config.ts";
import { tightenClocks } from "./tighten-clocks.ts";

/** One place that may answer. */
export interface Target {
  /** `<provider>/<model>` */
  readonly name: string;
  readonly provider: string;
  readonly model: string;
  readonly config: ProviderConfig;
  /** It answers in no dialect, over no HTTP of ours. */
  readonly native?: true;
}

/** What a caller's model name stands for. */
export interface ResolvedModel {
  /** The alias, or `<provider>/<model>`: what the implicit function is called after. */
  readonly name: string;
  /** In the order in which they are asked; never empty. */
  readonly targets: readonly Target[];
  /** Milliseconds for all of it: of the first target's provider, or less where the alias says so. */
  readonly totalMs: number;
  /** How one of them is chosen; null for a target by its own name. */
  readonly alias: Alias | null;
}

/** `unknown_model` when the name is neither an alias nor of a configured provider. */
export function resolveModel(name: string, config: GatewayConfig): ResolvedModel {
  const alias = Object.hasOwn(config.models, name) ? config.models[name]! : null;
  const found = (alias === null ? [name] : alias.targets).map((each) => readTarget(each, config));
  const targets = found.filter((each) => each !== undefined);
  if (targets.length > 0) return tightenClocks({ name, targets, totalMs: targets[0]!.config.clocks.totalMs, alias }, alias?.clocks);
  const known = [
    ...Object.keys(config.models),
    ...Object.keys(config.local).map((model) => `${localProvider}/${model}`),
    ...Object.keys(config.providers).map((provider) => `${provider}/<model>`),
  ];
  throw new AppError(
    "unknown_model",
    `There is no model "${name.slice(0, 200)}" here. Known: ${known.join(", ") || "none is configured"}.`,
    {
      details: { model: name.slice(0, 200), known },
    },
  );
}

function readTarget(name: string, { providers, local }: GatewayConfig): Target | undefined {
  const slash = name.indexOf("/");
  const [provider, model] = [name.slice(0, slash), name.slice(slash + 1)];
  if (provider === localProvider && Object.hasOwn(local, model))
    return { name, provider, model, config: asProvider(local[model]!), native: true };
  if (slash <= 0 || !/^[A-Za-z0-9._:@/-]{1,150}$/.test(model) || !Object.hasOwn(providers, provider)) return undefined;
  const config = providers[provider]!;
  return config.aiSdk === undefined ? { name, provider, model, config } : { name, provider, model, config, native: true };
}
