import type { Clock, Egress } from "../../core/index.ts";
import { createAiSdkSource } from "../ai-sdk/index.ts";
import type { GatewayConfig } from "../config.ts";
import { createLocalModels, localProvider } from "../local/index.ts";
import type { NativeSource, NativeSources } from "./types.ts";

export interface NativeSourceDeps {
  readonly egress: Egress;
  readonly clock: Clock;
  /** Where packages are looked for that the program's user installs, and above. */
  readonly packageFolders: readonly string[];
}

/** What answers in no dialect of those we speak, by provider. `config_invalid` where a package or a file is missing. */
export function createNativeSources(config: GatewayConfig, deps: NativeSourceDeps): NativeSources {
  const sources: Record<string, NativeSource> = {};
  const local = createLocalModels({ models: config.local, ...deps });
  if (local !== undefined) sources[localProvider] = local;
  for (const [name, { aiSdk, ...rest }] of Object.entries(config.providers))
    if (aiSdk !== undefined) sources[name] = createAiSdkSource(name, { ...rest, aiSdk }, deps);
  return sources;
}
