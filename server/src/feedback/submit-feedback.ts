import type { FeedbackItem, FeedbackReceipt } from "@millrace/contract";
import { type Clock, type Context, canonicalJson, createId, idTime, sha256 } from "../core/index.ts";
import type { FunctionDefinition } from "../functions/index.ts";
import type { AuditChange } from "../governance/index.ts";
import type { Sql, Tx } from "../storage/index.ts";
import { checkItem } from "./check-item.ts";
import * as repository from "./repository.ts";
import type { SettleEvidence } from "./types.ts";

export interface SubmitDeps {
  readonly sql: Sql;
  readonly audit: (tx: Tx, change: AuditChange) => Promise<void>;
  /** Undefined for a function that is not configured any more. */
  readonly definition: (name: string) => FunctionDefinition | undefined;
  readonly settle: SettleEvidence;
  readonly clock: Clock;
}

type Result = FeedbackReceipt["results"][number];

const settleMs = 2000;
const pollMs = 100;
/** An older id that is not stored is in no journal either, short of an outage of that length. */
const journalAgeMs = 3_600_000;
/** How long other nodes' journals may take to be drained when nothing is wrong. */
const drainAgeMs = 60_000;

/** Keeps what can be kept, answers every item, and writes one audit entry, in one transaction. */
export async function submitFeedback(context: Context, items: readonly FeedbackItem[], deps: SubmitDeps): Promise<FeedbackReceipt> {
  const lowered = items.map((item) => ({ ...item, inferenceId: item.inferenceId.toLowerCase() }));
  await awaitStored(context, [...new Set(lowered.map((item) => item.inferenceId))], deps);
  return deps.sql.as(context, (tx) => keep(tx, lowered, deps));
}

/** Gives evidence that is accepted but not stored yet a moment to arrive, so that its feedback is not refused wrongly. */
async function awaitStored(context: Context, ids: readonly string[], deps: SubmitDeps): Promise<void> {
  const started = performance.now();
  const find = () => deps.sql.as(context, (tx) => repository.findInferences(tx, ids));
  let known = await find();
  const now = deps.clock.now();
  const missing = (maxAge: number) => ids.filter((id) => !known.has(id) && idTime(id) > now - maxAge && idTime(id) <= now + drainAgeMs);
  if (missing(journalAgeMs).length === 0) return;
  if ((await deps.settle(settleMs)) === "complete") return;
  known = await find();
  while (missing(drainAgeMs).length > 0 && performance.now() - started < settleMs) {
    await new Promise((resolve) => setTimeout(resolve, pollMs));
    known = await find();
  }
}

async function keep(tx: Tx, items: readonly FeedbackItem[], deps: SubmitDeps): Promise<FeedbackReceipt> {
  const ids = [...new Set(items.map((item) => item.inferenceId))];
  await repository.lockSubmissions(tx);
  const functions = await repository.findInferences(tx, ids);
  const memory = createMemory(await repository.findSaidBefore(tx, ids));
  const kept: repository.NewItem[] = [];
  const counts = new Map<string, { function: string; repeated: number; refused: number }>();
  const results = items.map((item): Result => {
    const functionName = functions.get(item.inferenceId);
    const result = judge(item, { functionName, memory, kept }, deps);
    if (result.status !== "accepted") countOne(counts, functionName ?? "", result.status);
    return result;
  });
  await repository.insertItems(tx, kept);
  await repository.upsertLabels(tx, newestLabels(kept));
  await repository.addCounts(tx, [...counts.values()]);
  const receipt = { accepted: 0, repeated: 0, refused: 0, results };
  for (const { status } of results) receipt[status] += 1;
  const names = [...new Set(functions.values())].sort();
  const { accepted, repeated, refused } = receipt;
  await deps.audit(tx, {
    action: "feedback.submit",
    object: names.length === 1 ? `function:${names[0]}` : "functions",
    after: { accepted, repeated, refused, functions: names },
  });
  return receipt;
}

interface Around {
  readonly functionName: string | undefined;
  readonly memory: Memory;
  readonly kept: repository.NewItem[];
}

function judge(item: FeedbackItem, { functionName, memory, kept }: Around, deps: SubmitDeps): Result {
  const { inferenceId } = item;
  const refuse = (code: string, reason: string): Result => ({ inferenceId, status: "refused", id: null, code, reason });
  if (functionName === undefined) return refuse("unknown_inference", `There is no inference ${inferenceId}.`);
  const checked = checkItem(item, deps.definition(functionName), deps.clock.now());
  if ("code" in checked) return refuse(checked.code, checked.reason);
  const id = createId(deps.clock);
  const occurredAt = new Date(item.occurredAt === undefined ? idTime(id) : Date.parse(item.occurredAt)).toISOString();
  const value = item.value === undefined ? null : item.value;
  const said = { inferenceId, kind: item.kind, source: item.source, valueHash: sha256(canonicalJson(value)), occurredAt, id };
  const earlier = memory.find(said);
  if (earlier !== undefined) return { inferenceId, status: "repeated", id: earlier.id, code: null, reason: null };
  memory.add(said);
  kept.push({ ...said, function: functionName, value, label: checked.label });
  return { inferenceId, status: "accepted", id, code: null, reason: null };
}

interface Memory {
  /** The item that this one repeats. */
  find(said: repository.SaidBefore): repository.SaidBefore | undefined;
  add(said: repository.SaidBefore): void;
}

/**
 * What a source said before about an inference, by kind. The same again is a repeat when it carries the same time, or when it
 * is what the source said last; somebody who changed their mind twice is heard three times.
 */
function createMemory(saidBefore: readonly repository.SaidBefore[]): Memory {
  const bySpeaker = new Map<string, repository.SaidBefore[]>();
  const keyOf = (said: repository.SaidBefore) => JSON.stringify([said.inferenceId, said.kind, said.source]);
  const listOf = (said: repository.SaidBefore) => {
    let list = bySpeaker.get(keyOf(said));
    if (list === undefined) bySpeaker.set(keyOf(said), (list = []));
    return list;
  };
  for (const said of saidBefore) listOf(said).push(said);
  return {
    find(said) {
      const list = listOf(said);
      const before = list.filter((each) => each.occurredAt <= said.occurredAt).at(-1);
      if (before?.valueHash === said.valueHash) return before;
      return list.find((each) => each.valueHash === said.valueHash && each.occurredAt === said.occurredAt);
    },
    add(said) {
      const list = listOf(said);
      list.push(said);
      list.sort((a, b) => (a.occurredAt < b.occurredAt ? -1 : a.occurredAt > b.occurredAt ? 1 : 0));
    },
  };
}

/** Of several labels of one inference in a batch the newest counts. */
function newestLabels(items: readonly repository.NewItem[]): repository.NewItem[] {
  const newest = new Map<string, repository.NewItem>();
  for (const item of items) {
    const held = newest.get(item.inferenceId);
    if (item.label !== null && (held === undefined || item.occurredAt >= held.occurredAt)) newest.set(item.inferenceId, item);
  }
  return [...newest.values()];
}

function countOne(
  counts: Map<string, { function: string; repeated: number; refused: number }>,
  name: string,
  status: "repeated" | "refused",
): void {
  let entry = counts.get(name);
  if (entry === undefined) counts.set(name, (entry = { function: name, repeated: 0, refused: 0 }));
  entry[status] += 1;
}
