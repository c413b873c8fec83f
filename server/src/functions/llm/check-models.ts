import { AppError } from "../../core/index.ts";
import type { Gateway } from "../../gateway/index.ts";
import type { FunctionDefinition } from "../types.ts";

type Checked = Pick<Gateway, "resolve" | "dataClasses" | "embeddings">;

/** Every model that a variant names can be asked here, and every class of data is known: `config_invalid` with the path otherwise, before anything serves. */
export function checkModels(definitions: readonly FunctionDefinition[], gateway: Checked | undefined): void {
  for (const { name, variants, dataClass } of definitions) {
    if (dataClass !== undefined && gateway !== undefined && !gateway.dataClasses.includes(dataClass))
      throw invalid(
        name,
        "dataClass",
        `there is no data class "${dataClass}"; gateway.dataClasses lists ${gateway.dataClasses.join(", ")}`,
      );
    for (const [variant, spec] of Object.entries(variants)) {
      const named = spec.kind === "llm" ? "model" : spec.kind === "examples" && spec.embedder !== undefined ? "embedder" : undefined;
      if (named === undefined) continue;
      const path = `variants.${variant}.${named}`;
      try {
        if (gateway === undefined) throw new AppError("config_invalid", "there is no gateway here");
        if (spec.kind === "llm") gateway.resolve(spec.model);
        if (spec.kind === "examples") gateway.embeddings.resolve(spec.embedder!);
      } catch (error) {
        throw invalid(name, path, (error as Error).message);
      }
    }
  }
}

function invalid(name: string, path: string, message: string): AppError {
  return new AppError("config_invalid", `Function "${name}": ${path}: ${message.replace(/\.$/, "")}.`, {
    details: { function: name, problems: [{ path, message }] },
  });
}
