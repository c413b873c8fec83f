import type { Tx } from "../storage/index.ts";
import { parseReference } from "./reference.ts";
import * as repository from "./repository.ts";
import type { DatasetDetail, DatasetLineage } from "./types.ts";

/** A family is shown up to so many versions each way. */
const mostShown = 200;

/** Versions that a version grew out of, nearest first, and those that grew out of it. */
export async function readLineage(tx: Tx, version: DatasetDetail): Promise<DatasetLineage> {
  const { reference, lineage } = version;
  const ancestors = await walk(reference, async (each) => {
    if (each === reference) return parentsOf(lineage);
    const { name, version: number } = parseReference(each);
    const found = await repository.findVersion(tx, name, number);
    return found === null ? [] : parentsOf(found.lineage);
  });
  const descendants = await walk(reference, (each) => repository.listChildren(tx, each, mostShown));
  return { reference, sources: lineage.sources, ancestors, descendants };
}

function parentsOf({ parent, sources }: DatasetDetail["lineage"]): string[] {
  const read = sources.filter(({ kind }) => kind === "dataset").map(({ reference }) => reference);
  return [...new Set([...(parent === null ? [] : [parent]), ...read])];
}

/** What can be reached, nearest first, without the start. */
async function walk(start: string, next: (reference: string) => Promise<string[]>): Promise<string[]> {
  const seen = new Set([start]);
  for (const reference of seen) {
    for (const each of await next(reference)) if (seen.size <= mostShown) seen.add(each);
  }
  seen.delete(start);
  return [...seen];
}
