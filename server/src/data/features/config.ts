import { z } from "zod";
import { nameSchema } from "@millrace/contract";

const column = z.string().min(1).max(200);
/** One name or several; several together name the entity. */
const columns = z.union([column.transform((name) => [name]), z.array(column).min(1).max(8)]);
const path = z.string().min(1);

/**
 * A feature view: rows that say what was known about an entity from an instant on. Declared in the configuration only: SQL and
 * paths of files never come through the API.
 */
export const featureViewSchema = z
  .strictObject({
    name: nameSchema,
    /** Another definition is another version. */
    version: z.int().positive(),
    description: z.string().max(2000).default(""),
    /** A dataset (`name@version`, or `name` for its latest version), or Parquet files of this machine. */
    source: z.union([
      z.strictObject({ dataset: z.string().min(1) }),
      z.strictObject({ parquet: z.union([path.transform((one) => [one]), z.array(path).min(1)]) }),
    ]),
    entity: columns,
    /** When what the row says happened. */
    eventTime: column,
    /** When the row could be known; without it, at its event time. */
    arrivalTime: column.optional(),
    /** The features: columns of the source. */
    columns: z.array(column).min(1).max(500).optional(),
    /** Or one SELECT over `source`, whose columns beside entity and times are the features. */
    sql: z.string().min(1).max(20_000).optional(),
    /** How old a row may be, by its event time, and still count. Without it, any age. */
    timeToLiveSeconds: z.int().positive().optional(),
    /** Write the newest values to the online table this often. Without it, only when asked. */
    materialiseEveryMinutes: z.number().min(1).max(40_000).optional(),
  })
  .refine((view) => (view.columns === undefined) !== (view.sql === undefined), {
    error: "give either columns or sql",
    path: ["columns"],
  })
  .refine((view) => new Set(roles(view)).size === roles(view).length, {
    error: "a column has one role: entity, event time, arrival time or feature, each named once",
    path: ["columns"],
  });
export type FeatureView = z.infer<typeof featureViewSchema>;

export const featureViewsSchema = z
  .array(featureViewSchema)
  .max(500)
  .default([])
  .superRefine((views, context) => {
    const seen = new Set<string>();
    for (const [index, view] of views.entries()) {
      const reference = `${view.name}@${view.version}`;
      if (seen.has(reference)) context.addIssue({ code: "custom", path: [index, "name"], message: `${reference} is declared twice` });
      seen.add(reference);
    }
  });

function roles(view: {
  entity: readonly string[];
  eventTime: string;
  arrivalTime?: string | undefined;
  columns?: readonly string[] | undefined;
}): string[] {
  return [...view.entity, view.eventTime, ...(view.arrivalTime === undefined ? [] : [view.arrivalTime]), ...(view.columns ?? [])];
}
