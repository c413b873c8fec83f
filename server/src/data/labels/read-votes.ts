import { z } from "zod";
import { AppError } from "../../core/index.ts";
import { parseLine, readLines } from "../parse-rows.ts";
import type { Votes } from "./combine-votes.ts";

const nameSchema = z.union([z.string().min(1).max(1000), z.number(), z.boolean()]).transform(String);
const voteSchema = z.strictObject({ item: nameSchema, source: nameSchema, label: nameSchema });

const mostLabels = 200;
/** A confusion matrix for each source has to fit into memory. */
const mostCells = 20_000_000;

export interface NamedVotes extends Votes {
  readonly itemNames: readonly string[];
  readonly sourceNames: readonly string[];
  /** In alphabetical order. */
  readonly labelNames: readonly string[];
}

/** Votes from JSON lines `{ item, source, label }`. `invalid_request` names the line. */
export async function readVotes(path: string): Promise<NamedVotes> {
  const [items, sources, labels] = [createNames(), createNames(), createNames()];
  const votes: [item: number, source: number, label: number][] = [];
  let line = 0;
  for await (const bytes of readLines(path)) {
    const parsed = parseLine(bytes, ++line);
    if (parsed === null) continue;
    if (!("raw" in parsed)) throw wrongLine(line, parsed.reason);
    const vote = voteSchema.safeParse(parsed.raw);
    if (!vote.success) throw wrongLine(line, `${vote.error.issues[0]!.path.join(".") || "the vote"}: ${vote.error.issues[0]!.message}`);
    votes.push([items.number(vote.data.item), sources.number(vote.data.source), labels.number(vote.data.label)]);
  }
  const labelNames = labels.names();
  if (votes.length === 0) throw new AppError("invalid_request", "There are no votes; send one `{ item, source, label }` a line.");
  if (labelNames.length < 2) throw new AppError("invalid_request", `Every vote says "${labelNames[0]!}"; there is nothing to combine.`);
  if (labelNames.length > mostLabels || labelNames.length ** 2 * sources.names().length > mostCells)
    throw new AppError(
      "invalid_request",
      `There are ${labelNames.length} labels from ${sources.names().length} sources; at most ${mostLabels} labels are combined.`,
    );
  const sorted = labelNames.toSorted();
  const place = labelNames.map((name) => sorted.indexOf(name));
  return {
    items: Int32Array.from(votes, ([item]) => item),
    sources: Int32Array.from(votes, ([, source]) => source),
    labels: Int32Array.from(votes, ([, , label]) => place[label]!),
    itemCount: items.names().length,
    sourceCount: sources.names().length,
    labelCount: sorted.length,
    itemNames: items.names(),
    sourceNames: sources.names(),
    labelNames: sorted,
  };
}

function wrongLine(line: number, reason: string): AppError {
  return new AppError("invalid_request", `Line ${line} of the votes: ${reason}.`, { details: { line, reason } });
}

/** Numbers names in the order they come. */
function createNames(): { number(name: string): number; names(): string[] } {
  const known = new Map<string, number>();
  return {
    number(name) {
      const found = known.get(name) ?? known.size;
      if (found === known.size) known.set(name, found);
      return found;
    },
    names: () => [...known.keys()],
  };
}
