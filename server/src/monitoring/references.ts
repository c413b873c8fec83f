import { type Context, isAppError, type Logger } from "../core/index.ts";
import type { Sql } from "../storage/index.ts";
import { type InputView, type LabelledInput, learnView } from "./input-profile.ts";
import type { ReferenceFacts } from "./monitors/index.ts";
import { findWindow, listInputs, type Range } from "./repository.ts";
import type { Reference, ReferencePort } from "./types.ts";

/** A reference as monitors use it: how to look at inputs, and what is compared. */
export interface PreparedReference {
  readonly view: InputView;
  /** Null for the first window, which is only looked at. */
  readonly facts: ReferenceFacts | null;
}

export interface References {
  /** What the window at this position is compared with: the training rows of its model, or else the function's first window. */
  find(
    context: Context,
    input: { function: string; binding: string | null; position: number; rows: readonly LabelledInput[] },
  ): Promise<PreparedReference>;
}

export interface ReferencesDeps {
  readonly sql: Sql;
  readonly reference: ReferencePort;
  readonly logger: Logger;
}

/** Prepared references kept in memory: a few bindings are live at a time. */
const mostKept = 8;
const pageSize = 50;

export function createReferences(deps: ReferencesDeps): References {
  const kept = new Map<string, Promise<PreparedReference | null>>();

  function keep(key: string, make: () => Promise<PreparedReference | null>): Promise<PreparedReference | null> {
    let found = kept.get(key);
    if (found === undefined) {
      found = make();
      found.catch(() => kept.delete(key));
    }
    // Newest last, so that the one unused for longest goes first.
    kept.delete(key);
    kept.set(key, found);
    if (kept.size > mostKept) kept.delete(kept.keys().next().value!);
    return found;
  }

  async function ofBinding(context: Context, binding: string): Promise<PreparedReference | null> {
    let reference: Reference | null;
    try {
      reference = await deps.reference.ofBinding(context, binding);
    } catch (error) {
      if (!isAppError(error)) throw error;
      // A dataset that is gone must not stop the monitors: the first window stands in.
      deps.logger.warn(
        { err: error, binding },
        "the training rows of a binding cannot be read; its windows are compared with the first one",
      );
      return null;
    }
    return reference === null || reference.rows.length === 0 ? null : prepare(reference);
  }

  async function ofFirstWindow(context: Context, functionName: string): Promise<PreparedReference | null> {
    const first = await deps.sql.as(context, (tx) => findWindow(tx, functionName, 0));
    if (first === null) return null;
    const rows = await readInputs(context, functionName, { sql: deps.sql, range: { from: first.startsAt, to: first.endsAt } });
    return rows.length === 0 ? null : prepare({ name: "the first window", rows, accuracy: null });
  }

  return {
    async find(context, { function: functionName, binding, position, rows }) {
      const own = binding === null ? null : await keep(`${context.projectId}/${binding}`, () => ofBinding(context, binding));
      if (own !== null) return own;
      const first =
        position === 0 ? null : await keep(`${context.projectId}/${functionName}/first`, () => ofFirstWindow(context, functionName));
      return first ?? { view: (await learnView(rows)).view, facts: null };
    },
  };
}

async function prepare({
  name,
  rows,
  accuracy,
  recalls,
}: Omit<Reference, "rows"> & { readonly rows: readonly LabelledInput[] }): Promise<PreparedReference> {
  const { view, profile } = await learnView(rows);
  return { view, facts: { name, inputs: profile, accuracy, recalls: recalls ?? null } };
}

/** Inputs of the answers within a range, a few at a time: bodies are large. */
export async function readInputs(
  context: Context,
  functionName: string,
  { sql, range }: { sql: Sql; range: Range },
): Promise<LabelledInput[]> {
  const rows: LabelledInput[] = [];
  let after: string | null = null;
  for (;;) {
    const page: (LabelledInput & { id: string })[] = await sql.as(context, (tx) =>
      listInputs(tx, functionName, { ...range, after, limit: pageSize }),
    );
    for (const { input, label } of page) rows.push({ input, label });
    if (page.length < pageSize) return rows;
    after = page.at(-1)!.id;
  }
}
