import { type Cancellation, AppError, type Context, Deadline, type Step, roundMs } from "../core/index.ts";
import type { ErrorCode } from "@millrace/contract";
import type { InferenceReference } from "../gateway/index.ts";
import { conditionValues } from "./condition-values.ts";
import { type StepRecorder } from "./recorder.ts";
import type { Candidate } from "./serving-plan.ts";
import type { FunctionDefinition, Variant, VariantCall } from "./types.ts";

/** Share of the time that variants before the last one of a chain may use up. */
const shareBeforeLast = 0.8;

export interface ChainInput {
  readonly context: Context;
  readonly definition: FunctionDefinition;
  readonly chain: readonly Candidate[];
  readonly input: Record<string, unknown>;
  readonly recorder: StepRecorder;
  /** `performance.now()` when the request arrived. */
  readonly startedAt: number;
  /** Milliseconds from then in which an answer is worth something. */
  readonly totalMs: number;
  readonly drill: readonly string[];
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly address?: string | undefined;
  readonly isDrill?: boolean | undefined;
  readonly inference?: InferenceReference | undefined;
  readonly signal?: Cancellation | undefined;
  readonly ask?: VariantCall["ask"];
}

export interface Failure {
  readonly variant: string;
  readonly code: ErrorCode;
  readonly message: string;
  /** It would fail the same again, however long one waits: a call that is more than its whole budget. */
  readonly retryable?: false;
}

export interface UnmetCondition {
  readonly variant: string;
  readonly when: string;
}

export interface ChainOutcome {
  /** The one that answered; undefined when none did. */
  readonly candidate: Candidate | undefined;
  readonly output: Record<string, unknown> | undefined;
  readonly failures: readonly Failure[];
  /** Steps that were not asked, since their condition does not hold. That is no failure. */
  readonly unmet: readonly UnmetCondition[];
  /** What the one that answered has to say of it. */
  readonly notes?: Readonly<Record<string, unknown>> | undefined;
}

/** Asks the chain in order until one answers within its time. Never throws: what failed is in `failures` and in the steps. */
export async function runChain(input: ChainInput): Promise<ChainOutcome> {
  const failures: Failure[] = [];
  const unmet: UnmetCondition[] = [];
  const { recorder, chain } = input;
  for (let index = 0; index < chain.length; index++) {
    const candidate = chain[index]!;
    const startMs = recorder.elapsed();
    const { variant } = candidate;
    const note = (ending: Pick<Step, "status" | "error" | "details">) =>
      recorder.step({
        name: candidate.name,
        kind: "variant",
        startMs: roundMs(startMs),
        durationMs: ending.status === "skipped" ? 0 : roundMs(recorder.elapsed() - startMs),
        ...ending,
      });
    const when = findUnmet(input, candidate, failures);
    if (when !== undefined) {
      unmet.push({ variant: candidate.name, when });
      note({ status: "skipped", details: { when } });
      continue;
    }
    const passedOver = findObstacle(input, candidate);
    if (passedOver !== undefined || variant === null) {
      failures.push(passedOver!);
      note({ status: "skipped", error: passedOver!.code, details: { message: passedOver!.message } });
      continue;
    }
    const deadline = new Deadline(input.startedAt + limitMs(input, variant, index === chain.length - 1), input.signal);
    try {
      const notes: Record<string, unknown>[] = [];
      const output = await attempt(input, { variant, deadline, note: (facts) => notes.push(facts) });
      if (notes.length === 0) {
        note({ status: "ok" });
        return { candidate, output, failures, unmet };
      }
      const details = Object.assign({}, ...notes) as Record<string, unknown>;
      note({ status: "ok", details });
      return { candidate, output, failures, unmet, notes: details };
    } catch (error) {
      const failure = describeFailure(candidate.name, error);
      failures.push(failure);
      const status = failure.code === "deadline_exceeded" ? "timeout" : "failed";
      note({ status, error: failure.code, details: { message: failure.message } });
    } finally {
      deadline.end();
    }
    if (input.signal?.aborted === true || performance.now() - input.startedAt >= input.totalMs) break;
  }
  return { candidate: undefined, output: undefined, failures, unmet };
}

