import { isAppError, parseCondition } from "../../core/index.ts";
import type { Alias } from "./alias-config.ts";
import { localProvider } from "../embeddings/local-models.ts";
import { localProvider as modelsHere } from "../local/config.ts";
import { embedderProblem } from "./check-embedder.ts";
import { ruleNames } from "./rule-values.ts";

export interface AliasProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

export interface AliasSurroundings {
  readonly providers: Readonly<
    Record<
      string,
      {
        readonly region?: string | undefined;
        readonly dataClasses?: readonly string[] | undefined;
        readonly dialect?: string;
        readonly aiSdk?: unknown;
      }
    >
  >;
  readonly dataClasses: readonly string[];
  readonly local?: Readonly<Record<string, unknown>>;
  readonly onnx?: Readonly<Record<string, unknown>>;
}

/** What one part of an alias says against another, or against the rest of the configuration. */
export function checkAlias(alias: Alias, { providers, dataClasses, local = {}, onnx = {} }: AliasSurroundings): AliasProblem[] {
  const problems: AliasProblem[] = [];
  const blame = (path: AliasProblem["path"], message: string) => void problems.push({ path, message });
  const { targets, dataClass } = alias;
  for (const [index, target] of targets.entries()) {
    const provider = target.slice(0, target.indexOf("/"));
    const isHere = provider === modelsHere && Object.hasOwn(local, target.slice(provider.length + 1));
    if (!isHere && provider !== localProvider && !Object.hasOwn(providers, provider))
      blame(["targets", index], `there is no provider "${provider}"`);
    if (targets.indexOf(target) !== index) blame(["targets", index], `"${target}" stands here twice`);
  }
  if (dataClass !== undefined && !dataClasses.includes(dataClass))
    blame(["dataClass"], `there is no data class "${dataClass}"; gateway.dataClasses lists ${dataClasses.join(", ")}`);
  const knowsTarget = (to: string, path: AliasProblem["path"]) => {
    if (!targets.includes(to)) blame(path, `"${to}" is none of its targets`);
  };
  if (alias.choose === "weighted") {
    if (alias.weights.length !== targets.length) blame(["weights"], `${targets.length} targets need as many weights`);
    else if (!alias.weights.some((weight) => weight > 0)) blame(["weights"], "one weight at least must be more than 0");
  }
  if (alias.choose === "rules")
    for (const [index, { when, to }] of alias.rules.entries()) {
      knowsTarget(to, ["rules", index, "to"]);
      const problem = conditionProblem(when);
      if (problem !== undefined) blame(["rules", index, "when"], problem);
    }
  if (alias.choose === "similarity") {
    for (const [index, { to }] of alias.examples.entries()) knowsTarget(to, ["examples", index, "to"]);
    const problem = alias.embedder === undefined ? undefined : embedderProblem(alias.embedder, alias, { providers, onnx });
    if (problem !== undefined) blame(["embedder"], problem);
  }
  return problems;
}

function conditionProblem(text: string): string | undefined {
  try {
    parseCondition(text, ruleNames);
    return undefined;
  } catch (error) {
    if (!isAppError(error)) throw error;
    return error.message;
  }
}
