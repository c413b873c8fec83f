import { AppError, type Clock, type Context } from "../../core/index.ts";
import type { ModelReference, Models, ModelSignature } from "../../models/index.ts";

export interface FoundModel {
  readonly reference: ModelReference;
  readonly signature: ModelSignature;
}

/** The version asked for, or with null the champion. `unknown_model`. */
export type FindModel = (context: Context, asked: { readonly name: string; readonly version: number | null }) => Promise<FoundModel>;

/** Versions whose signatures are kept; a version never changes. */
const maxKnown = 200;

/** Milliseconds for which a champion is not asked for again: as long as a node may be behind its tables. */
const championMs = 400;

export function createModelFinder(models: Pick<Models, "getVersion" | "resolve">, clock: Clock): FindModel {
  const known = new Map<string, FoundModel>();
  const champions = new Map<string, { readonly at: number; readonly version: Promise<number | undefined> }>();

  /** Those who ask at once ask together; what was not found, or could not be asked for, is not kept. */
  function findChampion(context: Context, name: string): Promise<number | undefined> {
    const key = `${context.projectId}/${name}`;
    const kept = champions.get(key);
    const now = clock.now();
    // A clock that was set back keeps nothing for longer.
    if (kept !== undefined && now >= kept.at && now < kept.at + championMs) return kept.version;
    const version = models.resolve(context, { model: name }).then((found) => found?.version);
    const fresh = { at: now, version };
    const forget = () => void (champions.get(key) === fresh && champions.delete(key));
    version.then((found) => found === undefined && forget(), forget);
    champions.set(key, fresh);
    if (champions.size > maxKnown) champions.delete(champions.keys().next().value!);
    return version;
  }

  return async function find(context, { name, version: asked }) {
    const version = asked ?? (await findChampion(context, name));
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
