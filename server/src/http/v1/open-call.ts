import { modelFunction } from "@millrace/contract";
import { toAppError } from "../../core/index.ts";
import type { OpenedModelCall } from "../../functions/index.ts";
import type { CallOrigin, OpenedCall } from "../../gateway/index.ts";
import type { Principal } from "../../governance/index.ts";
import { readTraceId } from "../hot.ts";
import type { Door, GatewayDoorDeps } from "./door.ts";
import { endOfCall } from "./end-of-call.ts";
import { rightsOf } from "./rights-of.ts";

export interface CallToOpen {
  readonly principal: Principal;
  /** What the implicit function is called after. */
  readonly model: string;
  /** Who is to answer: `<provider>/<model>`. */
  readonly variant: string;
  /** JSON text: what was asked. */
  readonly input: string;
  readonly startedAt: number;
  readonly budgetMs: number;
}

export interface CallOpened {
  readonly call: OpenedModelCall;
  readonly origin: CallOrigin;
  /** Another inference on the same behalf. */
  readonly reopen: () => OpenedCall;
}

/** Admits a call of a model under its name and opens its evidence. What is refused is told to whom it concerns. */
export function openCall(
  door: Door,
  { principal, model, variant, input, startedAt, budgetMs }: CallToOpen,
  deps: GatewayDoorDeps,
): CallOpened {
  const { request } = door;
  const caller = { projectId: principal.projectId, principalId: principal.id, principalName: principal.name };
  let name = "";
  try {
    name = deps.functions.admitModel(principal, model);
  } catch (error) {
    const { code, message } = toAppError(error);
    deps.gateway.refused({ projectId: principal.projectId, principalId: principal.id }, code);
    deps.functions.refuse({ function: modelFunction(model), caller, code, detail: message });
    throw error;
  }
  const traceId = readTraceId(request.headers["traceparent"]);
  const opening = { caller, function: name, variant, input, startedAt, traceId, budgetMs };
  const call = deps.functions.openModelCall(opening);
  door.call = call;
  const { projectId, id: principalId } = principal;
  const address = request.socket.remoteAddress ?? null;
  return {
    call,
    origin: { projectId, principalId, function: name, address, rights: rightsOf(principal) },
    reopen() {
      const again = deps.functions.openModelCall({ ...opening, startedAt: performance.now() });
      return { inferenceId: again.id, evidence: again.evidence, close: (outcome) => again.close(endOfCall(outcome)) };
    },
  };
}
