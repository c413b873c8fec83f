import { AppError, type Context } from "../../core/index.ts";
import type { ModelReference, Models, ModelSignature } from "../../models/index.ts";

export interface FoundModel {
  readonly reference: ModelReference;
  readonly signature: ModelSignature;
}

/** The version asked for, or with null the champion. `unknown_model`. */
export type FindModel = (context: Context, asked: { readonly name: string; readonly version: number | null }) => Promise<FoundModel>;

/** Versions whose signatures are kept; a version never changes. */
const maxKnown = 200;

export function createModelFinder(models: Pick<Models, "getVersion" | "resolve">): FindModel {
  const known = new Map<string, FoundModel>();
  return async function find(context, { name, version: asked }) {
    const version = asked ?? (await models.resolve(context, { model: name }))?.version;
    if (version === undefined) {
      throw new AppError("unknown_model", `There is no model "${name}", or none of its versions is the champion.`, {
        details: { model: name },
      });
    }
    const key = `${context.projectId}/${name}@${version}`;
    const kept = known.get(key);
    if (kept !== undefined) return kept;
    const { hash, signature } = await models.getVersion(context, name, version);
    const found = { reference: { model: name, version, hash }, signature };
    known.set(key, found);
    if (known.size > maxKnown) known.delete(known.keys().next().value!);
    return found;
  };
}
