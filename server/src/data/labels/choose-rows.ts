import { z } from "zod";
import { AppError } from "../../core/index.ts";
import { parseRows } from "../parse-rows.ts";

export interface ChooseOptions {
  /** `uncertainty` needs `probabilities`, `disagreement` a `committee`, `diversity` `features`. */
  readonly by: "uncertainty" | "disagreement" | "diversity";
  readonly count: number;
}

export interface ChosenRow {
  readonly item: string;
  /** Most first: 1 - (best - second probability); mean divergence from the committee's mean, in nats; distance to the nearest row that is labelled or chosen. */
  readonly score: number;
}

const probabilitiesSchema = z.array(z.number().min(0).max(1)).min(2);
const rowSchema = z.strictObject({
  item: z.union([z.string(), z.number()]).transform(String),
  probabilities: probabilitiesSchema.optional(),
  /** One line of probabilities a model. */
  committee: z.array(probabilitiesSchema).min(2).optional(),
  features: z.array(z.number()).min(1).optional(),
  /** It has a label already: never chosen, but what is near it is known. */
  labelled: z.boolean().default(false),
});
type PoolRow = z.infer<typeof rowSchema>;

/** Which rows of a file of JSON lines to label next. `invalid_request` names the line that is wrong. */
export async function chooseRows(path: string, { by, count }: ChooseOptions): Promise<ChosenRow[]> {
  const rows = await readPool(path);
  if (by === "diversity") return chooseCentres(rows, take(rows, "features"), count);
  const lines = by === "uncertainty" ? take(rows, "probabilities").map(uncertainty) : take(rows, "committee").map(disagreement);
  return rows
    .map(({ item, labelled }, row) => ({ item, labelled, score: lines[row]! }))
    .filter(({ labelled }) => !labelled)
    .sort((a, b) => b.score - a.score)
    .slice(0, count)
    .map(({ item, score }) => ({ item, score }));
}

async function readPool(path: string): Promise<PoolRow[]> {
  const { rows, rejections } = await parseRows(path);
  const [broken] = rejections;
  if (broken !== undefined) throw new AppError("invalid_request", `${path} line ${broken.line}: ${broken.reason}.`);
  if (rows.length === 0) throw new AppError("invalid_request", `${path} holds no rows; give one JSON object a line.`);
  return rows.map(({ raw, line }) => {
    const parsed = rowSchema.safeParse(raw);
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0]!;
    throw new AppError("invalid_request", `${path} line ${line}: ${issue.path.join(".") || "the row"}: ${issue.message}.`);
  });
}

/** A field that every row has, in one length. */
function take<K extends "probabilities" | "committee" | "features">(rows: readonly PoolRow[], field: K): NonNullable<PoolRow[K]>[] {
  const width = (row: PoolRow | undefined) => [row?.[field]].flat(field === "committee" ? 2 : 1).length;
  return rows.map((row, index) => {
    const value = row[field];
    if (value === undefined) throw new AppError("invalid_request", `Row ${index + 1} (${row.item}) has no \`${field}\`.`);
    if (width(row) !== width(rows[0]))
      throw new AppError("invalid_request", `The \`${field}\` of row ${index + 1} (${row.item}) are not as many as the first row's.`);
    return value;
  });
}

/** Margin sampling (Scheffer, Decomain, Wrobel 2001). */
function uncertainty(probabilities: readonly number[]): number {
  const [best, second] = probabilities.toSorted((a, b) => b - a) as [number, number];
  return 1 - (best - second);
}

/** Mean Kullback-Leibler divergence of the models from their mean (McCallum and Nigam 1998). */
function disagreement(committee: readonly (readonly number[])[]): number {
  const consensus = committee[0]!.map((_, label) => committee.reduce((sum, line) => sum + line[label]!, 0) / committee.length);
  const divergence = (line: readonly number[]) =>
    line.reduce((sum, p, label) => sum + (p === 0 ? 0 : p * Math.log(p / consensus[label]!)), 0);
  return committee.reduce((sum, line) => sum + divergence(line), 0) / committee.length;
}

/**
 * Greedy k-centre (Gonzalez 1985; for active learning Sener and Savarese 2018): each time the row furthest from all that are labelled or
 * chosen. No choice of as many rows leaves the furthest at less than half the distance this one does. Without a labelled row it begins with the one furthest from
 * the mean.
 */
function chooseCentres(rows: readonly PoolRow[], features: readonly (readonly number[])[], count: number): ChosenRow[] {
  const distance = (a: readonly number[], b: readonly number[]) => Math.hypot(...a.map((value, at) => value - b[at]!));
  const nearest = new Array<number>(rows.length).fill(Number.POSITIVE_INFINITY);
  const cover = (centre: readonly number[]) => {
    for (const [row, line] of features.entries()) nearest[row] = Math.min(nearest[row]!, distance(line, centre));
  };
  for (const [row, { labelled }] of rows.entries()) if (labelled) cover(features[row]!);
  const open = new Set([...rows.keys()].filter((row) => !rows[row]!.labelled));
  const mean = features[0]!.map((_, at) => features.reduce((sum, line) => sum + line[at]!, 0) / features.length);
  const chosen: ChosenRow[] = [];
  while (chosen.length < count && open.size > 0) {
    const isFirst = open.size === rows.length;
    const far = (row: number) => (isFirst ? distance(features[row]!, mean) : nearest[row]!);
    let next = -1;
    for (const row of open) if (next < 0 || far(row) > far(next)) next = row;
    chosen.push({ item: rows[next]!.item, score: far(next) });
    open.delete(next);
    cover(features[next]!);
  }
  return chosen;
}
