import type { Step } from "../../core/index.ts";
import { type Cost, type Usage, sumCosts, sumUsage } from "../../gateway/index.ts";

/** What foundation models did for one inference: all that was asked is paid for, what answered and what did not. */
export interface Spending {
  /** As its provider names it, and the version of its prompt: of the last answer that was of use. */
  readonly model?: string | null;
  readonly prompt?: string;
  readonly history?: unknown;
  /** How often a model was asked. */
  readonly asks: number;
  readonly usage: Usage;
  /** Null amounts where the cost of a part is not known. */
  readonly cost: Cost;
}

type Details = { readonly [field: string]: unknown; readonly usage?: Usage | null; readonly cost?: Cost | null };

const useful: readonly unknown[] = ["text", "valid", "repaired"];

/** Undefined where no model was asked. */
export function spendingOf(steps: readonly Step[]): Spending | undefined {
  if (!steps.some(({ kind }) => kind === "ask")) return undefined;
  const asks = steps.flatMap(({ kind, details }) => (kind === "ask" ? [(details ?? {}) as Details] : []));
  const paid = asks.filter((details) => details.cost !== undefined);
  const last = asks.findLast((details) => useful.includes(details["output"]));
  return {
    ...(last === undefined ? {} : { model: last["model"] as string | null, prompt: last["prompt"] as string }),
    ...(last?.["history"] === undefined ? {} : { history: last["history"] }),
    asks: asks.length,
    usage: sumUsage(paid.map(({ usage }) => usage ?? null)),
    cost: sumCosts(paid.map(({ cost }) => cost ?? null)),
  };
}
