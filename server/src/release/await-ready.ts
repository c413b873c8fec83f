import { pause } from "./hold-stage.ts";
import type { ReleaseDeps } from "./types.ts";

const lookMs = 200;

/** Waits until every live node that serves has a binding loaded and warm; after the time it answers who has not. */
export async function awaitReady(
  ask: { binding: string; timeoutMs: number; signal: AbortSignal },
  deps: Pick<ReleaseDeps, "jobs">,
): Promise<string[]> {
  const giveUpAt = performance.now() + ask.timeoutMs;
  for (;;) {
    const serving = (await deps.jobs.nodes()).filter((node) => node.alive && node.role !== "work");
    const laggards = serving.filter((node) => !node.readyBindings.includes(ask.binding)).map((node) => node.name);
    // With nobody to serve there is nobody to wait for: the hold that follows waits for requests, and so for a node.
    if (laggards.length === 0 || performance.now() >= giveUpAt) return laggards;
    await pause(lookMs, ask.signal);
  }
}
