import type { ColumnContract, ContractChange, DataContract } from "@millrace/contract";
import { AppError, canonicalJson } from "../../core/index.ts";

/**
 * What became different between two contracts, as sentences, breaking ones first. Breaking is what a reader of the rows could not expect (a
 * column gone or of another type, nulls, repeats or values that could not be before), and what a sender could not: a value asked for that might
 * be missing. Integers that become numbers break nothing.
 */
export function compareContracts(before: DataContract, after: DataContract): ContractChange[] {
  const old = new Map(before.columns.map((column) => [column.name, column]));
  const fresh = new Map(after.columns.map((column) => [column.name, column]));
  const changes: ContractChange[] = [];
  for (const { name, type } of before.columns)
    if (!fresh.has(name)) changes.push({ column: name, change: `the column is gone (it was ${type})`, breaking: true });
  for (const column of after.columns) {
    const earlier = old.get(column.name);
    if (earlier === undefined)
      changes.push({
        column: column.name,
        change: `the column is new (${column.type}${column.nullable ? "" : ", never null"})`,
        breaking: !column.nullable,
      });
    else changes.push(...compareColumns(earlier, column));
  }
  changes.push(...compareWhole(before, after));
  return changes.sort((a, b) => Number(b.breaking) - Number(a.breaking));
}

function compareColumns(before: ColumnContract, after: ColumnContract): ContractChange[] {
  const changes: ContractChange[] = [];
  const add = (change: string, breaking: boolean) => changes.push({ column: before.name, change, breaking });
  if (before.type !== after.type)
    add(`the type was ${before.type} and is ${after.type}`, !(before.type === "integer" && after.type === "number"));
  if (before.nullable !== after.nullable) add(after.nullable ? "null is allowed" : "null is not allowed any more", true);
  if ((before.sensitive ?? false) !== (after.sensitive ?? false))
    add(after.sensitive === true ? "is sensitive" : "is not sensitive any more", false);
  if (before.unique !== after.unique) add(after.unique ? "values must be unique" : "values may repeat", !after.unique);
  for (const [key, text] of [
    ["minimum", "the least value"],
    ["maximum", "the greatest value"],
    ["maxLength", "the greatest length"],
    ["pattern", "the pattern"],
    ["semantic", "the semantic type"],
    ["nullShare", "the greatest share of nulls"],
  ] as const) {
    const [from, to] = [before[key] ?? null, after[key] ?? null];
    if (from !== to) add(`${text} was ${from ?? "open"} and is ${to ?? "open"}`, false);
  }
  compareValues(before, after, add);
  const [from, to] = [before.reference, after.reference].map((each) =>
    each === undefined ? "none" : `"${each.column}" of ${each.dataset}`,
  );
  if (from !== to) add(`the reference was ${from} and is ${to}`, false);
  if (canonicalJson(before.policies ?? {}) !== canonicalJson(after.policies ?? {}))
    add(`what happens to broken rules was ${sayPolicies(before)} and is ${sayPolicies(after)}`, false);
  return changes;
}

function compareValues(before: ColumnContract, after: ColumnContract, add: (change: string, breaking: boolean) => void): void {
  if (before.values === null && after.values === null) return;
  if (before.values === null) return add(`only ${after.values!.length} values are allowed`, false);
  if (after.values === null) return add(`any value is allowed (there were ${before.values.length})`, true);
  const added = after.values.filter((value) => !before.values!.includes(value));
  const removed = before.values.filter((value) => !after.values!.includes(value));
  if (added.length > 0) add(`values added: ${listSome(added)}`, true);
  if (removed.length > 0) add(`values removed: ${listSome(removed)}`, false);
}

function compareWhole(before: DataContract, after: DataContract): ContractChange[] {
  const changes: ContractChange[] = [];
  const add = (change: string) => changes.push({ column: null, change, breaking: false });
  const say = (contract: DataContract) =>
    new Map((contract.rowRules ?? []).map(({ name, holds, policy }) => [name, `"${holds}" (${policy})`]));
  const [old, fresh] = [say(before), say(after)];
  for (const [name, text] of old) if (!fresh.has(name)) add(`the row rule ${name} is gone: ${text}`);
  for (const [name, text] of fresh)
    if (old.get(name) !== text)
      add(old.has(name) ? `the row rule ${name} was ${old.get(name)} and is ${text}` : `the row rule ${name} is new: ${text}`);
  for (const key of ["freshness", "volume"] as const) {
    const [from, to] = [before[key], after[key]].map((each) => (each === undefined ? "not asked for" : canonicalJson(each)));
    if (from !== to) add(`${key} was ${from} and is ${to}`);
  }
  return changes;
}

function sayPolicies({ policies = {} }: ColumnContract): string {
  const said = Object.entries(policies).map(([rule, policy]) => `${rule}: ${policy}`);
  return said.length === 0 ? "quarantine" : said.join(", ");
}

function listSome(values: readonly unknown[]): string {
  const more = values.length > 10 ? ` and ${values.length - 10} more` : "";
  return `${values.slice(0, 10).join(", ")}${more}`;
}

/**
 * The version number of a contract that follows another, and what changed. Of an inferred contract, whose bounds and lists are only what the rows
 * happened to show, a column that is gone or of another type is a break. Throws `contract_breaking` unless breaks are allowed.
 */
export function nextContract(
  previous: { readonly contract: DataContract; readonly contractVersion: string; readonly reference: string } | null,
  contract: DataContract,
  how: { readonly isInferred: boolean; readonly allowBreaking: boolean },
): { contractVersion: string; contractChanges: ContractChange[] } {
  if (previous === null) return { contractVersion: "1.0", contractChanges: [] };
  const types = new Map(contract.columns.map(({ name, type }) => [name, type]));
  const old = new Map(previous.contract.columns.map(({ name, type }) => [name, type]));
  const isStructural = ({ column }: ContractChange) => column !== null && old.has(column) && types.get(column) !== old.get(column);
  const changes = compareContracts(previous.contract, contract).map((change) => ({
    ...change,
    breaking: change.breaking && (!how.isInferred || isStructural(change)),
  }));
  const breaks = changes.filter(({ breaking }) => breaking);
  if (breaks.length > 0 && !how.allowBreaking) {
    const said = breaks.slice(0, 5).map(({ column, change }) => (column === null ? change : `${column}: ${change}`));
    throw new AppError(
      "contract_breaking",
      `This contract breaks with that of ${previous.reference}: ${said.join("; ")}. If it is meant, ask again with \`breaking: true\`.`,
      {
        details: { previous: previous.reference, changes: breaks },
      },
    );
  }
  const [major, minor] = previous.contractVersion.split(".").map(Number) as [number, number];
  const contractVersion = breaks.length > 0 ? `${major + 1}.0` : changes.length > 0 ? `${major}.${minor + 1}` : previous.contractVersion;
  return { contractVersion, contractChanges: changes };
}
