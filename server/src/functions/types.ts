import type { Archive, ErasedBody } from "./archive/types.ts";
import type { Batches } from "./batches/types.ts";
import type {
  ErrorCode,
  Estimate,
  Evidence,
  FunctionDetail,
  FunctionSummary,
  Inference,
  InferenceDetail,
  InferResponse,
  ModelTraffic,
  SeriesPoint,
} from "@millrace/contract";
import type { z } from "zod";
import type { Clock, Condition, Context, Deadline, EvidenceRecorder, Logger, Step } from "../core/index.ts";
import type { Gateway, InferenceReference } from "../gateway/index.ts";
import type { Governance, Principal } from "../governance/index.ts";
import type { Counters, HotState, Sql, Tx } from "../storage/index.ts";
import type { DemonstrationsPort } from "./demonstrations-port.ts";
import type { Spending } from "./llm/spending.ts";
import type { Erased, LlmClocks, Prediction, VariantEntry, VariantSpec } from "./variants/specs.ts";

/** What a function is for, who loses what when it errs. */
export interface Purpose {
  readonly objective: string;
  /** The decision its answer changes. */
  readonly decision: string;
  readonly errors: readonly { readonly error: string; readonly cost: string }[];
}

/** One version of a registered model; `hash` is its file's. */
export interface ModelReference {
  readonly model: string;
  readonly version: number;
  readonly hash: string;
}

/** What functions need of the models module. */
export interface ModelsPort {
  /** The version an alias names, or this version; null when there is none. */
  resolve(
    context: Context,
    input: { readonly model: string; readonly alias?: string; readonly version?: number },
  ): Promise<ModelReference | null>;
  /** Loads and warms it on this node; a second call is cheap. */
  load(context: Context, reference: ModelReference): Promise<void>;
  predict(
    context: Context,
    reference: ModelReference,
    inputs: Readonly<Record<string, unknown>>,
    options: { readonly deadline: Deadline; readonly evidence: EvidenceRecorder },
  ): Promise<Prediction>;
}

/** A step of a fallback chain: a variant's name, or the name with the condition under which it is asked at all. */
export type FallbackStep<N extends string> =
  | N
  | {
      readonly variant: N;
      /** `input.bytes < 2000 and metadata.tier == 'free'`: see docs/functions.md. */
      readonly when: string;
    };

/** What `defineFunction` takes. */
export interface FunctionSpec<
  I extends z.ZodObject,
  O extends z.ZodObject,
  V extends Record<string, VariantEntry<z.output<I>, z.input<O>>>,
> {
  readonly name: string;
  /** Who answers for it: a person or a team. */
  readonly owner: string;
  readonly purpose: Purpose;
  /** How far it may go, in plain words. */
  readonly boundary: string;
  readonly input: I;
  readonly output: O;
  readonly latencyBudgetMs: number;
  /** How long its models may keep silent; all of their time is the budget's. A variant may be stricter. */
  readonly clocks?: Omit<LlmClocks, "totalMs">;
  /** What it is asked about, of `gateway.dataClasses`: only providers that list it may see it. */
  readonly dataClass?: string;
  /** Default 1 MiB. */
  readonly maxBodyBytes?: number;
  readonly variants: V;
  /** The order in which variants are tried. */
  readonly fallback: readonly FallbackStep<NoInfer<keyof V & string>>[];
  /** The label recorded with an answer; by default `output.label`. */
  labelOf?(output: z.output<O>): string | null;
  /** The confidence recorded with an answer; by default `output.confidence`. */
  confidenceOf?(output: z.output<O>): number | null;
  /** Read by the monitoring module, passed through. */
  readonly monitoring?: Readonly<Record<string, unknown>>;
  /** Read by the release module, passed through. */
  readonly retraining?: Readonly<Record<string, unknown>>;
}

/** A function as the program holds it: checked, frozen, types erased. */
export interface FunctionDefinition {
  readonly name: string;
  readonly owner: string;
  readonly purpose: Purpose;
  readonly boundary: string;
  readonly input: z.ZodObject;
  readonly output: z.ZodObject;
  readonly latencyBudgetMs: number;
  readonly maxBodyBytes: number;
  readonly clocks?: Omit<LlmClocks, "totalMs">;
  readonly dataClass?: string;
  readonly variants: Readonly<Record<string, VariantSpec<Erased, Erased>>>;
  readonly fallback: readonly string[];
  /** Of the variants in `fallback` that have one: asked only where it holds. */
  readonly conditions: ReadonlyMap<string, Condition>;
  /** Variants whose answers are kept for a last-good step, and for how many seconds. */
  readonly remembered: ReadonlyMap<string, number>;
  /** Whether a variant asks a foundation model. */
  readonly asksModels: boolean;
  labelOf(output: Record<string, unknown>): string | null;
  confidenceOf(output: Record<string, unknown>): number | null;
  readonly monitoring: Readonly<Record<string, unknown>>;
  readonly retraining: Readonly<Record<string, unknown>>;
}

