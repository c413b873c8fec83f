import type { ErrorCode } from "@millrace/contract";
import type { Step } from "../core/index.ts";
import type { Spending } from "./llm/spending.ts";
import type { Candidate } from "./serving-plan.ts";
import type { Caller } from "./types.ts";

/** Facts of this process that every record carries, written out once. */
export function writeNodeFacts(node: string, configHash: string, process?: string): string {
  const which = process === undefined ? "" : `,"process":${JSON.stringify(process)}`;
  return `"node":${JSON.stringify(node)}${which},"configHash":${JSON.stringify(configHash)}`;
}

export interface RecordInput {
  readonly status: "ok" | "failed" | "refused";
  readonly caller: Caller;
  /** The variant that answered, or the first of the chain when none did; null for a refusal. */
  readonly candidate: Pick<Candidate, "recordHead" | "producedHead"> | null;
  readonly function: string;
  readonly fallback: boolean;
  readonly label: string | null;
  readonly confidence: number | null;
  readonly error: ErrorCode | null;
  readonly latencyMs: number;
  /** Milliseconds since the epoch. */
  readonly occurredAt: number;
  /** JSON texts. Without an input it is in the record that opened this one. */
  readonly input: string | undefined;
  readonly output: string;
  readonly steps: readonly Step[];
  /** Further members of `produced`, where foundation models were asked. */
  readonly spending?: Spending | undefined;
  /** Further members of `produced`. */
  readonly notes?: Readonly<Record<string, unknown>> | undefined;
  readonly nodeFacts: string;
  readonly stateAgeMs: number;
  readonly traceId: string | undefined;
  readonly budgetMs: number;
  readonly metadata: Readonly<Record<string, string>> | undefined;
  readonly idempotency: { readonly key: string; readonly inputHash: string } | undefined;
}

/**
 * The text of one journal record of type `inference`. Written by hand because it is on the path of every answer: what
 * never changes is in `candidate` and `nodeFacts` already, and input and output are not serialised a second time.
 */
export function writeRecord(record: RecordInput): string {
  const { candidate } = record;
  const head =
    candidate?.recordHead ?? `"function":${JSON.stringify(record.function)},"variant":null,"binding":null,"arm":null,"release":null`;
  const produced = candidate === null ? "" : `,${candidate.producedHead}`;
  const spent = record.spending === undefined ? "" : `,${JSON.stringify(record.spending).slice(1, -1)}`;
  const notes = record.notes === undefined ? "" : `,${JSON.stringify(record.notes).slice(1, -1)}`;
  const trace = record.traceId === undefined ? "" : `,"traceId":"${record.traceId}"`;
  const idempotency = record.idempotency === undefined ? "" : `,"idempotency":${JSON.stringify(record.idempotency)}`;
  return `{"projectId":"${record.caller.projectId}","status":"${record.status}",${head},"fallback":${record.fallback},"label":${textOrNull(record.label)},"confidence":${numberOrNull(record.confidence)},"error":${textOrNull(record.error)},"latencyMs":${record.latencyMs},"caller":${JSON.stringify(record.caller.principalId)},"occurredAt":${record.occurredAt}${record.input === undefined ? "" : `,"input":${record.input}`},"output":${record.output},"steps":${JSON.stringify(record.steps)},"produced":{${record.nodeFacts},"stateAgeMs":${Math.round(record.stateAgeMs)},"budgetMs":${record.budgetMs}${trace}${produced}${spent}${notes}},"metadata":${record.metadata === undefined ? "{}" : JSON.stringify(record.metadata)}${idempotency}}`;
}

function textOrNull(text: string | null): string {
  return text === null ? "null" : JSON.stringify(text);
}

function numberOrNull(value: number | null): string {
  return value === null || !Number.isFinite(value) ? "null" : String(value);
}
