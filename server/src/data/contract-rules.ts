import type { ColumnContract, DataContract, RowRule, RuleVerdict } from "@millrace/contract";
import { AppError, type Condition, type ConditionType, isAppError, parseCondition } from "../core/index.ts";
import type { Roles, Row, Scalar } from "./rows.ts";
import { isSemantic } from "./semantic-types.ts";

type Policy = RuleVerdict["policy"];
type ColumnRuleKind = keyof NonNullable<ColumnContract["policies"]>;

/** One rule as it is counted. */
export interface Rule {
  /** Column and rule, the same for all rows that break it. */
  readonly name: string;
  readonly policy: Policy;
}

export interface ValueRule extends Rule {
  holds(value: string | number | boolean): boolean;
}

export interface ColumnRules {
  readonly column: ColumnContract;
  readonly type: Rule;
  /** Null where nulls are allowed. */
  readonly notNull: Rule | null;
  readonly values: readonly ValueRule[];
  readonly unique: Rule | null;
  readonly nullShare: (Rule & { readonly most: number }) | null;
}

export interface CompiledRowRule extends Rule {
  readonly condition: Condition;
}

export interface ContractRules {
  readonly columns: readonly ColumnRules[];
  readonly rows: readonly CompiledRowRule[];
}

/** Values that a column with a reference may have, by column. */
export type ReferenceValues = Readonly<Record<string, ReadonlySet<Scalar>>>;

/** A contract ready to be asked. Throws as `checkContract` does. */
export function compileContract(contract: DataContract, references: ReferenceValues = {}): ContractRules {
  return {
    columns: contract.columns.map((column) => compileColumn(column, references)),
    rows: (contract.rowRules ?? []).map((rule) => compileRowRule(rule, contract)),
  };
}

function compileColumn(column: ColumnContract, references: ReferenceValues): ColumnRules {
  const rule = (kind: ColumnRuleKind, text: string): Rule => ({
    name: `${column.name}: ${text}`,
    policy: column.policies?.[kind] ?? (kind === "nullShare" ? "fail" : "quarantine"),
  });
  return {
    column,
    type: rule("type", `must be ${column.type === "instant" ? "an instant (ISO 8601 with offset)" : article(column.type)}`),
    notNull: column.nullable ? null : rule("null", "must not be null"),
    values: compileValueRules(column, { rule, references }),
    unique: column.unique ? rule("unique", "must be unique") : null,
    nullShare:
      column.nullShare === undefined
        ? null
        : { ...rule("nullShare", `at most ${Number((column.nullShare * 100).toFixed(2))}% may be null`), most: column.nullShare },
  };
}

function compileValueRules(
  column: ColumnContract,
  around: { readonly rule: (kind: ColumnRuleKind, text: string) => Rule; readonly references: ReferenceValues },
): ValueRule[] {
  const rules: ValueRule[] = [];
  const add = (kind: ColumnRuleKind, text: string, holds: ValueRule["holds"]) => rules.push({ ...around.rule(kind, text), holds });
  const { values, maxLength, minimum, maximum, pattern, semantic, reference } = column;
  if (values !== null) {
    const known = new Set(values);
    add("values", `must be one of its ${values.length} known values`, (value) => known.has(value));
  }
  if (maxLength !== null)
    add("length", `must have at most ${maxLength} characters`, (value) => typeof value !== "string" || value.length <= maxLength);
  if (minimum !== null) add("range", `must be at least ${minimum}`, (value) => value >= minimum);
  if (maximum !== null) add("range", `must be at most ${maximum}`, (value) => value <= maximum);
  if (pattern !== undefined) {
    const expression = compilePattern(column.name, pattern);
    add("pattern", `must match ${pattern}`, (value) => expression.test(String(value)));
  }
  if (semantic !== undefined) add("semantic", `must look like ${semanticNames[semantic]}`, (value) => isSemantic(semantic, String(value)));
  if (reference !== undefined) {
    const known = around.references[column.name] ?? new Set();
    add("reference", `must be a "${reference.column}" of ${reference.dataset}`, (value) => known.has(value));
  }
  return rules;
}

const semanticNames: Record<NonNullable<ColumnContract["semantic"]>, string> = {
  email: "an e-mail address",
  url: "a web address",
  phone: "a telephone number",
  uuid: "a UUID",
  ip: "an IP address",
  country: "a country code (ISO 3166-1 alpha-2)",
  currency: "a currency code (ISO 4217)",
  iban: "an IBAN",
};

function article(type: string): string {
  return type === "integer" ? "an integer" : type === "text" ? "text" : `a ${type}`;
}

function compilePattern(column: string, pattern: string): RegExp {
  try {
    return new RegExp(`^(?:${pattern})$`, "u");
  } catch (error) {
    throw new AppError("invalid_request", `The pattern of the column "${column}" is no regular expression: ${(error as Error).message}.`, {
      details: { column, pattern },
    });
  }
}

const conditionTypes: Record<ColumnContract["type"], ConditionType> = {
  text: "text",
  instant: "text",
  integer: "number",
  number: "number",
  boolean: "flag",
};

function compileRowRule(rule: RowRule, contract: DataContract): CompiledRowRule {
  const names = Object.fromEntries(contract.columns.map(({ name, type }) => [name, conditionTypes[type]]));
  try {
    const condition = parseCondition(rule.holds, names);
    return { name: `${rule.name}: ${condition.text}`, policy: rule.policy, condition };
  } catch (error) {
    if (!isAppError(error, "config_invalid")) throw error;
    throw new AppError("invalid_request", `The row rule "${rule.name}" cannot be read: ${error.message}`, { details: { rule: rule.name } });
  }
}

/** A row rule on a row whose columns are kept: null where one it looks at is null, since nothing can be said then. */
export function holdsInRow({ condition }: CompiledRowRule, row: Row): boolean | null {
  if (condition.names.some((name) => row.values[name] === null)) return null;
  return condition.holds(row.values as Record<string, string | number | boolean>);
}

/**
 * Refuses what no row could be asked: a pattern or a row rule that cannot be read, a rule that does not fit its column, nulls let through
 * where the dataset needs a value. `invalid_request`.
 */
export function checkContract(contract: DataContract, roles: Roles): void {
  compileContract(contract);
  const refuse = (column: string, why: string) => {
    throw new AppError("invalid_request", `The contract's column "${column}" ${why}.`, { details: { column } });
  };
  for (const { name, type, pattern, semantic, reference, policies } of contract.columns) {
    if ((pattern !== undefined || semantic !== undefined) && type !== "text")
      refuse(name, `is ${type}; a pattern and a semantic type are for text`);
    if (reference !== undefined && type !== "text" && type !== "integer")
      refuse(name, `is ${type}; only text and integers can refer to another dataset`);
    if (policies?.null === "warn" && [roles.timeColumn, roles.labelColumn, roles.keyColumn].includes(name))
      refuse(name, "is the time, the label or the key, which cannot be missing: let `policies.null` be fail or quarantine");
  }
  const named = (contract.rowRules ?? []).map(({ name }) => name);
  const doubled = named.find((name, index) => named.indexOf(name) !== index);
  if (doubled !== undefined) throw new AppError("invalid_request", `Two row rules are called "${doubled}"; give one another name.`);
  if (contract.freshness !== undefined && roles.timeColumn === undefined)
    throw new AppError("invalid_request", "The contract asks for freshness, and there is no `timeColumn` to tell it by.");
}
