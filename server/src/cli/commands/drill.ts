import { setTimeout as pause } from "node:timers/promises";
import type { FunctionDetail, InferenceDetail } from "@millrace/contract";
import { MillraceError } from "@millrace/sdk";
import { InvalidArgumentError } from "commander";
import { z } from "zod";
import { AppError } from "../../core/index.ts";
import { exitCodes } from "../exit-codes.ts";
import { duration } from "../format.ts";
import type { Session } from "../session.ts";
import { parseInput, readText } from "./input.ts";
import { table } from "./show.ts";
import { type Verb, collect, collectPairs } from "./verb.ts";

/** One run of the chain with some of its variants treated as failing. */
interface DrillRun {
  readonly failing: readonly string[];
  readonly inferenceId: string;
  /** Who answered; null when nobody did. */
  readonly variant: string | null;
  /** What kind of less than asked for the answer is: `message`, `last-good`. */
  readonly degraded: string | null;
  readonly error: string | null;
  readonly latencyMs: number | null;
  /** Whether the answer, as it came here, keeps the output schema; null without an answer. */
  readonly keepsSchema: boolean | null;
  readonly steps: readonly string[];
}

interface Question {
  readonly input: unknown;
  readonly metadata?: Record<string, string>;
}

export const drillVerb: Omit<Verb, "usage"> = {
  description: "run the fallback chain on purpose",
  example: "drill triage-mail --input mail.json",
  options: [
    { flags: "--treat-as-failing <variants>", description: "only this run; default: each beginning of the chain in turn", parse: collect },
    { flags: "--input <file>", description: "the input as JSON; default: that of the newest answer" },
    { flags: "--metadata <name=value>", description: "for conditions that look at it; may be repeated", parse: collectPairs },
  ],
  run: async (session, [name], options) => {
    const detail = await session.call("functions.get", { parameters: { name: name! } });
    const chosen = options["treatAsFailing"] as string[] | undefined;
    checkNames(detail, chosen ?? []);
    const question = await findQuestion(session, detail.name, options);
    const sets = chosen === undefined ? detail.fallback.map((_, length) => detail.fallback.slice(0, length)) : [chosen];
    const runs: DrillRun[] = [];
    for (const failing of sets) runs.push(await runOnce(session, { detail, question, failing }));
    const held = runs.every((run) => run.variant !== null && run.keepsSchema !== false);
    session.show({ function: detail.name, held, runs }, () => page(session, runs, held));
    session.hint(`Each run is an inference on the arm "drill": millrace explain ${runs.at(-1)?.inferenceId ?? "<id>"}`);
    return held ? exitCodes.ok : exitCodes.failed;
  },
};

function checkNames(detail: FunctionDetail, names: readonly string[]): void {
  const known = detail.variants.map((variant) => variant.name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new InvalidArgumentError(`"${detail.name}" has no variant "${unknown}"; it has ${known.join(", ")}.`);
}

/** What the chain is asked: a file, or what the newest answer was given to. */
async function findQuestion(session: Session, name: string, options: Record<string, unknown>): Promise<Question> {
  const given = options["metadata"] as Record<string, unknown> | undefined;
  const metadata = given && Object.fromEntries(Object.entries(given).map(([key, value]) => [key, String(value)]));
  const file = options["input"] as string | undefined;
  if (file !== undefined) return { input: parseInput(readText(file), file), ...(metadata && { metadata }) };
  const { items } = await session.call("inferences.list", { query: { function: name, status: "ok", limit: 10 } });
  const newest = items.find((item) => item.arm !== "drill") ?? items[0];
  const inference = newest && (await session.call("inferences.get", { parameters: { id: newest.id } }));
  if (inference === undefined || inference.input === null)
    throw new AppError("not_found", `No answer of "${name}" is kept whose input could be used. Give one: --input <file>.`);
  return { input: inference.input, metadata: metadata ?? inference.metadata };
}

async function runOnce(
  session: Session,
  { detail, question, failing }: { detail: FunctionDetail; question: Question; failing: readonly string[] },
): Promise<DrillRun> {
  const body = { ...question, drill: [...failing] };
  try {
    const answer = await session.call("functions.infer", { parameters: { name: detail.name }, body });
    const evidence = await findEvidence(session, answer.inferenceId);
    return {
      failing,
      inferenceId: answer.inferenceId,
      variant: answer.variant,
      degraded: degradedOf(evidence),
      error: null,
      latencyMs: answer.latencyMs,
      keepsSchema: keeps(detail.outputSchema, answer.output),
      steps: stepsOf(evidence, failing),
    };
  } catch (error) {
    const inferenceId = error instanceof MillraceError ? error.details["inferenceId"] : undefined;
    // Without an inference the chain was not even asked: that is no outcome of a drill.
    if (!(error instanceof MillraceError) || typeof inferenceId !== "string") throw error;
    const evidence = await findEvidence(session, inferenceId);
    const latencyMs = evidence?.latencyMs ?? null;
    const steps = stepsOf(evidence, failing);
    return { failing, inferenceId, variant: null, degraded: null, error: error.code, latencyMs, keepsSchema: null, steps };
  }
}

const looks = 50;
const lookPauseMs = 100;

/** Evidence reaches the tables within a second, as a rule; without it the answer is shown all the same. */
async function findEvidence(session: Session, id: string): Promise<InferenceDetail | null> {
  for (let look = 1; ; look++) {
    try {
      return await session.call("inferences.get", { parameters: { id } });
    } catch (error) {
      if (!(error instanceof MillraceError) || error.status !== 404) throw error;
      if (look === looks) return null;
      await pause(lookPauseMs);
    }
  }
}

function degradedOf(evidence: InferenceDetail | null): string | null {
  const degraded = evidence?.produced["degraded"];
  return degraded !== null && typeof degraded === "object" && "kind" in degraded ? String(degraded.kind) : null;
}

function stepsOf(evidence: InferenceDetail | null, failing: readonly string[]): string[] {
  const variants = evidence?.steps.filter((step) => step.kind === "variant") ?? [];
  return variants.map((step) => {
    if (step.details?.["when"] !== undefined) return `${step.name} not asked`;
    if (step.status === "skipped" && failing.includes(step.name)) return `${step.name} drilled`;
    return `${step.name} ${step.status}${step.error === undefined ? "" : ` (${step.error})`}`;
  });
}

function keeps(schema: unknown, output: unknown): boolean | null {
  let parser: z.ZodType;
  try {
    parser = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]);
  } catch {
    return null; // what this schema says cannot be written as JSON Schema and back
  }
  return parser.safeParse(output).success;
}

function page(session: Session, runs: readonly DrillRun[], held: boolean): string {
  const { palette } = session;
  const rows = table(session, runs, [
    { title: "FAILING", value: (run) => run.failing.join(", ") || "nothing", flexible: true },
    { title: "STEPS", value: (run) => run.steps.join(", "), flexible: true, spare: true },
    {
      title: "ANSWERED BY",
      value: (run) =>
        run.variant === null ? `nobody: ${run.error}` : `${run.variant}${run.degraded === null ? "" : ` (${run.degraded})`}`,
      flexible: true,
      paint: (text, run) => (run.variant === null ? palette.bad(text) : palette.good(text)),
    },
    { title: "TIME", value: (run) => duration(run.latencyMs), align: "right" },
    { title: "SCHEMA", value: (run) => (run.keepsSchema === null ? null : run.keepsSchema ? "kept" : "broken") },
  ]);
  return `${rows}\n\n${held ? palette.good("Every run was answered.") : palette.bad("Not every run has an answer that keeps the output schema.")}`;
}
