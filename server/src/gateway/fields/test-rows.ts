import type { DialectName } from "../types.ts";

export type Fields = Readonly<Record<string, unknown>>;

/** `carried`: where it arrives and as what. `refused`: what the error names. `advice`: the request is the same without it. */
export type Fate = { readonly carried: Fields } | { readonly refused: string } | "advice";

/** One thing a caller may write, and what becomes of it where the provider speaks another dialect. */
export interface FieldRow {
  readonly field: string;
  readonly put: Fields;
  /** What it needs beside it. */
  readonly beside: Fields;
  readonly fates: Partial<Record<DialectName, Fate>>;
}

/** A row as it is written down: the field, a body with it, its fate in the two other dialects, what it needs beside it. */
export type Told = readonly [field: string, put: Fields, first: Fate, second: Fate, beside?: Fields];

export function toRows([first, second]: readonly [DialectName, DialectName], told: readonly Told[]): FieldRow[] {
  return told.map(([field, put, one, other, beside = {}]) => ({ field, put, beside, fates: { [first]: one, [second]: other } }));
}

export const carried = (fields: Fields): Fate => ({ carried: fields });
export const refused = (named: string): Fate => ({ refused: named });
/** A field no other dialect has a word for. */
export const no = (field: string, value: unknown): Told => [field, { [field]: value }, refused(field), refused(field)];

export const said = "Hello";
export const pixel = "data:image/png;base64,AA==";
export const paper = "data:application/pdf;base64,AA==";
export const schema = { type: "object", properties: {} };
export const call = { name: "look_up", arguments: '{"city":"Bern"}', input: { city: "Bern" } };
