import type { ServerResponse } from "node:http";
import { AppError } from "../core/index.ts";

/** Aborts when the client goes away before its answer has left. */
export function untilGone(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) gone.abort(new AppError("client_gone", "The client went away."));
  });
  return gone.signal;
}
