import { AppError, canonicalJson, sha256 } from "../../core/index.ts";
import type { FeatureView } from "./config.ts";

/** `spend` (its highest version) or `spend@2`. `not_found`, saying what is declared. */
export function findView(views: readonly FeatureView[], name: string, version?: number): FeatureView {
  const [, base, at] = /^(.*?)(?:@(\d+))?$/.exec(name)!;
  const wanted = version ?? (at === undefined ? undefined : Number(at));
  const found = views
    .filter((view) => view.name === base && (wanted === undefined || view.version === wanted))
    .sort((a, b) => b.version - a.version)[0];
  if (found !== undefined) return found;
  const declared = views.map(referenceOf);
  throw new AppError(
    "not_found",
    `There is no feature view ${base}${wanted === undefined ? "" : `@${wanted}`}; declared under data.features: ${declared.join(", ") || "none"}.`,
    { details: { declared } },
  );
}

export function referenceOf(view: Pick<FeatureView, "name" | "version">): string {
  return `${view.name}@${view.version}`;
}

/** What decides the values: not the description, nor when they are written. */
export function definitionOf(view: FeatureView): Record<string, unknown> {
  const { description: _, materialiseEveryMinutes: __, name: ___, version: ____, ...definition } = view;
  return JSON.parse(JSON.stringify(definition)) as Record<string, unknown>;
}

export function definitionHash(view: FeatureView): string {
  return sha256(canonicalJson(definitionOf(view)));
}

/** An entity's key in the online table. */
export function entityKey(parts: readonly string[]): string {
  return JSON.stringify(parts);
}

/** The parts of a key as a caller writes it: the text itself, or a JSON array where several columns make the key. `invalid_request`. */
export function parseEntity(view: FeatureView, text: string): string[] {
  if (view.entity.length === 1) return [text];
  let parts: unknown;
  try {
    parts = JSON.parse(text);
  } catch {
    parts = null;
  }
  if (
    Array.isArray(parts) &&
    parts.length === view.entity.length &&
    parts.every((part) => typeof part === "string" || typeof part === "number")
  )
    return parts.map(String);
  throw new AppError(
    "invalid_request",
    `The entity of ${referenceOf(view)} is a JSON array of ${view.entity.length} texts: ${view.entity.join(", ")}.`,
    { details: { entity: view.entity } },
  );
}
