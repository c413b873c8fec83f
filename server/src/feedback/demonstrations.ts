import { type Clock, systemContext } from "../core/index.ts";
import type { Demonstration, DemonstrationsPort, FunctionDefinition } from "../functions/index.ts";
import type { Sql } from "../storage/index.ts";
import { type JudgedInference, listJudged } from "./demonstrations-repository.ts";

export interface DemonstrationsDeps {
  readonly sql: Pick<Sql, "as">;
  readonly definition: (name: string) => FunctionDefinition | undefined;
  readonly clock: Clock;
}

/** How old what is in memory may be when it is asked for. */
export const refreshMs = 5_000;
const bounds = { newestItems: 5_000, perLabel: 50, most: 200, maxCharacters: 8_000 };
/** Ids of what was erased here lately: a look at the tables that began before must not bring it back. */
const maxForgotten = 10_000;

interface Held {
  list: readonly Demonstration[];
  readAt: number;
  reading: Promise<void> | undefined;
}

/** Answers that were confirmed or corrected, in memory: the first question waits for them, later ones take what there is while it is made new. */
export function createDemonstrations({ sql, definition, clock }: DemonstrationsDeps): DemonstrationsPort {
  const held = new Map<string, Held>();
  const forgotten = new Set<string>();

  async function read(projectId: string, name: string, into: Held): Promise<void> {
    const known = definition(name);
    const context = systemContext("feedback", projectId);
    const rows = known === undefined ? [] : await sql.as(context, (tx) => listJudged(tx, { ...bounds, function: name }));
    const found = rows.flatMap((row) => toDemonstration(row, known!) ?? []).filter(({ inferenceId }) => !forgotten.has(inferenceId));
    into.readAt = clock.now();
    if (JSON.stringify(found) !== JSON.stringify(into.list)) into.list = found;
  }

  return {
    async demonstrations(projectId, functionName) {
      const key = `${projectId} ${functionName}`;
      let entry = held.get(key);
      if (entry === undefined) held.set(key, (entry = { list: [], readAt: Number.NEGATIVE_INFINITY, reading: undefined }));
      const isFirst = entry.readAt === Number.NEGATIVE_INFINITY;
      if (entry.reading === undefined && clock.now() - entry.readAt >= refreshMs) {
        const current = entry;
        const reading = read(projectId, functionName, current).finally(() => (current.reading = undefined));
        // What is in memory stands until the next look finds the tables again.
        if (!isFirst) reading.catch(() => undefined);
        entry.reading = reading;
      }
      if (isFirst) await entry.reading;
      return entry.list;
    },

    forgetDemonstration(inferenceId) {
      if (forgotten.size >= maxForgotten) forgotten.delete(forgotten.values().next().value!);
      forgotten.add(inferenceId);
      for (const entry of held.values()) entry.list = entry.list.filter((each) => each.inferenceId !== inferenceId);
    },
  };
}

/** Undefined where nobody knows what was right, or where it does not fit the function as it is today. */
export function toDemonstration(row: JudgedInference, definition: FunctionDefinition): Demonstration | undefined {
  const output = rightOutput(row, definition);
  if (output === undefined || !definition.output.safeParse(output).success) return undefined;
  return { inferenceId: row.id, input: row.input, output, dataClass: row.dataClass };
}

/** A correction counts unless a newer label says something else; then what was answered counts, where the label confirms it. */
function rightOutput({ correction, truth, label, status, output }: JudgedInference, definition: FunctionDefinition) {
  if (correction !== null) {
    const parsed = definition.output.safeParse(correction);
    if (parsed.success && definition.labelOf(parsed.data) === truth) return correction;
  }
  return status === "ok" && truth !== null && truth === label && output !== null ? output : undefined;
}
