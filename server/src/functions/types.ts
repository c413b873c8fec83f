import type {
  ErrorCode,
  Evidence,
  FunctionDetail,
  FunctionSummary,
  Inference,
  InferenceDetail,
  InferResponse,
  ModelTraffic,
  SeriesPoint,
} from "@millrace/contract";
import type { Clock, Context, Deadline, EvidenceRecorder, Logger, Step } from "../core/index.ts";
import type { Gateway, InferenceReference } from "../gateway/index.ts";
import type { Governance, Principal } from "../governance/index.ts";
import type { Counters, HotState, Sql, Tx } from "../storage/index.ts";
import type { Archive, ErasedBody } from "./archive/types.ts";
import type { Batches } from "./batches/types.ts";
import type { AskPort, InferAnswer, InferCall, ModelCall, OpenedModelCall, Refusal, RunVariantInput } from "./call-types.ts";
import type { FunctionDefinition } from "./definition-types.ts";
import type { DemonstrationsPort } from "./demonstrations-port.ts";
import type { EvidenceJournal, FeedbackPort, ModelsPort } from "./ports.ts";
import type { VariantSpec } from "./variants/specs.ts";

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
export type * from "./call-types.ts";
export type * from "./definition-types.ts";
export type * from "./ports.ts";
