import type { Logger } from "../../core/index.ts";
import type { RedisConfig } from "./config.ts";
import { type RedisConnection, createRedisConnection } from "./connection.ts";

/** What a node shares with others. */
export interface SharedStore {
  readonly connection: RedisConnection;
  /** Begins every key. */
  readonly prefix: string;
  /** What part of a limit is this node's while the store is away. */
  readonly localShare: number;
}

/** Undefined for a node that is alone. Nothing is loaded or connected before the first question. */
export function openSharedStore(config: RedisConfig | undefined, logger: Logger): SharedStore | undefined {
  if (config === undefined) return undefined;
  const { url, timeoutMs, prefix, localShare } = config;
  return { connection: createRedisConnection({ url, timeoutMs, logger }), prefix, localShare };
}
