import type { Cost } from "../money/cost-of.ts";
import { type Decimal, formatDecimal, parseDecimal } from "../money/decimal.ts";

const kinds = ["exact", "stale", "semantic", "shared", "miss"] as const;
export type CountKind = (typeof kinds)[number];

/** Since this node started. */
export interface CacheCounts extends Readonly<Record<CountKind, number>> {
  /** What hits would have cost, by currency. */
  readonly saved: { readonly currency: string; readonly amount: string }[];
  /** Hits on answers whose cost nobody knew. */
  readonly savedUnknown: number;
}

interface Project {
  readonly counts: Record<CountKind, number>;
  readonly saved: Map<string, Decimal>;
  savedUnknown: number;
}

export interface Counts {
  add(projectId: string, kind: CountKind): void;
  save(projectId: string, cost: Cost | null): void;
  of(projectId: string): CacheCounts;
}

export function createCounts(): Counts {
  const projects = new Map<string, Project>();

  function project(id: string): Project {
    let found = projects.get(id);
    if (found === undefined) {
      found = { counts: { exact: 0, stale: 0, semantic: 0, shared: 0, miss: 0 }, saved: new Map(), savedUnknown: 0 };
      projects.set(id, found);
    }
    return found;
  }

  return {
    add: (id, kind) => void project(id).counts[kind]++,
    save(id, cost) {
      const { saved } = project(id);
      if (cost === null || cost.amount === null || cost.currency === null) project(id).savedUnknown++;
      else saved.set(cost.currency, (saved.get(cost.currency) ?? 0n) + parseDecimal(cost.amount));
    },
    of(id) {
      const { counts, saved, savedUnknown } = project(id);
      return { ...counts, saved: [...saved].map(([currency, amount]) => ({ currency, amount: formatDecimal(amount) })), savedUnknown };
    },
  };
}
