import type { Clock } from "../../core/index.ts";
import { type Ledger, type LedgerLine, type LineState, type Reserved, underWayMs } from "./ledger.ts";
import { SlidingAmounts } from "./sliding-amounts.ts";

interface Count {
  readonly owner: string;
  readonly used: SlidingAmounts;
  reserved: number;
  /** When it was used last, among all. */
  turn: number;
  /** When it was put at the end of its group. */
  movedAt: number;
}

interface Lease {
  readonly expiresAt: number;
  settle(amounts: readonly number[]): void;
  readonly held: readonly number[];
}

export interface MemoryLedgerDeps {
  readonly clock: Clock;
  /** Most counts of one budget: past it idle ones go first, then those used longest ago. */
  readonly maxCounts?: number;
}

/** Counts of one process. */
export function createMemoryLedger({ clock, maxCounts = 50_000 }: MemoryLedgerDeps): Ledger & { size(): number } {
  // A Map remembers the order of insertion; a count used again is moved to its end, unless it was lately: moving costs more than counting.
  const groups = new Map<string, Map<string, Count>>();
  const leases = new Set<Lease>();
  let turn = 0;
  let nextExpiry = Number.POSITIVE_INFINITY;

  function countOf(line: LedgerLine, now: number): Count {
    let group = groups.get(line.group);
    if (group === undefined) groups.set(line.group, (group = new Map()));
    const held = group.get(line.key);
    turn += 1;
    // A changed window begins anew; amounts of parts of another length cannot be read.
    const isKept = held?.used.windowMs === line.windowMs;
    if (isKept && turn - held.movedAt < maxCounts / 16) {
      held.turn = turn;
      return held;
    }
    if (held !== undefined) group.delete(line.key);
    else if (group.size >= maxCounts) evict(group, now);
    const count = isKept ? held : { owner: line.owner, used: new SlidingAmounts(line.windowMs), reserved: 0, turn, movedAt: turn };
    count.turn = count.movedAt = turn;
    group.set(line.key, count);
    return count;
  }

  /** What is held must stay: its settlement would be lost. */
  function evict(group: Map<string, Count>, now: number): void {
    for (const [key, count] of group) {
      if (count.reserved > 0) continue;
      if (count.used.sum(now) > 0 && group.size < maxCounts) return;
      group.delete(key);
    }
  }

  /** Nobody settled these: they were probably spent. */
  function endLeases(now: number): void {
    if (now < nextExpiry) return;
    nextExpiry = Number.POSITIVE_INFINITY;
    for (const lease of leases) {
      if (lease.expiresAt <= now) lease.settle(lease.held);
      else nextExpiry = Math.min(nextExpiry, lease.expiresAt);
    }
  }

  function reserve(lines: readonly LedgerLine[], leaseMs: number): Reserved {
    const now = clock.now();
    endLeases(now);
    const counts = lines.map((line) => countOf(line, now));
    for (let index = 0; index < lines.length; index++) {
      const line = lines[index]!;
      const { used, reserved } = counts[index]!;
      const left = line.limit - used.sum(now) - reserved;
      if (line.amount <= left) continue;
      const waitMs = line.amount > line.limit ? null : (used.waitMs(now, line.amount - left) ?? underWayMs);
      return { ok: false, shortage: { line, left: Math.max(0, left), waitMs } };
    }
    for (let index = 0; index < lines.length; index++) {
      const line = lines[index]!;
      if (line.held) counts[index]!.reserved += line.amount;
      else counts[index]!.used.add(now, line.amount);
    }
    const lease: Lease = {
      expiresAt: now + leaseMs,
      held: lines.map(({ amount }) => amount),
      settle(amounts) {
        if (!leases.delete(lease)) return;
        const at = clock.now();
        for (let index = 0; index < lines.length; index++) {
          const line = lines[index]!;
          if (!line.held) continue;
          counts[index]!.reserved -= line.amount;
          counts[index]!.used.add(at, amounts[index]!);
        }
      },
    };
    leases.add(lease);
    nextExpiry = Math.min(nextExpiry, lease.expiresAt);
    return { ok: true, settle: (amounts) => lease.settle(amounts) };
  }

  function stateOf(key: string, group: string): LineState {
    const count = groups.get(group)?.get(key);
    if (count === undefined) return { used: 0, reserved: 0, waitMs: null };
    const now = clock.now();
    return { used: count.used.sum(now), reserved: count.reserved, waitMs: count.used.waitMs(now, 1) };
  }

  return {
    reserve,
    async keys(owner, limit) {
      endLeases(clock.now());
      const now = clock.now();
      const isInUse = ({ reserved, used }: Count) => reserved > 0 || used.sum(now) > 0;
      return [...groups.values()]
        .flatMap((group) => [...group].filter(([, count]) => count.owner === owner && isInUse(count)))
        .toSorted(([, one], [, other]) => other.turn - one.turn)
        .slice(0, limit)
        .map(([key]) => key);
    },
    read: async (counts) => counts.map(({ key, group }) => stateOf(key, group)),
    size: () => [...groups.values()].reduce((sum, group) => sum + group.size, 0),
  };
}
