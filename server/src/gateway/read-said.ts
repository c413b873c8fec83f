import type { CallOrigin } from "./stage.ts";
import type { ChatRequest } from "./types.ts";

/** What a caller says about his call, beside the question. */
export interface Said {
  readonly tags: Readonly<Record<string, string>>;
  /** The end user on whose behalf he asks. */
  readonly user: string | undefined;
}

const untagged: Said["tags"] = Object.freeze({});

/** What stands in the request counts first. A function of our own says it beside its question: not every provider takes it in there. */
export function readSaid({
  origin,
  request,
}: {
  readonly origin: Pick<CallOrigin, "tags" | "user">;
  readonly request: Pick<ChatRequest, "metadata" | "user">;
}): Said {
  if (origin.tags === undefined && request.metadata === undefined) return { tags: untagged, user: request.user ?? origin.user };
  return { tags: { ...origin.tags, ...request.metadata }, user: request.user ?? origin.user };
}
