import { isAppError } from "../core/index.ts";
import type { PgPoolLike, SqlClient } from "../storage/index.ts";

/**
 * The owner's pool as the engine wants it: a lost database is reported with an SQLSTATE it knows to wait for
 * (57P01), so that a workflow pauses instead of failing. After the close it is a plain error: nobody should wait then.
 */
export function retryablePool(pool: PgPoolLike, closed: AbortSignal): PgPoolLike {
  const wrapped = new WeakSet<object>();

  function retryableClient<C extends SqlClient>(client: C): C {
    // `pg` hands the same client out again and again.
    if (wrapped.has(client)) return client;
    wrapped.add(client);
    client.query = translated(client.query.bind(client));
    return client;
  }

  function translated<F extends (...args: never[]) => Promise<unknown>>(call: F): F {
    return ((...args: Parameters<F>) => {
      const running = call(...args) as Promise<unknown> | undefined;
      return running?.catch((error: unknown) => {
        if (!isLostDatabase(error) || closed.aborted) throw error;
        throw Object.assign(new Error(`The database was lost: ${(error as Error).message}`, { cause: error }), { code: "57P01" });
      });
    }) as F;
  }

  return new Proxy(pool, {
    get(target, property) {
      if (property === "query") return translated(target.query.bind(target));
      if (property === "connect") return async () => retryableClient(await translated(target.connect.bind(target))());
      const value = Reflect.get(target, property, target) as unknown;
      return typeof value === "function" ? (value as (...args: unknown[]) => unknown).bind(target) : value;
    },
  });
}

/** True for what passes by itself: the database is away, or was restarted under a statement. */
export function isLostDatabase(error: unknown): boolean {
  return isAppError(error, "database_restarted") || isAppError(error, "database_unavailable");
}
