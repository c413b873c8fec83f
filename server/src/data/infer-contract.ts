import type { ColumnContract, DataContract } from "@millrace/contract";
import { AppError } from "../core/index.ts";
import { toInstant } from "./check-row.ts";
import { inferSemantic } from "./semantic-types.ts";
import type { ParsedRow, Roles } from "./rows.ts";

type ColumnType = ColumnContract["type"];

/** Share of values that must be of a type for the others to count as faults. */
const typeShare = 0.99;
/** A feature with at most this share of nulls is taken as never null. */
const nullShare = 0.01;
const mostListedFeature = 20;
const mostListedLabel = 200;
const fewestRowsForList = 100;

interface ColumnCounts {
  readonly name: string;
  nulls: number;
  readonly types: Record<ColumnType | "nested", number>;
  /** How often each value came; given up (null) past a bound. */
  distinct: Map<string | number | boolean, number> | null;
  longest: number;
  low: number;
  high: number;
}

const mostDistinct = 1_000_000;

/** What the rows themselves say their contract is. Wide enough for ordinary growth, narrow enough for a changed unit or a typing error. */
export function inferContract(rows: readonly ParsedRow[], roles: Roles): DataContract {
  const columns = new Map<string, ColumnCounts>();
  for (const { raw } of rows) {
    for (const name of Object.keys(raw)) {
      let counts = columns.get(name);
      if (counts === undefined) columns.set(name, (counts = newCounts(name)));
      count(counts, raw[name]);
    }
  }
  checkNames([...columns.keys()], roles, rows.length);
  const flat = [...columns.values()]
    .filter((counts) => isFlat(counts, roles))
    .sort((a, b) => place(a.name, roles) - place(b.name, roles) || (a.name < b.name ? -1 : 1));
  return { columns: flat.map((counts) => describe(counts, roles, rows.length)) };
}

/** Key, time, features, label, then the rest by name: the order of the rows must not show in the snapshot. */
function place(name: string, roles: Roles): number {
  const order = [roles.keyColumn, roles.timeColumn, ...roles.featureColumns, roles.labelColumn];
  const at = order.indexOf(name);
  return at === -1 ? order.length : at;
}

function newCounts(name: string): ColumnCounts {
  return {
    name,
    nulls: 0,
    types: { text: 0, integer: 0, number: 0, boolean: 0, instant: 0, nested: 0 },
    distinct: new Map(),
    longest: 0,
    low: Number.POSITIVE_INFINITY,
    high: Number.NEGATIVE_INFINITY,
  };
}

function count(counts: ColumnCounts, value: unknown): void {
  if (value === null || value === undefined) {
    counts.nulls += 1;
    return;
  }
  const type = typeOf(value);
  counts.types[type] += 1;
  if (type === "nested") return;
  if (typeof value === "string") counts.longest = Math.max(counts.longest, value.length);
  if (typeof value === "number") {
    counts.low = Math.min(counts.low, value);
    counts.high = Math.max(counts.high, value);
  }
  if (counts.distinct === null) return;
  // As rows keep it.
  const key = typeof value === "string" ? value.toWellFormed() : (value as number | boolean);
  counts.distinct.set(key, (counts.distinct.get(key) ?? 0) + 1);
  if (counts.distinct.size > mostDistinct) counts.distinct = null;
}

function typeOf(value: unknown): ColumnType | "nested" {
  if (typeof value === "string") return toInstant(value) === null ? "text" : "instant";
  if (typeof value === "number") return Number.isSafeInteger(value) ? "integer" : "number";
  return typeof value === "boolean" ? "boolean" : "nested";
}

/** Refuses columns that cannot be told apart or are not there. */
export function checkNames(names: readonly string[], roles: Roles, rows: number): void {
  const folded = new Map<string, string>();
  for (const name of names) {
    const other = folded.get(name.toLowerCase());
    if (other !== undefined)
      throw new AppError("contract_violated", `The columns "${other}" and "${name}" differ only in case; rename one.`);
    if (name === "" || name.startsWith("_"))
      throw new AppError(
        "contract_violated",
        `The column "${name}" needs another name: empty names and a leading underscore are not allowed.`,
      );
    folded.set(name.toLowerCase(), name);
  }
  const needed = [
    ...(roles.timeColumn === undefined ? [] : [roles.timeColumn]),
    ...roles.featureColumns,
    ...(roles.labelColumn === undefined ? [] : [roles.labelColumn]),
    ...(roles.keyColumn === undefined ? [] : [roles.keyColumn]),
  ];
  const missing = needed.filter((name) => !names.includes(name));
  if (missing.length > 0) {
    throw new AppError(
      "contract_violated",
      `None of the ${rows} rows has the column "${missing[0]}"; they have: ${names.slice(0, 20).join(", ") || "none"}.`,
      { details: { missing, columns: names } },
    );
  }
}

