import { modelFunction } from "@millrace/contract";
import { toAppError } from "../../core/index.ts";
import type { OpenedModelCall } from "../../functions/index.ts";
import type { CallOrigin } from "../../gateway/index.ts";
import type { Principal } from "../../governance/index.ts";
import { readTraceId } from "../hot.ts";
import type { Door, GatewayDoorDeps } from "./door.ts";

export interface CallToOpen {
  readonly principal: Principal;
  /** What the implicit function is called after. */
  readonly model: string;
  /** Who is to answer: `<provider>/<model>`. */
  readonly variant: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly startedAt: number;
  readonly budgetMs: number;
}

/** Admits a call of a model under its name and opens its evidence. What is refused is told to whom it concerns. */
export function openCall(
  door: Door,
  { principal, model, variant, body, startedAt, budgetMs }: CallToOpen,
  deps: GatewayDoorDeps,
): { readonly call: OpenedModelCall; readonly origin: CallOrigin } {
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
  const call = deps.functions.openModelCall({ caller, function: name, variant, input: JSON.stringify(body), startedAt, traceId, budgetMs });
  door.call = call;
  const address = request.socket.remoteAddress ?? null;
  return { call, origin: { projectId: principal.projectId, principalId: principal.id, function: name, address } };
}
