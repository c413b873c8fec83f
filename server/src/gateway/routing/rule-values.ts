import type { ConditionNames, ConditionValues } from "../../core/index.ts";
import { readSaid } from "../read-said.ts";
import type { GatewayCall } from "../stage.ts";
import { hasImages } from "./find-needs.ts";

/** What a rule may look at. */
export const ruleNames: ConditionNames = {
  "input.bytes": "number",
  "input.messages": "number",
  maxTokens: "number",
  tools: "flag",
  images: "flag",
  stream: "flag",
  user: "text",
  "metadata.*": "text",
};

export function ruleValues(call: Pick<GatewayCall, "origin" | "request">): ConditionValues {
  const { request } = call;
  const { tags, user } = readSaid(call);
  const metadata = Object.entries(tags).map(([name, value]) => [`metadata.${name}`, value] as const);
  return {
    ...Object.fromEntries(metadata),
    "input.bytes": Buffer.byteLength(JSON.stringify([request.system, request.messages, request.tools ?? []])),
    "input.messages": request.messages.length,
    maxTokens: request.maxTokens ?? undefined,
    tools: (request.tools ?? []).length > 0,
    images: hasImages(request),
    stream: request.stream,
    user,
  };
}