/** Columns of objects and lists cannot be kept; one that something needs is refused, another is left out. */
function isFlat({ name, types }: ColumnCounts, roles: Roles): boolean {
  const total = Object.values(types).reduce((sum, each) => sum + each, 0);
  if (types.nested <= total * (1 - typeShare)) return true;
  if (name === roles.timeColumn || name === roles.labelColumn || name === roles.keyColumn || roles.featureColumns.includes(name)) {
    throw new AppError(
      "contract_violated",
      `The column "${name}" holds objects or lists in ${types.nested} rows; give each part a column of its own.`,
    );
  }
  return false;
}

function describe(counts: ColumnCounts, roles: Roles, rows: number): ColumnContract {
  const { name } = counts;
  const type = name === roles.timeColumn ? "instant" : name === roles.labelColumn ? labelType(counts) : chooseType(counts);
  const nulls = rows - Object.values(counts.types).reduce((sum, each) => sum + each, 0);
  const isFeature = roles.featureColumns.includes(name);
  const isNeeded = name === roles.timeColumn || name === roles.labelColumn || name === roles.keyColumn;
  const isNumber = type === "number" || type === "integer";
  const span = isNumber ? Math.max(counts.high - counts.low, Math.abs(counts.high), 1) : 0;
  return {
    name,
    type,
    nullable: !isNeeded && (!isFeature || nulls > rows * nullShare),
    unique: name === roles.keyColumn || isIdentifier(counts, type, { roles, rows, isFeature }),
    // Within the span once more on each side: growth passes, a changed unit does not.
    minimum: isNumber ? (counts.low >= 0 ? 0 : counts.low - span) : null,
    maximum: isNumber ? counts.high + span : null,
    maxLength: type === "text" ? 2 ** Math.ceil(Math.log2(Math.max(1024, counts.longest * 4))) : null,
    values: listValues(counts, type, { roles, rows, isFeature }),
    ...describeMeaning(counts, type),
  };
}

/** A form that nearly all values have. Only a person can say that the others are wrong, so a broken form is no more than counted. */
function describeMeaning(counts: ColumnCounts, type: ColumnType): Pick<ColumnContract, "semantic" | "policies"> {
  const semantic = type === "text" && counts.distinct !== null ? inferSemantic(textsOf(counts.distinct)) : undefined;
  return semantic === undefined ? {} : { semantic, policies: { semantic: "warn" } };
}

function* textsOf(values: ReadonlyMap<string | number | boolean, number>): Generator<string> {
  for (const value of values.keys()) yield String(value);
}

function chooseType(counts: ColumnCounts): ColumnType {
  const { types } = counts;
  const total = types.text + types.integer + types.number + types.boolean + types.instant + types.nested;
  if (total === 0) return "text";
  const numbers = types.integer + types.number;
  if (types.boolean >= total * typeShare) return "boolean";
  if (numbers >= total * typeShare) return types.number === 0 ? "integer" : "number";
  return types.instant >= total * typeShare ? "instant" : "text";
}

/** Labels are classes: whole numbers and booleans stay what they are, the rest is text. */
function labelType(counts: ColumnCounts): ColumnType {
  const type = chooseType(counts);
  return type === "instant" ? "text" : type;
}

interface Around {
  readonly roles: Roles;
  readonly rows: number;
  readonly isFeature: boolean;
}

/** A column that looks like an identifier: many rows, none repeated, none missing, and no feature, label or time. */
function isIdentifier(counts: ColumnCounts, type: ColumnType, around: Around): boolean {
  if (around.isFeature || counts.name === around.roles.labelColumn || counts.name === around.roles.timeColumn) return false;
  return (
    (type === "text" || type === "integer") &&
    counts.longest <= 200 &&
    around.rows >= fewestRowsForList &&
    counts.distinct?.size === around.rows
  );
}

/** The closed list of a label, or of a feature with few values. A label seen once among many is a typing error, not a class. */
function listValues(counts: ColumnCounts, type: ColumnType, around: Around): (string | number | boolean)[] | null {
  if (counts.distinct === null || type === "instant") return null;
  const isText = type === "text";
  const values = [...counts.distinct].map(([value, times]) => ({ value: isText ? String(value) : value, times }));
  const typed = values.filter(({ value }) => isText || typeof value === (type === "boolean" ? "boolean" : "number"));
  typed.sort((a, b) => (a.value < b.value ? -1 : a.value > b.value ? 1 : 0));
  if (counts.name === around.roles.labelColumn) {
    if (type === "number" || typed.length > mostListedLabel) return null;
    const repeated = around.rows < fewestRowsForList ? typed : typed.filter(({ times }) => times > 1);
    return repeated.length === 0 ? null : repeated.map(({ value }) => value);
  }
  const isClosed =
    isText &&
    around.isFeature &&
    around.rows >= fewestRowsForList &&
    typed.length <= mostListedFeature &&
    typed.every(({ times }) => times > 1);
  return isClosed && typed.length > 0 ? typed.map(({ value }) => value) : null;
}
