import { localModels, localProvider } from "../embeddings/local-models.ts";
import type { Alias } from "./alias-config.ts";
import type { AliasSurroundings } from "./check-alias.ts";
import { whyUnseen } from "./data-class.ts";

/** Why an alias cannot be chosen by an embedder: nobody behind its name makes embeddings, or none of the calls may be seen there. */
export function embedderProblem(
  name: string,
  { dataClass, regions }: Pick<Alias, "dataClass" | "regions">,
  { providers, onnx = {} }: Pick<AliasSurroundings, "providers" | "onnx">,
): string | undefined {
  const provider = name.slice(0, name.indexOf("/"));
  if (!Object.hasOwn(providers, provider)) {
    const here = [...localModels, ...Object.keys(onnx)].map((model) => `${localProvider}/${model}`);
    if (provider !== localProvider) return `there is no provider "${provider}"`;
    return here.includes(name) ? undefined : `there is no encoder "${name}" here; known are ${here.join(", ")}`;
  }
  const { dialect, aiSdk, region, dataClasses = [] } = providers[provider]!;
  if (dialect === "anthropic" || aiSdk !== undefined) return `"${provider}" makes no embeddings`;
  const why = whyUnseen({ dataClasses: [...dataClasses], region }, dataClass, regions);
  return why === undefined ? undefined : `"${provider}" ${why}, so it may see no call of this name`;
}
