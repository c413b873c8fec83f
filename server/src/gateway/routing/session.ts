import { createHash } from "node:crypto";
import { readSaid } from "../read-said.ts";
import type { GatewayCall } from "../stage.ts";
import type { ContentPart } from "../types.ts";

/** Whose calls belong together: they go to the same place while it is healthy, where their beginning is still in the provider's cache. */
export interface Session {
  readonly id: string;
  /** What told it. */
  readonly from: "prompt_cache_key" | "user" | "metadata.session" | "messages";
}

/** Providers keep no prompt of fewer than 1,024 tokens: about so many characters. */
const cachedFrom = 4096;

/** Null where nothing is to be kept warm. Always within a project and a function: strangers do not meet by a name they both chose. */
export function sessionOf(call: Pick<GatewayCall, "origin" | "body" | "request">): Session | null {
  const { origin, body, request } = call;
  const { tags, user } = readSaid(call);
  const cacheKey = body["prompt_cache_key"];
  const told = tags["session"];
  const scope = `${origin.projectId} ${origin.function}`;
  if (typeof cacheKey === "string" && cacheKey !== "") return { id: `${scope} key ${cacheKey}`, from: "prompt_cache_key" };
  if (told !== undefined && told !== "") return { id: `${scope} session ${told}`, from: "metadata.session" };
  if (user !== undefined && user !== "") return { id: `${scope} user ${user}`, from: "user" };
  const beginning = [...request.system, ...(request.messages[0]?.content ?? [])];
  const length = beginning.reduce((sum, part) => sum + lengthOf(part), 0);
  if (length < cachedFrom) return null;
  return { id: `${scope} ${createHash("sha256").update(JSON.stringify(beginning)).digest("base64")}`, from: "messages" };
}

function lengthOf(part: ContentPart): number {
  if (part.type === "text") return part.text.length;
  return (part.type === "image" || part.type === "file") && part.source.kind === "data" ? part.source.data.length : 0;
}
