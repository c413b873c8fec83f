import { type Clock, createId } from "../../core/index.ts";
import { type Ledger, type LedgerLine, type Reserved, underWayMs } from "./ledger.ts";
import { readScript, reserveScript, settleScript } from "./redis-scripts.ts";
import type { RedisConnection } from "../shared-store/connection.ts";

export interface RedisLedgerDeps {
  readonly connection: RedisConnection;
  /** Begins every key. */
  readonly prefix: string;
  /** Absent: Redis's own clock, which is the same for all nodes. */
  readonly clock?: Clock;
}

/** Settlements that wait for the store to come back; past it the leases end by themselves. */
const mostUnsettled = 10_000;

/** Counts of several nodes, in Redis or Valkey. Its calls fail when the store is away; settlements wait for it. */
export function createRedisLedger({ connection, prefix, clock }: RedisLedgerDeps): Ledger {
  const unsettled = new Map<string, () => Promise<unknown>>();
  const now = () => clock?.now() ?? 0;
  // In one slot of a cluster: a script may touch several keys of that only.
  const keysOf = (key: string) => [`{${prefix}}:count:${key}`, `{${prefix}}:leases:${key}`];
  const indexOf = (owner: string) => `{${prefix}}:index:${owner}`;
  connection.onReady(() => {
    for (const [id, send] of unsettled) void attempt(id, send);
  });

  async function attempt(id: string, send: () => Promise<unknown>): Promise<void> {
    try {
      await send();
      unsettled.delete(id);
    } catch {
      if (unsettled.size < mostUnsettled) unsettled.set(id, send);
    }
  }

  function settle(id: string, lines: readonly LedgerLine[], amounts: readonly number[]): void {
    const held = lines.map((line, index) => ({ line, amount: amounts[index]! })).filter(({ line }) => line.held);
    if (held.length === 0) return;
    const keys = held.flatMap(({ line }) => keysOf(line.key));
    void attempt(id, () =>
      connection.run(settleScript, keys, [now(), id, ...held.flatMap(({ line, amount }) => [line.windowMs, line.amount, amount])]),
    );
  }

  return {
    async reserve(lines, leaseMs): Promise<Reserved> {
      const id = createId();
      const values = lines.flatMap((line) => [line.key, line.windowMs, line.limit, line.amount, line.held ? 1 : 0]);
      const keys = [indexOf(lines[0]!.owner), ...lines.flatMap(({ key }) => keysOf(key))];
      const answered = connection.run(reserveScript, keys, [now(), leaseMs, id, ...values]).catch((error: unknown) => {
        // It may have been taken all the same: then it is given back, as soon as that can be said.
        settle(
          id,
          lines,
          lines.map(() => 0),
        );
        throw error;
      });
      const [done, index, left, waitMs] = (await answered) as number[];
      if (done === 1) return { ok: true, settle: (amounts) => settle(id, lines, amounts) };
      const line = lines[index!]!;
      return { ok: false, shortage: { line, left: left!, waitMs: line.amount > line.limit ? null : waitMs === -1 ? underWayMs : waitMs! } };
    },
    keys: (owner, limit) => connection.newest(indexOf(owner), limit),
    async read(counts) {
      if (counts.length === 0) return [];
      const keys = counts.flatMap(({ key }) => keysOf(key));
      const states = (await connection.run(readScript, keys, [now(), ...counts.map(({ windowMs }) => windowMs)])) as number[][];
      return states.map(([used, reserved, waitMs]) => ({ used: used!, reserved: reserved!, waitMs: waitMs === -1 ? null : waitMs! }));
    },
  };
}
