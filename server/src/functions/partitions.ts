import { idBound } from "../core/index.ts";

export interface Partition {
  readonly table: string;
  readonly parent: string;
  /** Bounds of the id: from inclusive, to exclusive. */
  readonly from: string;
  readonly to: string;
}

/** The partitions of evidence that must exist at a moment: this period's and the next one's. Days for bodies, months for the rest. */
export function partitionsAt(now: number): Partition[] {
  const date = new Date(now);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  const partitions: Partition[] = [];
  for (const ahead of [0, 1]) {
    const [from, to] = [Date.UTC(year, month + ahead), Date.UTC(year, month + ahead + 1)];
    const stamp = new Date(from).toISOString().slice(0, 7).replace("-", "");
    for (const parent of ["functions_inferences", "functions_shadows"])
      partitions.push({ table: `${parent}_${stamp}`, parent, from: idBound(from), to: idBound(to) });
  }
  for (const ahead of [0, 1, 2]) {
    const [from, to] = [Date.UTC(year, month, day + ahead), Date.UTC(year, month, day + ahead + 1)];
    const stamp = new Date(from).toISOString().slice(0, 10).replaceAll("-", "");
    partitions.push({
      table: `functions_inference_bodies_${stamp}`,
      parent: "functions_inference_bodies",
      from: idBound(from),
      to: idBound(to),
    });
  }
  return partitions;
}