/** A variant with every reference resolved to a version: immutable, named by the SHA-256 of its canonical JSON. */
export interface Binding {
  /** 64 hex digits. */
  readonly hash: string;
  readonly function: string;
  readonly variant: string;
  readonly kind: VariantSpec<unknown, unknown>["kind"];
  /** For people: `triage-mail@2`, `rules`. */
  readonly label: string;
  readonly resolved: Readonly<Record<string, unknown>>;
}

export type ArmRole = "stable" | "canary" | "shadow";
export interface Arm {
  readonly binding: string;
  readonly variant: string;
  readonly role: ArmRole;
  /** Share of traffic in [0, 1]; the shares of stable and canary sum to 1; 0 for a shadow. */
  readonly share: number;
}

/** Which bindings of a function get which traffic. `release` is null for the first start's own choice. */
export interface Arms {
  readonly function: string;
  readonly release: string | null;
  readonly arms: readonly Arm[];
}

/** What answers questions to foundation models. */
export type AskPort = Gateway["ask"];

/** What a variant is given: parsed input, the time that is left as a signal, and where to note its steps. */
export interface VariantCall {
  readonly context: Context;
  readonly input: Record<string, unknown>;
  readonly deadline: Deadline;
  /** The deadline's, made when it is read. */
  readonly signal: AbortSignal;
  readonly evidence: EvidenceRecorder;
  /** What the caller says about his call: budgets, routing and the class of data look at it. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** The caller's, of the network: budgets count by it. */
  readonly address?: string | undefined;
  /** Made on purpose to see what answers: no kept answer is told in it, and none of it is kept. */
  readonly isDrill?: boolean | undefined;
  /** The inference it is a part of. */
  readonly inference?: InferenceReference | undefined;
  /** Answers what is asked of models, instead of the gateway. */
  readonly ask?: AskPort | undefined;
  /** Which of several answers this one is, for variants that draw by chance. */
  readonly seed?: number;
  /** Facts about the answer that belong into its evidence: members of `produced`, and the step's details. */
  readonly note?: (facts: Readonly<Record<string, unknown>>) => void;
}

/** One interchangeable way to do a function, bound and ready to run. Every kind implements this. */
export interface Variant {
  readonly binding: Binding;
  /** Output before it is checked; undefined abstains. */
  run(call: VariantCall): unknown;
}

/** Answer of one variant, checked against the output schema. */
export interface VariantResult {
  readonly output: Record<string, unknown>;
  readonly label: string | null;
  readonly confidence: number | null;
  readonly binding: string;
  readonly variant: string;
  readonly steps: readonly Step[];
  readonly latencyMs: number;
}

/** The caller, as governance made it out. */
export interface Caller extends Context {
  readonly principalId: string;
  readonly principalName: string;
}

/** A request that was admitted: key, switch, limit and size are checked before. */
export interface InferCall {
  readonly caller: Caller;
  readonly function: string;
  readonly input: unknown;
  readonly occurredAt?: string;
  readonly deadlineMs?: number;
  readonly drill?: readonly string[];
  readonly metadata?: Readonly<Record<string, string>>;
  /** The caller's, of the network, where there is one. */
  readonly address?: string | undefined;
  readonly idempotencyKey?: string;
  /** W3C trace id (32 hex digits). */
  readonly traceId?: string;
  /** `performance.now()` at arrival. */
  readonly startedAt?: number;
  readonly signal?: AbortSignal;
  /** Answers what variants ask of models, instead of the gateway. */
  readonly ask?: AskPort;
}

/** The answer as it goes onto the wire: `InferResponse` as JSON text. */
export interface InferAnswer {
  readonly body: string;
  /** True when an idempotency key brought back an earlier answer. */
  readonly repeated: boolean;
  /** Null for a repeat, whose id is in the body. */
  readonly inferenceId: string | null;
  /** What foundation models did for it; absent where none was asked, and for a repeat. */
  readonly spending?: Spending | undefined;
}

/** A call of a foundation model by its bare name, admitted. */
export interface ModelCall {
  readonly caller: Caller;
  /** As `admitModel` answered it. */
  readonly function: string;
  /** Who was to answer: `<provider>/<model>`. */
  readonly variant: string;
  /** The request, as JSON text. */
  readonly input: string;
  /** `performance.now()` at arrival. */
  readonly startedAt: number;
  readonly traceId: string | undefined;
  /** Milliseconds it may take. */
  readonly budgetMs: number;
}

