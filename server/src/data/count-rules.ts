import type { DataContract, RuleVerdict } from "@millrace/contract";
import { AppError } from "../core/index.ts";
import type { ContractRules, Rule } from "./contract-rules.ts";
import type { ParsedRow, Row } from "./rows.ts";

interface Count {
  readonly rule: Rule;
  checked: number;
  broken: number;
  firstLine: number | null;
}

/** What came of each rule, while rows are checked. */
export interface RuleCounts {
  /** A row rule could be asked of a row. */
  asked(rule: Rule): void;
  broken(rule: Rule, line: number): void;
  verdicts(): RuleVerdict[];
}

/** Rules of columns are asked of every row. */
export function createRuleCounts(rules: ContractRules, rows: number): RuleCounts {
  const counts = new Map<string, Count>();
  const add = (rule: Rule | null, checked: number) => {
    if (rule !== null) counts.set(rule.name, { rule, checked, broken: 0, firstLine: null });
  };
  for (const { type, notNull, values, unique } of rules.columns) for (const rule of [type, notNull, ...values, unique]) add(rule, rows);
  for (const rule of rules.rows) add(rule, 0);
  return {
    asked(rule) {
      counts.get(rule.name)!.checked += 1;
    },
    broken(rule, line) {
      const count = counts.get(rule.name)!;
      count.broken += 1;
      count.firstLine = Math.min(count.firstLine ?? line, line);
    },
    verdicts: () => [...counts.values()].map(toVerdict),
  };
}

function toVerdict({ rule, checked, broken, firstLine }: Count): RuleVerdict {
  const verdict = broken === 0 ? "kept" : ({ warn: "warned", quarantine: "quarantined", fail: "failed" } as const)[rule.policy];
  return { rule: rule.name, policy: rule.policy, checked, broken, verdict, firstLine };
}

export interface WholeInput {
  readonly contract: DataContract;
  readonly rules: ContractRules;
  readonly parsed: readonly ParsedRow[];
  /** Rows that keep the contract, with the lines that cannot be read beside them. */
  readonly conforming: readonly Row[];
  readonly unread: number;
  readonly timeColumn?: string | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

const hourMs = 3_600_000;

/** Rules about all rows together: null shares, freshness, volume. `checked` is the number of rows looked at; `broken` 1 or 0 where no row is to blame. */
export function judgeWhole(input: WholeInput): RuleVerdict[] {
  const { contract, parsed } = input;
  const verdicts: RuleVerdict[] = [];
  for (const { column, nullShare: rule } of input.rules.columns) {
    if (rule === null) continue;
    const missing = parsed.filter(({ raw }) => (Object.hasOwn(raw, column.name) ? (raw[column.name] ?? null) : null) === null);
    const isBroken = missing.length > parsed.length * rule.most;
    verdicts.push(
      toVerdict({ rule, checked: parsed.length, broken: isBroken ? missing.length : 0, firstLine: isBroken ? missing[0]!.line : null }),
    );
  }
  const judge = (rule: Rule, isBroken: boolean) =>
    verdicts.push(toVerdict({ rule, checked: parsed.length + input.unread, broken: Number(isBroken), firstLine: null }));
  const { freshness, volume } = contract;
  if (freshness !== undefined) {
    const newest = input.conforming.reduce((latest, { values }) => {
      const time = String(values[input.timeColumn!]);
      return time > latest ? time : latest;
    }, "");
    const age = newest === "" ? Number.POSITIVE_INFINITY : (input.now - Date.parse(newest)) / hourMs;
    judge(
      { name: `freshness: the newest row must be at most ${freshness.maxAgeHours} hours old`, policy: freshness.policy },
      age > freshness.maxAgeHours,
    );
  }
  if (volume !== undefined) {
    const rows = parsed.length + input.unread;
    if (volume.minimum !== undefined)
      judge({ name: `volume: at least ${volume.minimum} rows`, policy: volume.policy }, rows < volume.minimum);
    if (volume.maximum !== undefined)
      judge({ name: `volume: at most ${volume.maximum} rows`, policy: volume.policy }, rows > volume.maximum);
  }
  return verdicts;
}

/** Broken ones first, most rows first. Throws `contract_failed` when a rule that must hold does not. */
export function settleVerdicts(verdicts: readonly RuleVerdict[]): RuleVerdict[] {
  const failed = verdicts.filter(({ verdict }) => verdict === "failed");
  if (failed.length > 0) {
    const said = failed.map(
      ({ rule, broken, checked, firstLine }) =>
        `"${rule}" (${firstLine === null ? `${checked} rows` : `${broken} of ${checked} rows, first line ${firstLine}`})`,
    );
    throw new AppError("contract_failed", `Nothing was built, since the contract does not hold: ${said.slice(0, 5).join("; ")}.`, {
      details: { rules: failed },
    });
  }
  const weight = { failed: 3, quarantined: 2, warned: 1, kept: 0 };
  return [...verdicts].sort((a, b) => weight[b.verdict] - weight[a.verdict] || b.broken - a.broken);
}
