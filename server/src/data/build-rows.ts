import type { DataContract, GroupAudit, RuleVerdict, SplitRequest } from "@millrace/contract";
import { AppError } from "../core/index.ts";
import { auditGroups } from "./audit-groups.ts";
import { checkLeakage } from "./check-leakage.ts";
import { checkRow, checkUnique } from "./check-row.ts";
import { checkContract, compileContract, type ReferenceValues } from "./contract-rules.ts";
import { createRuleCounts, judgeWhole, settleVerdicts } from "./count-rules.ts";
import { canonicalFeatures, type Duplicate, type DuplicateRule, findDuplicates } from "./find-duplicates.ts";
import { checkNames, inferContract } from "./infer-contract.ts";
import type { TellingFeature } from "./measure-features.ts";
import type { ParsedRow, Rejection, Roles, Row } from "./rows.ts";
import { chooseSplit, type SplitRule, sortRows, splitRows } from "./split-rows.ts";

export interface BuildOptions extends Roles {
  /** Given, or `infer`. */
  readonly contract: DataContract | "infer";
  readonly holdout: number;
  /** Default: what the columns suggest. */
  readonly split?: SplitRequest | undefined;
  readonly nearThreshold: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Values of other datasets that columns refer to. */
  readonly references?: ReferenceValues | undefined;
}

export interface SplitReport {
  readonly name: "train" | "holdout";
  readonly rows: number;
  readonly from: string | null;
  readonly to: string | null;
}

/** Everything that is said about a build; small. rows = kept + exactDuplicates + nearDuplicates + quarantined. */
export interface BuildReport {
  readonly contract: DataContract;
  readonly rows: number;
  readonly kept: number;
  readonly exactDuplicates: number;
  readonly nearDuplicates: number;
  readonly quarantined: number;
  readonly rules: RuleVerdict[];
  readonly quarantine: { readonly reason: string; readonly rows: number }[];
  readonly labels: { readonly label: string; readonly rows: number }[];
  readonly split: SplitRule;
  readonly splits: SplitReport[];
  readonly leakage: { readonly checked: boolean; readonly problems: string[]; readonly features: TellingFeature[] };
  readonly groups: GroupAudit[];
  /** Duplicates whose label is not that of the row kept. */
  readonly conflictingLabels: number;
  /** Columns of the rows that the contract does not name. */
  readonly leftOut: string[];
}

export interface Built {
  readonly report: BuildReport;
  /** In order of time, or of content where there is none. */
  readonly train: readonly Row[];
  readonly holdout: readonly Row[];
  readonly rejections: readonly Rejection[];
  readonly duplicates: readonly Duplicate[];
}

