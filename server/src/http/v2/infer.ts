import type { IncomingMessage, ServerResponse } from "node:http";
import { modelFunction } from "@millrace/contract";
import { Deadline, roundMs, toAppError } from "../../core/index.ts";
import type { OpenedModelCall } from "../../functions/index.ts";
import type { ModelReference } from "../../models/index.ts";
import type { Principal } from "../../governance/index.ts";
import { readTraceId } from "../hot.ts";
import { readJsonBody } from "../read-json.ts";
import { untilGone } from "../until-gone.ts";
import type { FoundModel } from "./find-model.ts";
import type { InferenceDoorDeps } from "./handle.ts";
import { invalid } from "./invalid.ts";
import { type InferenceRequest, inferenceSchema } from "./request-schema.ts";
import { checkOutputs, readRows, writeOutputs } from "./tensors.ts";

/** Milliseconds that all rows of a body may take. */
const budgetMs = 30_000;

export interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly principal: Principal;
  readonly name: string;
  readonly version: number | null;
  readonly startedAt: number;
}

/**
 * Answers `POST .../infer`: an inference like any other, of the function `model:<name>`. Admitted before the body is read; its rows,
 * whole, are one record, which is in the journal before the answer leaves.
 */
export async function inferModel(asked: Asked, deps: InferenceDoorDeps): Promise<{ text: string; inferenceId: string }> {
  const { request, response, principal, name, startedAt } = asked;
  const caller = { projectId: principal.projectId, principalId: principal.id, principalName: principal.name };
  let call: OpenedModelCall | undefined;
  try {
    const named = deps.functions.admitModel(principal, name);
    const { value, text } = await readJsonBody(request, deps.config.maxBodyBytes);
    const body = readBody(value);
    const found = await deps.find(caller, asked);
    const rows = readRows(found.signature, body);
    checkOutputs(found.signature, body);
    const traceId = readTraceId(request.headers["traceparent"]);
    call = deps.functions.openModelCall({
      caller,
      function: named,
      variant: variantOf(found.reference),
      input: text,
      startedAt,
      traceId,
      budgetMs,
    });
    const deadline = new Deadline(startedAt + budgetMs, untilGone(response));
    return await run({ call, caller, found, rows, body, deadline }, deps);
  } catch (error) {
    const { code, message } = toAppError(error);
    if (call === undefined) deps.functions.refuse({ function: modelFunction(name), caller, code, detail: message });
    throw error;
  }
}

interface Running {
  readonly call: OpenedModelCall;
  readonly caller: { readonly projectId: string; readonly principalId: string };
  readonly found: FoundModel;
  readonly rows: readonly Record<string, unknown>[];
  readonly body: InferenceRequest;
  readonly deadline: Deadline;
}

async function run(
  { call, caller, found, rows, body, deadline }: Running,
  { models }: Pick<InferenceDoorDeps, "models">,
): Promise<{ text: string; inferenceId: string }> {
  const { reference, signature } = found;
  const variant = variantOf(reference);
  const startMs = call.evidence.elapsed();
  const note = (status: "ok" | "failed") =>
    call.evidence.step({
      name: variant,
      kind: "model",
      startMs: roundMs(startMs),
      durationMs: roundMs(call.evidence.elapsed() - startMs),
      status,
      details: { hash: reference.hash, rows: rows.length },
    });
  // Nobody is paid for it; what counts the cost of models need not guess.
  const produced = { model: variant, modelHash: reference.hash, rows: rows.length, cost: { amount: "0", currency: "USD" } };
  let outputs: object[];
  try {
    const predictions = await models.predictMany(caller, reference, rows, { deadline });
    note("ok");
    outputs = writeOutputs(signature, predictions, body.outputs);
  } catch (error) {
    note("failed");
    await call.close({ status: "failed", error: toAppError(error).code, variant: null, output: "null", produced });
    throw error;
  } finally {
    deadline.end();
  }
  const id = body.id ?? call.id;
  const text = JSON.stringify({ model_name: reference.model, model_version: String(reference.version), id, outputs });
  await call.close({ status: "ok", error: null, variant, output: text, produced });
  return { text, inferenceId: call.id };
}

function readBody(value: unknown): InferenceRequest {
  const parsed = inferenceSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.slice(0, 20).map(({ path, message }) => `${path.join(".") || "its top"}: ${message}`);
  throw invalid(`The body is wrong at ${issues.join("; ")}.`);
}

function variantOf({ model, version }: ModelReference): string {
  return `${model}@${version}`;
}
