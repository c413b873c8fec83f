import { AppError } from "../../core/index.ts";
import type { Gateway } from "../../gateway/index.ts";
import type { FunctionDefinition } from "../types.ts";

/** Every model that a variant names can be asked here: `config_invalid` with the path otherwise, before anything serves. */
export function checkModels(definitions: readonly FunctionDefinition[], gateway: Pick<Gateway, "resolve"> | undefined): void {
  for (const { name, variants } of definitions)
    for (const [variant, spec] of Object.entries(variants)) {
      if (spec.kind !== "llm") continue;
      const path = `variants.${variant}.model`;
      try {
        if (gateway === undefined) throw new AppError("config_invalid", "there is no gateway here");
        gateway.resolve(spec.model);
      } catch (error) {
        const { message } = error as Error;
        const problems = [{ path, message }];
        throw new AppError("config_invalid", `Function "${name}": ${path}: ${message.replace(/\.$/, "")}.`, {
          details: { function: name, problems },
        });
      }
    }
}
