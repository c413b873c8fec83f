import { AppError } from "../core/index.ts";
import { nameSchema } from "@millrace/contract";
import type { z } from "zod";
import { readFallback } from "./fallback-steps.ts";
import { findLlmProblems } from "./llm/check-spec.ts";
import { findBestOfProblems } from "./variants/check-best-of.ts";
import { findExamplesProblems } from "./variants/check-examples.ts";
import { findLastGoodProblems, findMessageProblems, isLastResort } from "./variants/check-last-resort.ts";
import type { FunctionDefinition, FunctionSpec, Prediction, VariantEntry, VariantSpec } from "./types.ts";

const defaultMaxBodyBytes = 1024 * 1024;

/** A variant answered by a registered model. `alias` (default `champion`) is what its first binding resolves. */
export function model<I = never, O = never>(options: {
  model: string;
  alias?: string;
  inputs?: (input: I) => Record<string, unknown>;
  output?: (prediction: Prediction, input: I) => O;
}) {
  return { kind: "model" as const, alias: "champion", ...options };
}

/** A variant in plain code; it may return undefined to abstain. Write the input's type, or put the bare function into `variants`. */
export function rules<I, const O>(run: (input: I, call: { readonly signal: AbortSignal }) => O | undefined | Promise<O | undefined>) {
  return { kind: "rules" as const, run };
}

/** Variants by name, cheapest first: the first answer with at least `minimumConfidence` wins; `policy` has the last word. */
export function compose<I = never, O = never>(options: {
  cascade: readonly string[];
  minimumConfidence: number;
  policy?: (output: O, input: I) => O;
}) {
  return { kind: "compose" as const, ...options };
}

/** Declares a function for `millrace.config.ts`. Throws `config_invalid` naming the path that is wrong. */
export function defineFunction<
  I extends z.ZodObject,
  O extends z.ZodObject,
  V extends Record<string, VariantEntry<z.output<I>, z.input<O>>>,
>(spec: FunctionSpec<I, O, V>): FunctionDefinition {
  const steps = readFallback(spec.fallback, spec.input);
  const problems = [...findProblems(spec as never, steps.order), ...steps.problems];
  if (problems.length > 0) {
    throw new AppError(
      "config_invalid",
      `Function "${spec.name}": ${problems.map((problem) => `${problem.path}: ${problem.message}`).join("; ")}.`,
      {
        details: { function: spec.name, problems },
      },
    );
  }
  const variants: Record<string, VariantSpec<unknown, unknown>> = {};
  for (const [name, entry] of Object.entries(spec.variants)) {
    variants[name] = typeof entry === "function" ? rules(entry) : entry;
  }
  return Object.freeze({
    name: spec.name,
    owner: spec.owner,
    purpose: spec.purpose,
    boundary: spec.boundary,
    input: spec.input,
    output: spec.output,
    latencyBudgetMs: spec.latencyBudgetMs,
    maxBodyBytes: spec.maxBodyBytes ?? defaultMaxBodyBytes,
    ...(spec.dataClass === undefined ? {} : { dataClass: spec.dataClass }),
    ...(spec.clocks === undefined ? {} : { clocks: Object.freeze({ ...spec.clocks }) }),
    variants: Object.freeze(variants),
    fallback: Object.freeze(steps.order),
    conditions: steps.conditions,
    remembered: findRemembered(variants),
    asksModels: Object.values(variants).some(({ kind }) => kind === "llm"),
    labelOf: spec.labelOf ?? defaultLabel,
    confidenceOf: spec.confidenceOf ?? defaultConfidence,
    monitoring: spec.monitoring ?? {},
    retraining: spec.retraining ?? {},
  });
}

/** Variants whose answers a last-good step may repeat, and for how many seconds the longest. */
function findRemembered(variants: FunctionDefinition["variants"]): ReadonlyMap<string, number> {
  const remembered = new Map<string, number>();
  for (const spec of Object.values(variants))
    if (spec.kind === "last-good") remembered.set(spec.of, Math.max(spec.maxAgeSeconds, remembered.get(spec.of) ?? 0));
  return remembered;
}

function defaultLabel(output: Record<string, unknown>): string | null {
  return typeof output["label"] === "string" ? output["label"] : null;
}

function defaultConfidence(output: Record<string, unknown>): number | null {
  return typeof output["confidence"] === "number" ? output["confidence"] : null;
}

interface Problem {
  readonly path: string;
  readonly message: string;
}

type LooseSpec = FunctionSpec<z.ZodObject, z.ZodObject, Record<string, VariantEntry<Record<string, unknown>, Record<string, unknown>>>>;

function findProblems(spec: LooseSpec, order: readonly string[]): Problem[] {
  const problems: Problem[] = [];
  const say = (path: string, message: string) => problems.push({ path, message });
  if (!nameSchema.safeParse(spec.name).success) say("name", "use lower-case letters, digits and dashes, at most 64");
  if (!spec.owner) say("owner", "name the person or team that answers for it");
  if (!spec.boundary) say("boundary", "say in plain words what it may and may not do");
  if (!(spec.latencyBudgetMs > 0)) say("latencyBudgetMs", "must be more than 0");
  if (spec.maxBodyBytes !== undefined && !(spec.maxBodyBytes > 0)) say("maxBodyBytes", "must be more than 0");
  const names = Object.keys(spec.variants);
  if (names.length === 0) say("variants", "declare at least one variant");
  for (const name of names) {
    if (!nameSchema.safeParse(name).success) say(`variants.${name}`, "use lower-case letters, digits and dashes, at most 64");
    problems.push(...findVariantProblems(spec, name));
  }
  if (order.length === 0) say("fallback", "name at least one variant");
  if (new Set(order).size !== order.length) say("fallback", "a variant is named twice");
  for (const name of order) if (!names.includes(name)) say("fallback", `there is no variant "${name}"`);
  return problems;
}

function findVariantProblems(spec: LooseSpec, name: string): Problem[] {
  const entry = spec.variants[name]!;
  const under = (problem: Problem): Problem => ({
    ...problem,
    path: [`variants.${name}`, problem.path].filter((part) => part !== "").join("."),
  });
  if (typeof entry !== "function" && entry.kind === "llm") return findLlmProblems(entry, spec.input).map(under);
  if (typeof entry !== "function" && entry.kind === "best-of") return findBestOfProblems(entry, spec.variants).map(under);
  if (typeof entry !== "function" && entry.kind === "examples") return findExamplesProblems(entry, spec).map(under);
  if (typeof entry !== "function" && entry.kind === "message") return findMessageProblems(entry, spec.output).map(under);
  if (typeof entry !== "function" && entry.kind === "last-good") return findLastGoodProblems(entry, spec.variants).map(under);
  if (typeof entry === "function" || entry.kind !== "compose") return [];
  const path = `variants.${name}`;
  const problems: Problem[] = [];
  if (entry.cascade.length === 0) problems.push({ path: `${path}.cascade`, message: "name at least one variant" });
  if (!(entry.minimumConfidence >= 0 && entry.minimumConfidence <= 1))
    problems.push({ path: `${path}.minimumConfidence`, message: "must be between 0 and 1" });
  for (const part of entry.cascade) {
    const target = spec.variants[part];
    if (target === undefined) problems.push({ path: `${path}.cascade`, message: `there is no variant "${part}"` });
    else if (typeof target !== "function" && target.kind === "compose")
      problems.push({ path: `${path}.cascade`, message: `"${part}" is itself a compose` });
    else if (isLastResort(target)) problems.push({ path: `${path}.cascade`, message: `"${part}" belongs at the end of \`fallback\`` });
  }
  return problems;
}