/** The condition of this step, when it has one that does not hold. */
function findUnmet(input: ChainInput, candidate: Candidate, failures: readonly Failure[]): string | undefined {
  const condition = input.definition.conditions.get(candidate.name);
  if (condition === undefined) return undefined;
  const remainingMs = input.startedAt + input.totalMs - performance.now();
  const values = conditionValues(condition, { input: input.input, metadata: input.metadata, remainingMs, failures });
  return condition.holds(values) ? undefined : condition.text;
}

/**
 * Milliseconds from the start at which this attempt ends: each before the last has the function's budget, and together they leave
 * something over. What only repeats an answer needs no time, so it is asked however late it is.
 */
function limitMs(input: ChainInput, { binding }: Variant, last: boolean): number {
  if (last || binding.kind === "message" || binding.kind === "last-good") return input.totalMs;
  const elapsedMs = performance.now() - input.startedAt;
  return Math.min(elapsedMs + input.definition.latencyBudgetMs, input.totalMs * shareBeforeLast);
}

/** Why a variant is not even tried. No exception: a node that waits for a model meets this on every request. */
function findObstacle(input: ChainInput, candidate: Candidate): Failure | undefined {
  const variant = candidate.name;
  if (input.drill.includes(variant)) return { variant, code: "variant_failed", message: `A drill treats "${variant}" as failing.` };
  if (candidate.variant === null) return { variant, code: "model_not_ready", message: `"${variant}" is not loaded on this node.` };
  return undefined;
}

interface Attempt {
  readonly variant: Variant;
  readonly deadline: Deadline;
  note(facts: Record<string, unknown>): void;
}

async function attempt(input: ChainInput, asked: Attempt): Promise<Record<string, unknown>> {
  const { variant, deadline } = asked;
  const name = variant.binding.variant;
  if (deadline.passed()) throw new AppError("deadline_exceeded", `No time was left for "${name}".`);
  const answer = runVariant(input, asked);
  const raw = answer instanceof Promise ? await deadline.race(answer) : answer;
  if (deadline.passed()) throw new AppError("deadline_exceeded", `"${name}" answered after its time.`);
  return checkOutput(input.definition, name, raw);
}

function runVariant(input: ChainInput, { variant, deadline, note }: Attempt): unknown {
  const call: VariantCall = {
    context: input.context,
    input: input.input,
    evidence: input.recorder,
    deadline,
    note,
    metadata: input.metadata,
    address: input.address,
    isDrill: input.isDrill,
    inference: input.inference,
    ask: input.ask,
    get signal() {
      return deadline.signal;
    },
  };
  return variant.run(call);
}

/** The answer if it keeps the output schema, else `invalid_output`; undefined is an abstention (`variant_failed`). */
export function checkOutput(definition: FunctionDefinition, variant: string, raw: unknown): Record<string, unknown> {
  if (raw === undefined) throw new AppError("variant_failed", `"${variant}" abstained.`);
  const parsed = definition.output.safeParse(raw);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.slice(0, 20).map((issue) => ({ path: issue.path.join("."), message: issue.message }));
  throw new AppError(
    "invalid_output",
    `"${variant}" answered outside the output schema: ${issues.map((issue) => `${issue.path}: ${issue.message}`).join("; ")}.`,
    { details: { issues } },
  );
}

function describeFailure(variant: string, error: unknown): Failure {
  if (error instanceof AppError) {
    const { code, message, details } = error;
    return { variant, code, message, ...(details["retryable"] === false ? { retryable: false } : {}) };
  }
  return { variant, code: "variant_failed", message: error instanceof Error ? error.message : String(error) };
}

/** The code a caller gets when nothing answered: the one all failures share if it says more than "all failed". */
export function chainErrorCode(failures: readonly Failure[], timeIsUp: boolean): ErrorCode {
  if (timeIsUp) return "deadline_exceeded";
  const [first] = failures;
  const telling: readonly ErrorCode[] = ["overloaded", "model_not_ready", "deadline_exceeded", "database_unavailable"];
  if (first !== undefined && telling.includes(first.code) && failures.every((failure) => failure.code === first.code)) return first.code;
  return "all_variants_failed";
}
