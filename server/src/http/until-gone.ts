import type { ServerResponse } from "node:http";
import { AppError } from "../core/index.ts";

/** Aborts when the client goes away before its answer has left. */
export function untilGone(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) gone.abort(new AppError("invalid_request", "The client went away."));
  });
  return gone.signal;
}