/** How a call of a foundation model ended. */
export interface ModelCallEnd {
  readonly status: "ok" | "failed";
  readonly error: ErrorCode | null;
  /** Who answered, if anybody; another than asked is a fallback. */
  readonly variant: string | null;
  /** Who was to be asked, where that was decided after the call was opened. */
  readonly chosen?: string | undefined;
  /** JSON text; what there was of an answer that was cut. */
  readonly output: string;
  /** Usage, cost, the model as the provider names it: JSON members for `produced`. */
  readonly produced: Readonly<Record<string, unknown>>;
}

/** One call under way. */
export interface OpenedModelCall {
  readonly id: string;
  readonly evidence: EvidenceRecorder;
  /** Before the first byte of a stream leaves: from here on a process that dies leaves an `interrupted` inference. */
  open(): Promise<void>;
  /** Resolves when the record is in the journal; nothing of an answer may leave before. Once. */
  close(end: ModelCallEnd): Promise<void>;
}

/** What functions need of the journal. */
export interface EvidenceJournal {
  appendSerialized(type: string, id: string, json: string): Promise<void>;
  unavailable(): string | undefined;
  stats(): { readonly accepted: number; readonly stored: number; readonly rejected: number; readonly backlog: number };
}

/** One line of the journal, type `inference`: everything about one answer. */
export interface InferenceRecord {
  readonly id: string;
  readonly function: string;
  readonly status: "ok" | "failed" | "refused" | "interrupted";
  readonly variant: string | null;
  readonly binding: string | null;
  readonly arm: ArmRole | "drill" | null;
  readonly release: string | null;
  readonly fallback: boolean;
  readonly label: string | null;
  readonly confidence: number | null;
  readonly error: ErrorCode | null;
  readonly latencyMs: number;
  readonly caller: string;
  readonly occurredAt: string;
  readonly input: unknown;
  readonly output: unknown;
  readonly steps: readonly Step[];
  readonly produced: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Rows the evaluation module asks variants about, outside the traffic. */
export interface RunVariantInput {
  readonly function: string;
  /** A variant's name (its current binding) or a binding's hash. */
  readonly variant?: string;
  readonly binding?: string;
  readonly input: unknown;
  readonly signal?: AbortSignal;
  /** Answers what the variant asks of models, instead of the gateway. */
  readonly ask?: AskPort;
}

/** What the edge hears about a request that may not go on. */
export interface Refusal {
  readonly function: string;
  readonly caller: Caller;
  readonly code: ErrorCode;
  readonly occurredAt?: string;
  readonly detail?: string;
}

export interface InferencesQuery {
  readonly function?: string;
  readonly variant?: string;
  readonly status?: "ok" | "failed" | "refused" | "interrupted";
  readonly label?: string;
  readonly misread?: boolean;
  readonly fallback?: boolean;
  readonly limit: number;
  readonly cursor?: string;
}

export interface InferencePage {
  readonly items: Inference[];
  readonly next: string | null;
}

export interface SetArms {
  readonly function: string;
  /** The release row this comes from. */
  readonly release: string | null;
  readonly arms: readonly Arm[];
}

export interface BindInput {
  readonly function: string;
  readonly variant: string;
  /** Model versions instead of those the aliases name, by model: `{ "triage-mail": 2 }`. */
  readonly versions?: Readonly<Record<string, number>>;
}

export interface StartFunctions {
  /** The process before this one of the same node still answers. */
  readonly overlaps?: boolean;
}

/** The heart: declares, binds, admits, runs, records. */
export interface Functions {
  /** Every function of the configuration. */
  readonly definitions: readonly FunctionDefinition[];
  /** `unknown_function` when there is none. */
  definition(name: string): FunctionDefinition;

  /** Resolves a variant to a version and keeps the row; the same parts give the same binding. `unknown_model` when a model has no such version. */
  bind(context: Context, input: BindInput): Promise<Binding>;
  /** The binding with this hash, from memory or the table. */
  binding(context: Context, hash: string): Promise<Binding | null>;
  /** Which bindings get which traffic, as the table says. */
  arms(context: Context, functionName: string): Promise<Arms>;
  /** Writes the arms in the caller's transaction; every node follows within a second. The caller audits. `conflict` when they make no sense. */
  setArms(tx: Tx, input: SetArms): Promise<void>;
  /** Bindings that are loaded and warm on this node. */
  readyBindings(): string[];

  /**
   * Admission before the body is read: key, switch, limit; and whether evidence can be kept at all. Memory only. `forbidden`,
   * `unknown_function`, `function_switched_off`, `state_stale`, `rate_limited`, `overloaded`, `evidence_unavailable`.
   */
  admit(principal: Principal, functionName: string): FunctionDefinition;
  /** The same for a foundation model by its bare name, which is the function `model:<provider>/<model>`: answers that name. */
  admitModel(principal: Principal, model: string): string;
  /** Starts the evidence of such a call. Whoever opens it closes it. */
  openModelCall(call: ModelCall): OpenedModelCall;
  /** Answers one request; resolves only after its evidence is in the journal. */
  infer(call: InferCall): Promise<InferAnswer>;
  /** Notes a refusal as evidence, within a bound (README). Never throws. */
  refuse(refusal: Refusal): void;
  /** One variant on one input, outside the traffic and without a record: for evaluation. */
  runVariant(context: Context, input: RunVariantInput): Promise<VariantResult>;

