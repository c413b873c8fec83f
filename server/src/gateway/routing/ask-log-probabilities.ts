import type { Target } from "../resolve-model.ts";
import type { GatewayCall } from "../stage.ts";
import type { CapabilityTable } from "./capability-table.ts";

const include = "message.output_text.logprobs";

/** The same call with log probabilities asked for, where the target can tell them; the caller then hears them too. */
export function askLogProbabilities(call: GatewayCall, target: Target, capabilities: CapabilityTable): GatewayCall {
  if (target.native === true || target.config.dialect === "anthropic" || call.request.logProbabilities !== undefined) return call;
  if (capabilities.find(target.provider, target.model)?.logProbabilities === false) return call;
  const request = { ...call.request, logProbabilities: { top: 0 } };
  if (call.dialect === "openai-chat") return { ...call, request, body: { ...call.body, logprobs: true } };
  if (call.dialect !== "openai-responses") return { ...call, request };
  const asked = Array.isArray(call.body["include"]) ? (call.body["include"] as unknown[]) : [];
  return { ...call, request, body: { ...call.body, include: [...asked, include] } };
}
