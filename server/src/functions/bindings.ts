import { canonicalJson, sha256 } from "../core/index.ts";
import type { Binding, FunctionDefinition, VariantSpec } from "./types.ts";
import { type Resolution, type VariantSurroundings, variantKinds } from "./variants/index.ts";

/** A binding named by the SHA-256 of its canonical JSON: the same parts, however ordered, give the same name. */
export function createBinding(functionName: string, variant: string, kind: Binding["kind"], resolution: Resolution): Binding {
  const hash = sha256(canonicalJson({ function: functionName, variant, kind, resolved: resolution.resolved }));
  return { hash, function: functionName, variant, kind, label: resolution.label, resolved: resolution.resolved };
}

/** Resolves a declared variant to the versions of now; null when something it needs does not exist yet. */
export async function resolveVariant(name: string, around: VariantSurroundings): Promise<Binding | null> {
  const spec = around.definition.variants[name];
  if (spec === undefined) return null;
  const resolution = await variantKinds[spec.kind].resolve(name, spec as never, around);
  return resolution === null ? null : createBinding(around.definition.name, name, spec.kind, resolution);
}

/**
 * The binding as this node can run it. Plain code cannot be had in another version than the one this process loaded: a
 * binding made under other sources is re-made under ours, with the model versions it names.
 */
export async function localiseBinding(binding: Binding, around: VariantSurroundings): Promise<Binding | null> {
  const source = binding.resolved["source"];
  // A prompt, too, is the one this process loaded, whatever stood in the configuration that was bound.
  if (binding.kind !== "llm" && (source === undefined || source === around.sourceHash)) return binding;
  return resolveVariant(binding.variant, { ...around, versions: modelVersions(binding.resolved) });
}

/** Model versions a binding names, at any depth. */
export function modelVersions(resolved: Readonly<Record<string, unknown>>): Record<string, number> {
  const versions: Record<string, number> = {};
  if (typeof resolved["model"] === "string" && typeof resolved["version"] === "number") versions[resolved["model"]] = resolved["version"];
  if (Array.isArray(resolved["parts"])) {
    for (const part of resolved["parts"] as { resolved: Record<string, unknown> }[]) Object.assign(versions, modelVersions(part.resolved));
  }
  return versions;
}

/** Whether this node's configuration knows the binding's variant, in the same kind. */
export function isDeclared(definition: FunctionDefinition, binding: Binding): boolean {
  const spec: VariantSpec<unknown, unknown> | undefined = definition.variants[binding.variant];
  return spec?.kind === binding.kind;
}
