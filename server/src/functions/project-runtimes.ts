import { AppError, type Logger, systemContext } from "../core/index.ts";
import { FunctionRuntime } from "./function-runtime.ts";
import type { LastGoodAnswers } from "./last-good-answers.ts";
import { insertBinding } from "./arms-repository.ts";
import type { Binding, FunctionsDeps } from "./types.ts";
import { variantKinds } from "./variants/index.ts";

/** Every function of the configuration once for each project: each project has its own models, bindings and arms. */
export interface ProjectRuntimes {
  /** `unknown_function`. A project nobody has spoken of yet is added, with nothing loaded: it answers once that is. */
  of(projectId: string, name: string): FunctionRuntime;
  all(): FunctionRuntime[];
  /** Answers the runtimes that are new. */
  add(projectIds: readonly string[]): FunctionRuntime[];
}

/** `onNew` hears of a project that a request spoke of before the tables did. */
export function createProjectRuntimes(
  deps: Pick<FunctionsDeps, "definitions" | "models" | "gateway" | "demonstrations" | "sourceHash" | "sql"> & {
    readonly logger: Logger;
    readonly lastGood: LastGoodAnswers;
  },
  onNew: () => void,
): ProjectRuntimes {
  const { sql, logger } = deps;
  const projects = new Map<string, ReadonlyMap<string, FunctionRuntime>>();
  const names = new Set(deps.definitions.map((definition) => definition.name));

  function create(projectId: string): ReadonlyMap<string, FunctionRuntime> {
    const context = systemContext("functions", projectId);
    const kept = new Set<string>();
    const keepBinding = async (binding: Binding) => {
      if (kept.has(binding.hash)) return;
      await sql.as(context, (tx) => insertBinding(tx, binding));
      kept.add(binding.hash);
    };
    const around = {
      context,
      models: deps.models,
      gateway: deps.gateway,
      demonstrations: deps.demonstrations,
      lastGood: deps.lastGood,
      sourceHash: deps.sourceHash,
      kinds: variantKinds,
    };
    const runtimes = new Map(
      deps.definitions.map((definition) => [definition.name, new FunctionRuntime({ ...around, definition }, logger, keepBinding)]),
    );
    projects.set(projectId, runtimes);
    return runtimes;
  }

  return {
    of(projectId, name) {
      if (!names.has(name))
        throw new AppError("unknown_function", `There is no function "${name}".`, { details: { function: name, known: [...names] } });
      let runtimes = projects.get(projectId);
      if (runtimes === undefined) {
        runtimes = create(projectId);
        onNew();
      }
      return runtimes.get(name)!;
    },
    all: () => [...projects.values()].flatMap((runtimes) => [...runtimes.values()]),
    add: (projectIds) => projectIds.filter((id) => !projects.has(id)).flatMap((id) => [...create(id).values()]),
  };
}
