import { AppError, canonicalJson, type Clock, type Context } from "../../core/index.ts";
import type { AuditChange } from "../../governance/index.ts";
import type { Sql, Tx } from "../../storage/index.ts";
import type { FeatureView } from "./config.ts";
import { definitionHash, definitionOf, referenceOf } from "./find-view.ts";
import { type StoredView, insertView, listViews } from "./repository.ts";

export interface DefineDeps {
  readonly sql: Sql;
  readonly audit: (tx: Tx, change: AuditChange) => Promise<void>;
  readonly clock: Clock;
}

/**
 * Notes views that this project has not seen. What was trained on a version was trained on its definition, so another
 * definition under the same version is refused: `config_invalid`, with what differs.
 */
export async function defineViews(context: Context, views: readonly FeatureView[], deps: DefineDeps): Promise<void> {
  if (views.length === 0) return;
  const definedAt = new Date(deps.clock.now()).toISOString();
  await deps.sql.as(context, async (tx) => {
    const stored = new Map((await listViews(tx)).map((view) => [referenceOf(view), view]));
    for (const view of views) {
      const known = stored.get(referenceOf(view));
      const hash = definitionHash(view);
      if (known !== undefined && known.definitionHash !== hash) throw changed(view, known);
      if (known !== undefined) continue;
      const { name, version } = view;
      const isNew = await insertView(tx, { name, version, definitionHash: hash, definition: definitionOf(view), definedAt });
      if (isNew)
        await deps.audit(tx, { action: "data.define-features", object: `features:${referenceOf(view)}`, after: definitionOf(view) });
    }
  });
}

function changed(view: FeatureView, known: StoredView): AppError {
  const given = definitionOf(view);
  const differs = [...new Set([...Object.keys(given), ...Object.keys(known.definition)])].filter(
    (key) => canonicalJson(given[key] ?? null) !== canonicalJson(known.definition[key] ?? null),
  );
  return new AppError(
    "config_invalid",
    `The feature view ${referenceOf(view)} is not what it was on ${known.definedAt.slice(0, 10)}: ${differs.join(", ")} changed. ` +
      `Declare the new definition as version ${view.version + 1}, or restore the old one.`,
    { details: { view: referenceOf(view), changed: differs, before: known.definition } },
  );
}