  list(context: Context): Promise<FunctionSummary[]>;
  get(context: Context, name: string): Promise<FunctionDetail>;
  /** What happened in buckets of `occurred_at`. */
  series(
    context: Context,
    name: string,
    query: { buckets: number; from?: string | undefined; to?: string | undefined },
  ): Promise<SeriesPoint[]>;
  /** Calls of foundation models by their own names in the last hours. */
  modelTraffic(context: Context, query: { hours: number }): Promise<ModelTraffic>;
  listInferences(context: Context, query: InferencesQuery): Promise<InferencePage>;
  /** `unknown_inference` when there is none. Feedback is joined through the port. The read is audited. */
  getInference(context: Context, id: string): Promise<InferenceDetail>;
  /** Erases what went in and came out of one inference, wherever it is kept. Audited; a repeat changes nothing. `unknown_inference`. */
  eraseBody(context: Context, id: string): Promise<ErasedBody>;

  /** Loads arms and bindings, binds what is new, warms what gets traffic, and follows changes from then on. */
  start(options?: StartFunctions): Promise<void>;
  /** The process this one took over from is gone, and what it answered is in the tables: takes up its idempotency keys. */
  takeUpKeys(): Promise<void>;
  /** Started, and what the last run of this node answered is in the tables: from here on they know every idempotency key of it. */
  settled(): boolean;
  /** Why this node may not take traffic yet; empty when it may. */
  unreadyReasons(): string[];
  /** Waits for shadows in flight. */
  close(): Promise<void>;
}

/** Feedback on one inference, as its detail shows it. */
export type InferenceFeedback = InferenceDetail["feedback"][number];

/** What functions ask of feedback, which is built above them. */
export interface FeedbackPort {
  /** The newest true label of each of these inferences that has one. */
  labels(context: Context, ids: readonly string[]): Promise<ReadonlyMap<string, string>>;
  ofInference(context: Context, id: string): Promise<InferenceFeedback[]>;
  /** Inferences whose newest true label equals their own label, or does not; newest first, before `cursor`. */
  compared(
    context: Context,
    query: {
      readonly agrees: boolean;
      readonly function?: string | undefined;
      readonly cursor?: string | undefined;
      readonly limit: number;
    },
  ): Promise<string[]>;
  /** Accuracy within each range of `occurred_at`; null where nothing is labelled. */
  accuracy(
    context: Context,
    functionName: string,
    ranges: readonly { readonly from: string; readonly to: string }[],
  ): Promise<(Estimate | null)[]>;
}

export interface FunctionsDeps {
  readonly definitions: readonly FunctionDefinition[];
  readonly sql: Sql;
  readonly hotState: HotState;
  readonly journal: EvidenceJournal;
  readonly counters: Counters;
  readonly governance: Pick<Governance, "authorize" | "switches" | "audit">;
  readonly models: ModelsPort;
  /** Who asks foundation models; needed where a variant is an `llm`. */
  readonly gateway?:
    | Pick<Gateway, "ask" | "resolve" | "dialect" | "dataClasses" | "estimate" | "count" | "vectors" | "embeddings" | "cache">
    | undefined;
  /** Where inferences are found that have left SQL. */
  readonly archive?: Pick<Archive, "find" | "erase">;
  /** Asked at each use: feedback is built after functions. */
  readonly feedback?: () => FeedbackPort | undefined;
  /** Asked at each use, as `feedback`. */
  readonly demonstrations?: (() => DemonstrationsPort | undefined) | undefined;
  /** Where answers of batches are taken out of their results; asked at each use, as `feedback`. */
  readonly batches?: (() => Pick<Batches, "eraseRow"> | undefined) | undefined;
  /** Told when the loaded bindings changed: `jobs.setNodeStatus`. */
  readonly onReadyBindings?: (hashes: readonly string[]) => Promise<void>;
  /** Hash of the configuration's source files: the version of plain code. */
  readonly sourceHash: string;
  readonly configHash: string;
  /** The node's name, and the process that is it now; both stand in every record. */
  readonly node: string;
  readonly process?: string;
  /** False: another process carries this journal to SQL, so how far it is cannot be seen from here. Default true. */
  readonly drains?: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}

export type { Evidence, FunctionDetail, FunctionSummary, Inference, InferenceDetail, InferResponse, SeriesPoint };
export type * from "./demonstrations-port.ts";
export type * from "./variants/specs.ts";
