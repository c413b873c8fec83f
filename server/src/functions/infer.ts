import type { InferResponse } from "@millrace/contract";
import { AppError, type Clock, createId, roundMs } from "../core/index.ts";
import type { FunctionRuntime } from "./function-runtime.ts";
import { type Claim, type IdempotencyKeys, hashInput } from "./idempotency.ts";
import type { LastGoodAnswers } from "./last-good-answers.ts";
import { type Spending, spendingOf } from "./llm/spending.ts";
import { type RecordInput, writeRecord } from "./record.ts";
import { StepRecorder } from "./recorder.ts";
import { type ChainOutcome, chainErrorCode, runChain } from "./run-chain.ts";
import { type Candidate, type ServingArm, chooseArm } from "./serving-plan.ts";
import type { ShadowRunner } from "./shadow.ts";
import type { EvidenceJournal, FunctionDefinition, InferAnswer, InferCall } from "./types.ts";

/** Callers' clocks differ from ours by this much at most before `occurredAt` counts as the future. */
const clockSkewMs = 5_000;
/** Without a deadline of the caller's, the last variant of a chain has this many budgets, and at least a second. */
const budgetsForLast = 4;

export interface InferDeps {
  readonly journal: EvidenceJournal;
  readonly idempotency: IdempotencyKeys;
  readonly shadows: ShadowRunner;
  readonly lastGood: LastGoodAnswers;
  readonly clock: Clock;
  /** See `writeNodeFacts`. */
  readonly nodeFacts: string;
  readonly stateAgeMs: () => number;
}

/** Runs one admitted request. Resolves only after its record is in the journal: no evidence, no answer. */
export async function infer(runtime: FunctionRuntime, call: InferCall, deps: InferDeps): Promise<InferAnswer> {
  const parsed = parseInput(runtime.definition, call.input);
  const now = deps.clock.now();
  const occurredAt = call.occurredAt === undefined ? now : parseOccurredAt(call.occurredAt, now);
  if (call.idempotencyKey === undefined) return answer(runtime, call, deps, { input: parsed, occurredAt, idempotency: undefined });

  const { projectId, principalId } = call.caller;
  const inputHash = hashInput(parsed);
  const found = await deps.idempotency.claim(
    { projectId, principalId, function: runtime.definition.name, key: call.idempotencyKey },
    inputHash,
  );
  if ("answer" in found) return { body: found.answer, repeated: true, inferenceId: null };
  const idempotency = { key: call.idempotencyKey, inputHash };
  return keepUnderClaim(found.claim, () => answer(runtime, call, deps, { input: parsed, occurredAt, idempotency }));
}

interface Prepared {
  readonly input: Record<string, unknown>;
  readonly occurredAt: number;
  readonly idempotency: RecordInput["idempotency"];
}

async function keepUnderClaim(claim: Claim, give: () => Promise<InferAnswer>): Promise<InferAnswer> {
  try {
    const given = await give();
    claim.keep(given.inferenceId!, given.body);
    return given;
  } catch (error) {
    claim.free();
    throw error;
  }
}

async function answer(runtime: FunctionRuntime, call: InferCall, deps: InferDeps, prepared: Prepared): Promise<InferAnswer> {
  const { definition } = runtime;
  const startedAt = call.startedAt ?? performance.now();
  const totalMs = call.deadlineMs ?? Math.max(1000, definition.latencyBudgetMs * budgetsForLast);
  const recorder = new StepRecorder(startedAt);
  const plan = runtime.plan();
  const arm = chooseArm(plan, runtime.count());
  const inference = { id: "" };
  const outcome = await runChain({
    context: call.caller,
    definition,
    chain: arm.chain,
    input: prepared.input,
    recorder,
    startedAt,
    totalMs,
    drill: call.drill ?? [],
    metadata: call.metadata,
    address: call.address,
    isDrill: isDrill(call),
    inference,
    signal: call.signal,
    ask: call.ask,
  });
  const id = (inference.id = createId(deps.clock));
  const inputText = JSON.stringify(prepared.input);
  const spending = spendingOf(recorder.steps);
  const common = { call, deps, prepared, runtime, recorder, arm, inputText, spending, notes: outcome.notes };
  if (outcome.output === undefined) return fail(id, outcome, common, performance.now() - startedAt >= totalMs);

  const candidate = outcome.candidate!;
  const outputText = JSON.stringify(outcome.output);
  const fallback = outcome.failures.length > 0;
  const latencyMs = roundMs(recorder.elapsed());
  await deps.journal.appendSerialized(
    "inference",
    id,
    writeRecord({
      ...recordParts(common),
      status: "ok",
      candidate: headOf(candidate, common),
      fallback,
      label: definition.labelOf(outcome.output),
      confidence: definition.confidenceOf(outcome.output),
      error: null,
      latencyMs,
      output: outputText,
    }),
  );
  if (plan.shadows.length > 0 && !isDrill(call)) {
    deps.shadows.offer({
      inferenceId: id,
      definition,
      variants: plan.shadows,
      input: prepared.input,
      caller: call.caller,
      metadata: call.metadata,
      address: call.address,
      label: definition.labelOf(outcome.output),
      output: outputText,
    });
  }
  const binding = candidate.variant!.binding.hash;
  const keptSeconds = definition.remembered.get(candidate.name);
  if (keptSeconds !== undefined && !isDrill(call)) {
    const { projectId, principalId } = call.caller;
    const question = { projectId, principalId, function: definition.name, variant: candidate.name, inputHash: hashInput(prepared.input) };
    deps.lastGood.keep(question, { inferenceId: id, binding, output: outputText }, keptSeconds);
  }
  return {
    inferenceId: id,
    repeated: false,
    spending,
    body: writeAnswer({ inferenceId: id, function: definition.name, variant: candidate.name, binding, fallback, latencyMs }, outputText),
  };
}

