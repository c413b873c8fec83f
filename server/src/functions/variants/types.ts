import type { Context } from "../../core/index.ts";
import type { LastGoodAnswers } from "../last-good-answers.ts";
import type { Binding, Erased, FunctionDefinition, FunctionsDeps, ModelsPort, Variant, VariantSpec } from "../types.ts";

type AnySpec = VariantSpec<Erased, Erased>;

/** What resolving and opening may look at. */
export interface VariantSurroundings {
  readonly context: Context;
  readonly definition: FunctionDefinition;
  readonly models: ModelsPort;
  /** Absent where no model can be asked. */
  readonly gateway?: FunctionsDeps["gateway"];
  /** Answers that a person said are right; absent where nobody can say so. */
  readonly demonstrations?: FunctionsDeps["demonstrations"];
  /** What was answered before, on this node. */
  readonly lastGood: LastGoodAnswers;
  /** Hash of the configuration's source files: the version of every piece of plain code. */
  readonly sourceHash: string;
  /** The table of kinds, for a kind made of others. */
  readonly kinds: VariantKinds;
  /** Model versions to take instead of those the aliases name, by model. */
  readonly versions?: Readonly<Record<string, number>> | undefined;
}

export interface Resolution {
  /** For people: `triage-mail@2`, `rules`. */
  readonly label: string;
  /** Every reference resolved to a version: what the binding's hash is made of. */
  readonly resolved: Readonly<Record<string, unknown>>;
}

/** One kind of variant. To add a kind: a file with one of these, and a line in `variants/index.ts`. */
export interface VariantKind<S extends AnySpec = Erased> {
  /** Names every version under the variant; null when something it needs does not exist yet. */
  resolve(name: string, spec: S, around: VariantSurroundings): Promise<Resolution | null>;
  /** Loads and warms what the binding names; it can run when this resolves. */
  open(spec: S, binding: Binding, around: VariantSurroundings): Promise<Variant>;
}

export type VariantKinds = { readonly [K in AnySpec["kind"]]: VariantKind<Extract<AnySpec, { kind: K }>> };