/** Rows in, a clean dataset out: contract, quarantine, duplicates, split, leakage check. `contract_violated`, `contract_failed`, `leakage_found`. */
export function buildRows(parsed: readonly ParsedRow[], unread: readonly Rejection[], options: BuildOptions): Built {
  if (parsed.length === 0)
    throw new AppError(
      "contract_violated",
      unread.length === 0
        ? "There are no rows."
        : `None of the ${unread.length} lines can be read; line ${unread[0]!.line}: ${unread[0]!.reason}.`,
    );
  const contract = markSensitive(options.contract === "infer" ? inferContract(parsed, options) : options.contract, options);
  if (options.contract !== "infer") {
    checkNames(
      contract.columns.map((column) => column.name),
      options,
      parsed.length,
    );
    checkContract(contract, options);
  }
  const rules = compileContract(contract, options.references);
  const counts = createRuleCounts(rules, parsed.length);
  const { timeColumn } = options;
  const splitRule = chooseSplit(options.split, options, contract);
  const rule: DuplicateRule = { contract, featureColumns: options.featureColumns, nearThreshold: options.nearThreshold };
  const checked = parsed.map((row) => checkRow(row, { rules, counts, timeColumn, now: options.now }));
  const broken = checked.filter((row): row is Rejection => "reason" in row);
  const conforming = checked.filter((row): row is Row => "values" in row);
  const isSame = (a: Row, b: Row) => canonicalFeatures(a, rule.featureColumns) === canonicalFeatures(b, rule.featureColumns);
  const unique = checkUnique(sortRows(conforming, timeColumn), { rules, counts }, isSame);
  const whole = judgeWhole({ contract, rules, parsed, conforming, unread: unread.length, timeColumn, now: options.now });
  const verdicts = settleVerdicts([...whole, ...counts.verdicts()]);
  const rejections = [...unread, ...broken, ...unique.rejections].sort((a, b) => a.line - b.line);
  const { kept, duplicates } = findDuplicates(unique.rows, rule);
  if (kept.length < 2) throw nothingLeft(parsed.length + unread.length, rejections);
  const split = splitRows(kept, { rule: splitRule, timeColumn, share: options.holdout });
  const leakage = checkLeakage({ split, splitRule, rule, timeColumn, labelColumn: options.labelColumn });
  if (leakage.structural.length > 0)
    throw new AppError("leakage_found", `The split leaks: ${leakage.structural.join("; ")}.`, {
      details: { problems: leakage.structural },
    });
  const { labelColumn } = options;
  const report: BuildReport = {
    contract,
    rows: parsed.length + unread.length,
    kept: kept.length,
    exactDuplicates: duplicates.filter(({ kind }) => kind === "exact").length,
    nearDuplicates: duplicates.filter(({ kind }) => kind === "near").length,
    quarantined: rejections.length,
    rules: verdicts,
    quarantine: countBy(rejections.map(({ group }) => group)).map(([reason, rows]) => ({ reason, rows })),
    labels:
      labelColumn === undefined
        ? []
        : countBy(kept.map((row) => String(row.values[labelColumn]))).map(([label, rows]) => ({ label, rows })),
    split: splitRule,
    splits: [describeSplit("train", split.train, timeColumn), describeSplit("holdout", split.holdout, timeColumn)],
    leakage: { checked: true, problems: leakage.suspicions, features: leakage.features },
    groups: auditGroups({ rows: kept, contract, labelColumn }),
    conflictingLabels:
      labelColumn === undefined ? 0 : duplicates.filter(({ row, of }) => row.values[labelColumn] !== of.values[labelColumn]).length,
    leftOut: findLeftOut(parsed, contract),
  };
  return { report, ...split, rejections, duplicates };
}

function markSensitive(contract: DataContract, { sensitiveColumns = [] }: Roles): DataContract {
  const missing = sensitiveColumns.find((name) => !contract.columns.some((column) => column.name === name));
  if (missing !== undefined)
    throw new AppError("contract_violated", `The column "${missing}" is to be sensitive, and the contract does not have it.`);
  if (sensitiveColumns.length === 0) return contract;
  return {
    ...contract,
    columns: contract.columns.map((column) => (sensitiveColumns.includes(column.name) ? { ...column, sensitive: true } : column)),
  };
}

function nothingLeft(rows: number, rejections: readonly Rejection[]): AppError {
  const [first] = countBy(rejections.map(({ group }) => group));
  const why =
    first === undefined
      ? "the others are duplicates"
      : `${first[1]} rows have "${first[0]}" (${rejections.find(({ group }) => group === first[0])!.reason})`;
  return new AppError("contract_violated", `Of ${rows} rows fewer than 2 are left: ${why}.`, {
    details: { quarantined: rejections.length },
  });
}

/** Most frequent first. */
function countBy(items: readonly string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
}

function describeSplit(name: SplitReport["name"], rows: readonly Row[], timeColumn: string | undefined): SplitReport {
  const at = (index: number) => (timeColumn === undefined ? null : ((rows.at(index)?.values[timeColumn] as string | undefined) ?? null));
  return { name, rows: rows.length, from: at(0), to: at(-1) };
}

function findLeftOut(parsed: readonly ParsedRow[], contract: DataContract): string[] {
  const known = new Set(contract.columns.map((column) => column.name));
  const out = new Set<string>();
  for (const { raw } of parsed) for (const name of Object.keys(raw)) if (!known.has(name)) out.add(name);
  return [...out].sort();
}
