import { AppError } from "../../core/index.ts";
import type { GatewayConfig } from "../config.ts";
import { type Target, resolveModel } from "../resolve-model.ts";
import type { Alias } from "../routing/alias-config.ts";
import { localModels, localProvider } from "./local-models.ts";

/** One place that may make the vectors: a provider, or an encoder of ours. */
export type Embedder =
  | (Target & { readonly kind: "provider" })
  | { readonly kind: "local"; readonly name: string; readonly provider: typeof localProvider; readonly model: string };

export interface ResolvedEmbedder {
  /** What the implicit function is called after. */
  readonly name: string;
  /** In the order in which they are asked; never empty. */
  readonly targets: readonly Embedder[];
  /** Milliseconds for all of it. */
  readonly totalMs: number;
  /** Who may see it; null for a target by its own name. */
  readonly alias: Pick<Alias, "dataClass" | "regions"> | null;
}

const localTotalMs = 600_000;

/** `unknown_model`; `invalid_request` where the model is known and nobody behind it makes embeddings. */
export function resolveEmbedder(name: string, config: GatewayConfig): ResolvedEmbedder {
  const alias = Object.hasOwn(config.models, name) ? config.models[name]! : null;
  const found = (alias === null ? [name] : alias.targets).map((each) => readEmbedder(each, config));
  const targets = found.filter((each) => each.kind === "local" || (each.native !== true && each.config.dialect !== "anthropic"));
  const [first] = targets;
  if (first === undefined)
    throw new AppError(
      "invalid_request",
      `"${name}" is of a provider that makes no embeddings: name a model of one that speaks OpenAI's dialect, or onnx/use-lite.`,
      { details: { issues: [{ path: "model", message: "a model that makes embeddings" }] } },
    );
  const totalMs = first.kind === "local" ? localTotalMs : first.config.clocks.totalMs;
  return { name, targets, totalMs: Math.min(totalMs, alias?.clocks.totalMs ?? totalMs), alias };
}

function readEmbedder(name: string, config: GatewayConfig): Embedder {
  if (name.startsWith(`${localProvider}/`) && !Object.hasOwn(config.providers, localProvider)) return readLocal(name, config);
  return { ...resolveModel(name, config).targets[0]!, kind: "provider" };
}

function readLocal(name: string, { onnx }: GatewayConfig): Embedder {
  const model = name.slice(localProvider.length + 1);
  const models = [...localModels, ...Object.keys(onnx)];
  if (models.includes(model)) return { kind: "local", name, provider: localProvider, model };
  const known = models.map((each) => `${localProvider}/${each}`);
  throw new AppError("unknown_model", `There is no encoder "${name.slice(0, 200)}" here. Known: ${known.join(", ")}.`, {
    details: { known },
  });
}
