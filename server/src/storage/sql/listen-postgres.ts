import pg from "pg";
import type { Logger } from "../../core/index.ts";

const reconnectMs = 1000;

/** LISTEN on a connection of its own, made again whenever it breaks. Rejects only when the first one cannot be made. */
export async function listenOnPostgres(
  deps: { settings: pg.PoolConfig; logger: Logger },
  channel: string,
  onNotify: (payload: string) => void,
): Promise<() => Promise<void>> {
  let stopped = false;
  let client: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;

  async function connect(): Promise<void> {
    const next = new pg.Client(deps.settings);
    next.on("notification", (message) => onNotify(message.payload ?? ""));
    next.on("error", (error) => deps.logger.warn({ err: error, channel }, "the listening connection was lost; connecting again"));
    try {
      await next.connect();
      await next.query(`listen "${channel}"`);
    } catch (error) {
      await close(next);
      throw error;
    }
    client = next;
    // Once per connection, whatever broke it.
    next.once("end", retryLater);
  }

  function retryLater(): void {
    if (stopped) return;
    clearTimeout(timer);
    timer = setTimeout(() => void connect().catch(retryLater), reconnectMs);
  }

  async function close(which: pg.Client | undefined): Promise<void> {
    await which?.end().catch(() => {
      // Broken already: there is nothing left to close.
    });
  }

  await connect();
  return async () => {
    stopped = true;
    clearTimeout(timer);
    await close(client);
  };
}
