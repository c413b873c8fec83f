import { type AddressInfo, type Socket, connect, createServer } from "node:net";
import { onTestFinished } from "vitest";

/** A way to the database on which no notification arrives. */
export interface BlockedWay {
  /** The database's address by this way. */
  readonly url: string;
  /** Notifications that were kept back. */
  blocked(): number;
}

const notificationResponse = 0x41; // "A"
const headerBytes = 5;

/**
 * Stands between a node and PostgreSQL and passes on everything but NotificationResponse messages: what a pooler in transaction mode
 * does. The server's messages are a type byte and a length that counts itself and the body (protocol 3.0, message formats).
 */
export async function blockNotifications(databaseUrl: string): Promise<BlockedWay> {
  const target = new URL(databaseUrl);
  let blocked = 0;
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(target.port || 5432), target.hostname);
    let pending: Buffer = Buffer.alloc(0);
    far.on("data", (bytes) => {
      pending = Buffer.concat([pending, bytes]);
      const passed: Buffer[] = [];
      while (pending.length >= headerBytes) {
        const end = 1 + pending.readUInt32BE(1);
        if (pending.length < end) break;
        if (pending[0] === notificationResponse) blocked++;
        else passed.push(pending.subarray(0, end));
        pending = pending.subarray(end);
      }
      if (passed.length > 0) near.write(Buffer.concat(passed));
    });
    near.on("data", (bytes) => far.write(bytes));
    for (const [mine, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(mine);
      mine.setNoDelay(true);
      mine.on("error", () => other.destroy());
      mine.on("close", () => {
        sockets.delete(mine);
        other.end();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const url = new URL(databaseUrl);
  url.hostname = "127.0.0.1";
  url.port = String((server.address() as AddressInfo).port);
  return { url: url.href, blocked: () => blocked };
}
