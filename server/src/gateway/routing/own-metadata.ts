import type { GatewayCall } from "../stage.ts";
import type { ChatRequest } from "../types.ts";
import { conditionsOf } from "./choosers/rules.ts";

/** Said to the gateway, whoever answers. */
const own: readonly string[] = ["data_class", "session"];

/** The request without the metadata that has done its work here: a dialect that knows none would refuse it. */
export function withoutOwnMetadata({ request, resolved: { alias } }: Pick<GatewayCall, "request" | "resolved">): ChatRequest {
  const { metadata, ...rest } = request;
  if (metadata === undefined) return request;
  const asked = alias?.choose === "rules" ? conditionsOf(alias).flatMap(({ names }) => names) : [];
  const left = Object.entries(metadata).filter(([name]) => !own.includes(name) && !asked.includes(`metadata.${name}`));
  return left.length === 0 ? rest : { ...rest, metadata: Object.fromEntries(left) };
}
