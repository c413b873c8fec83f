import type { Clock } from "../core/index.ts";
import type { GatewayCall } from "./stage.ts";
import type { AnswerContext } from "./types.ts";

/** What an answer to this call repeats of it. */
export function contextOf({ request, body }: GatewayCall, clock: Clock): AnswerContext {
  return {
    model: request.model,
    created: Math.floor(clock.now() / 1000),
    includeUsage: (body["stream_options"] as { include_usage?: unknown } | undefined)?.include_usage === true,
    asked: body,
  };
}
