import { AppError, createId, isId } from "../core/index.ts";
import { compare, nameOf } from "./compare.ts";
import { compareWorkflow, defineEvaluationJobs } from "./jobs.ts";
import { findEvaluation, insertEvaluation, listEvaluations, toWire } from "./repository.ts";
import type { Comparison, EvaluationDeps, Evaluation } from "./types.ts";

/** Comparisons on held-back rows, and the gate. */
export function createEvaluation(deps: EvaluationDeps): Evaluation {
  const { sql, jobs, data, models, functions, clock } = deps;

  const evaluation: Evaluation = {
    async create(context, input) {
      const model = modelOf(input.function);
      await data.get(context, input.dataset);
      for (const version of [input.champion, input.challenger]) await models.getVersion(context, model, version);
      const comparison: Comparison = {
        function: input.function,
        dataset: input.dataset,
        champion: { kind: "model", model, version: input.champion },
        challenger: { kind: "model", model, version: input.challenger },
      };
      return jobs.startWorkflow(context, compareWorkflow, comparison);
    },

    async compare(context, comparison, run) {
      const finding = await run.step("compare candidates", (step) => compare(deps, context, { ...comparison, signal: step.signal }), {
        attempts: 3,
      });
      return run.step("keep evaluation", (step) =>
        sql.as(context, (tx) =>
          step.once(tx, async () => {
            const id = createId(clock);
            await insertEvaluation(tx, id, finding);
            const { verdict, reason, dataset } = finding;
            const after = {
              evaluation: id,
              dataset,
              champion: nameOf(comparison.champion),
              challenger: nameOf(comparison.challenger),
              verdict,
              reason,
            };
            await deps.audit(tx, { action: "evaluation.judge", object: `function:${comparison.function}`, after });
            return toWire(id, finding);
          }),
        ),
      );
    },

    async list(context, query) {
      if (query.cursor !== undefined && !isId(query.cursor))
        throw new AppError("invalid_request", `"${query.cursor}" is not a cursor of this list.`);
      const found = await sql.as(context, (tx) =>
        listEvaluations(tx, { function: query.function, limit: query.limit + 1, before: query.cursor }),
      );
      const items = found.slice(0, query.limit);
      return { items, next: found.length > query.limit ? items.at(-1)!.id : null };
    },

    async get(context, id) {
      const found = await sql.as(context, (tx) => findEvaluation(tx, id));
      if (found === undefined) throw new AppError("not_found", `There is no evaluation ${id}.`, { details: { evaluation: id } });
      return found;
    },
  };

  function modelOf(functionName: string): string {
    const variant = Object.values(functions.definition(functionName).variants).find((each) => each.kind === "model");
    if (variant?.kind !== "model")
      throw new AppError("invalid_request", `No variant of "${functionName}" is a model, so there are no versions to compare.`);
    return variant.model;
  }

  defineEvaluationJobs(jobs, evaluation.compare);
  return evaluation;
}
