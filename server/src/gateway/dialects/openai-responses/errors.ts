import { writeEvent } from "../../sse/write-event.ts";
import type { CallerError } from "../../types.ts";
import { parseError, writeError } from "../openai-chat/errors.ts";

export { parseError, writeError };

/** In this dialect an error inside a stream stands in the event itself, and not under `error`. */
export function writeStreamError(error: CallerError, sequence = 0): string {
  const { code, message, inferenceId } = error;
  return writeEvent(JSON.stringify({ type: "error", code, message, param: null, sequence_number: sequence, inferenceId }), "error");
}
