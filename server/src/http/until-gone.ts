import type { ServerResponse } from "node:http";
import { AppError, Ending } from "../core/index.ts";

/** Aborts when the client goes away before its answer has left. */
export function untilGone(response: ServerResponse): Ending {
  const gone = new Ending();
  response.once("close", () => {
    if (!response.writableFinished) gone.abort(new AppError("client_gone", "The client went away."));
  });
  return gone;
}
