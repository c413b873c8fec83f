import type { SendClocks } from "./exchange/types.ts";
import type { ResolvedModel } from "./resolve-model.ts";

/** Each clock that is tighter counts; one that is looser does not. */
export type Tighter = { readonly [Clock in keyof SendClocks]?: number | undefined };

export function tightenClocks(resolved: ResolvedModel, clocks: Tighter = {}): ResolvedModel {
  if (Object.values(clocks).every((ms) => ms === undefined)) return resolved;
  const least = (own: SendClocks): SendClocks => ({
    totalMs: Math.min(own.totalMs, clocks.totalMs ?? own.totalMs),
    firstTokenMs: Math.min(own.firstTokenMs, clocks.firstTokenMs ?? own.firstTokenMs),
    gapMs: Math.min(own.gapMs, clocks.gapMs ?? own.gapMs),
  });
  return {
    ...resolved,
    targets: resolved.targets.map((target) => ({ ...target, config: { ...target.config, clocks: least(target.config.clocks) } })),
    totalMs: Math.min(resolved.totalMs, clocks.totalMs ?? resolved.totalMs),
  };
}
