import type { Column } from "../columns.ts";
import type { TrainingRows } from "../trainers/index.ts";

/** Some of the rows, in this order. Of labels only those that still occur stay. */
export function selectRows<Rows extends TrainingRows>(rows: Rows, kept: Int32Array): Rows {
  const pick = (values: Float64Array) => Float64Array.from(kept, (row) => values[row]!);
  const target = pick(rows.target);
  const seen = new Set(target);
  const labels = rows.labels.filter((_, label) => seen.has(label));
  const places = new Map(labels.map((label, place) => [rows.labels.indexOf(label), place]));
  return {
    ...rows,
    count: kept.length,
    columns: rows.columns.map((column) => selectValues(column, kept)),
    target: rows.task === "classification" ? target.map((label) => places.get(label)!) : target,
    labels,
    ...(rows.weights === undefined ? {} : { weights: pick(rows.weights) }),
    ...(rows.groups === undefined ? {} : { groups: Int32Array.from(kept, (row) => rows.groups![row]!) }),
  };
}

function selectValues(column: Column, kept: Int32Array): Column {
  switch (column.kind) {
    case "text":
      return { ...column, values: Array.from(kept, (row) => column.values[row]!) };
    case "category":
      return { ...column, values: Array.from(kept, (row) => column.values[row]!) };
    default:
      return { ...column, values: Float64Array.from(kept, (row) => column.values[row]!) };
  }
}
