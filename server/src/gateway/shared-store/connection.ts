import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Redis } from "ioredis";
import type { Logger, Secret } from "../../core/index.ts";

export interface RedisConnection {
  /** Fails when the store is away, after a bounded wait. */
  run(script: string, keys: readonly string[], values: readonly (string | number)[]): Promise<unknown>;
  /** Members of a sorted set, the highest first. */
  newest(key: string, limit: number): Promise<string[]>;
  /** Called each time the store can be talked to again. */
  onReady(listener: () => void): void;
  close(): void;
}

export interface RedisConnectionDeps {
  readonly url: Pick<Secret, "reveal">;
  /** The longest one question may take. */
  readonly timeoutMs: number;
  readonly logger: Logger;
}

const longestPauseMs = 2000;

/** Connects when it is first asked. A store that does not answer in time is left, and sought again in the background. */
export function createRedisConnection({ url, timeoutMs, logger }: RedisConnectionDeps): RedisConnection {
  let redis: Promise<Redis> | undefined;
  let first: Promise<void> | undefined;
  let isClosed = false;
  let isAway = false;
  const listeners: (() => void)[] = [];

  async function connect(): Promise<Redis> {
    // 45 modules, which a node that is alone never needs.
    const { Redis } = await import("ioredis");
    const made = new Redis(url.reveal(), {
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      connectTimeout: Math.max(timeoutMs, 1000),
      commandTimeout: timeoutMs,
      retryStrategy: (times) => Math.min(50 * 2 ** Math.min(times, 10), longestPauseMs),
      connectionName: "millrace",
    });
    first = new Promise((resolve) => made.once("ready", () => resolve()));
    made.on("ready", () => {
      if (isAway) logger.info("the store that nodes share is back");
      isAway = false;
      for (const listener of listeners) listener();
    });
    // Without a listener an error ends the process.
    made.on("error", leave);
    if (isClosed) made.disconnect();
    return made;
  }

  /** One line for each time it goes away. */
  function leave(error: unknown): void {
    if (!isAway) logger.warn({ error }, "the store that nodes share is away");
    isAway = true;
  }

  async function ready(): Promise<Redis> {
    const made = await (redis ??= connect());
    // Only the first connection is waited for: afterwards a store that is away is known to be.
    if (made.status !== "ready" && !isAway) await Promise.race([first, sleep(timeoutMs, undefined, { ref: false })]);
    return made;
  }

  async function ask<T>(question: (from: Redis) => Promise<T>): Promise<T> {
    const from = await ready();
    try {
      return await question(from);
    } catch (error) {
      // A connection that swallows commands is not asked again: a new one is made.
      if (error instanceof Error && error.message === "Command timed out") {
        leave(error);
        from.disconnect(true);
      }
      throw error;
    }
  }

  return {
    run: (script, keys, values) =>
      ask(async (from) => {
        try {
          return await from.evalsha(hashOf(script), keys.length, ...keys, ...values);
        } catch (error) {
          if (!(error instanceof Error) || !error.message.startsWith("NOSCRIPT")) throw error;
          return from.eval(script, keys.length, ...keys, ...values);
        }
      }),
    newest: (key, limit) => ask((from) => from.zrevrange(key, 0, limit - 1)),
    onReady: (listener) => void listeners.push(listener),
    close() {
      isClosed = true;
      redis?.then(
        (made) => made.disconnect(),
        () => {},
      );
    },
  };
}

const hashes = new Map<string, string>();

function hashOf(script: string): string {
  let hash = hashes.get(script);
  if (hash === undefined) hashes.set(script, (hash = createHash("sha1").update(script).digest("hex")));
  return hash;
}
