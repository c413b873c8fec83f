import { AppError } from "../../core/index.ts";
import type { ProviderConfig } from "../config.ts";

/** What kind of data a call holds, and who said so. */
export interface DataClass {
  readonly name: string;
  readonly from: "declared" | "metadata";
}

export interface ClassClaims {
  /** By the alias and the function. */
  readonly declared: readonly (string | undefined)[];
  readonly metadata: Readonly<Record<string, string>> | undefined;
}

/** The highest that anybody claims: a caller raises what was declared, and cannot lower it. Null where nobody says anything. */
export function dataClassOf({ declared, metadata }: ClassClaims, classes: readonly string[]): DataClass | null {
  const asked = metadata?.["data_class"];
  if (asked !== undefined && !classes.includes(asked))
    throw new AppError("invalid_request", `metadata.data_class: there is no data class "${asked.slice(0, 100)}".`, {
      details: { issues: [{ path: "metadata.data_class", message: `one of ${classes.join(", ")}` }] },
    });
  const rank = (name: string | undefined) => (name === undefined ? -1 : rankOf(name, classes));
  const own = declared.reduce<string | undefined>((highest, name) => (rank(name) > rank(highest) ? name : highest), undefined);
  if (rank(asked) > rank(own)) return { name: asked!, from: "metadata" };
  return own === undefined ? null : { name: own, from: "declared" };
}

/** A class that is not listed is above all of them: what nobody knows, nobody may see. */
function rankOf(name: string, classes: readonly string[]): number {
  const index = classes.indexOf(name);
  return index === -1 ? classes.length : index;
}

/** Why a provider may not see a call, in words; undefined when it may. */
export function whyUnseen(
  { dataClasses, region }: Pick<ProviderConfig, "dataClasses" | "region">,
  dataClass: string | undefined,
  regions: readonly string[] | undefined,
): string | undefined {
  if (dataClass !== undefined && !dataClasses.includes(dataClass))
    return dataClasses.length === 0 ? "is declared for no class" : `may see ${dataClasses.join(", ")} and not ${dataClass}`;
  if (regions !== undefined && (region === undefined || !regions.includes(region)))
    return `is ${region === undefined ? "in no region that is told" : `in ${region}`}, and not in ${regions.join(" or ")}`;
  return undefined;
}