interface Common {
  readonly call: InferCall;
  readonly deps: InferDeps;
  readonly prepared: Prepared;
  readonly runtime: FunctionRuntime;
  readonly recorder: StepRecorder;
  readonly arm: ServingArm;
  readonly inputText: string;
  readonly spending: Spending | undefined;
  readonly notes: ChainOutcome["notes"];
}

function recordParts(common: Common) {
  const { call, deps, prepared, runtime } = common;
  return {
    caller: call.caller,
    function: runtime.definition.name,
    occurredAt: prepared.occurredAt,
    input: common.inputText,
    steps: common.recorder.steps,
    spending: common.spending,
    notes: isDrill(call) ? { ...common.notes, drill: call.drill } : common.notes,
    nodeFacts: deps.nodeFacts,
    stateAgeMs: deps.stateAgeMs(),
    traceId: call.traceId,
    budgetMs: runtime.definition.latencyBudgetMs,
    metadata: call.metadata,
    idempotency: prepared.idempotency,
  };
}

/** A drill is no traffic, also where nothing is treated as failing: what it shows must not count as the doing of an arm. */
function isDrill(call: InferCall): boolean {
  return call.drill !== undefined;
}

function headOf({ recordHead, drillHead, producedHead }: Candidate, { call }: Common): RecordInput["candidate"] {
  return { recordHead: isDrill(call) ? drillHead : recordHead, producedHead };
}

/** Records that nobody answered, then says so. */
async function fail(id: string, outcome: ChainOutcome, common: Common, timeIsUp: boolean): Promise<never> {
  const code = chainErrorCode(outcome.failures, timeIsUp);
  await common.deps.journal.appendSerialized(
    "inference",
    id,
    writeRecord({
      ...recordParts(common),
      // A key holds answers; a failure leaves it free, so the record must not claim it.
      idempotency: undefined,
      status: "failed",
      candidate: headOf(common.arm.chain[0]!, common),
      fallback: false,
      label: null,
      confidence: null,
      error: code,
      latencyMs: roundMs(common.recorder.elapsed()),
      output: "null",
    }),
  );
  const tried = [
    ...outcome.failures.map((failure) => `${failure.variant}: ${failure.message}`),
    ...outcome.unmet.map(({ variant, when }) => `${variant}: not asked, it is only when ${when}.`),
  ].join("; ");
  const message =
    code === "deadline_exceeded"
      ? `No answer was ready in time. Tried: ${tried || "nothing"}.`
      : `No variant of "${common.runtime.definition.name}" could answer. Tried: ${tried}.`;
  throw new AppError(code, message, { details: { inferenceId: id, failures: outcome.failures } });
}

/** The input as variants get it, or `invalid_input` naming each wrong field. */
export function parseInput(definition: FunctionDefinition, input: unknown): Record<string, unknown> {
  const parsed = definition.input.safeParse(input);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.slice(0, 20).map((issue) => ({ path: ["input", ...issue.path].join("."), message: issue.message }));
  throw new AppError(
    "invalid_input",
    `The input of "${definition.name}" is wrong at ${issues.map((issue) => `${issue.path}: ${issue.message}`).join("; ")}.`,
    { details: { issues } },
  );
}

function parseOccurredAt(text: string, now: number): number {
  const time = Date.parse(text);
  if (Number.isNaN(time) || time > now + clockSkewMs) {
    throw new AppError("invalid_request", `occurredAt ${text} is ${Number.isNaN(time) ? "not an instant" : "in the future"}.`, {
      details: { issues: [{ path: "occurredAt", message: "must be an instant that is not in the future" }] },
    });
  }
  return Math.min(time, now);
}

/** The response's text: the same bytes for a repeat under an idempotency key. */
export function writeAnswer(facts: Omit<InferResponse, "output">, output: string): string {
  return `{"inferenceId":"${facts.inferenceId}","function":"${facts.function}","output":${output},"variant":"${facts.variant}","binding":"${facts.binding}","fallback":${facts.fallback},"latencyMs":${facts.latencyMs}}`;
}
