import { writeEvent } from "../../sse/write-event.ts";
import type { AnswerContext, ChatEvent, EventWriter, FinishReason, Usage } from "../../types.ts";
import { toCallerError } from "../openai-chat/errors.ts";
import { writeEnvelope } from "./envelope.ts";
import { writeStreamError } from "./errors.ts";
import type { Out } from "./output-items.ts";
import { createOpenItems } from "./write-open-items.ts";
import { writeStatus } from "./status.ts";
import { writeUsage } from "./usage.ts";

/** Events as OpenAI sends them, numbered; the last one holds the whole response. */
export function createWriter(context: AnswerContext): EventWriter {
  let sequence = 0;
  let id = "";
  let isBegun = false;
  let usage: Usage | null = null;
  let finish: FinishReason = "unknown";
  const items = createOpenItems(() => id, emit);

  function emit(type: string, fields: Out): string {
    return writeEvent(JSON.stringify({ type, sequence_number: sequence++, ...fields }), type);
  }

  function response(status: Out): Out {
    const output = items.output();
    return { ...writeEnvelope(id, context), incomplete_details: null, ...status, output, usage: usage === null ? null : writeUsage(usage) };
  }

  function begin(): string {
    if (isBegun) return "";
    isBegun = true;
    const inProgress = { response: response({ status: "in_progress" }) };
    return emit("response.created", inProgress) + emit("response.in_progress", inProgress);
  }

  function end(): string {
    const status = writeStatus(finish);
    const closed = items.close(status.status);
    return closed + emit(`response.${status.status}`, { response: response(status) });
  }

  return {
    write(event: ChatEvent) {
      switch (event.type) {
        case "start":
          id = event.id;
          return begin();
        case "usage":
          usage = event.usage;
          return "";
        case "finish":
          finish = event.finish;
          return "";
        case "end":
          return begin() + end();
        case "error":
          return this.fail!(toCallerError(event.error));
        default:
          return begin() + items.write(event);
      }
    },
    fail(error) {
      const before = begin();
      const failed = { status: "failed", error: { code: error.code, message: error.message } };
      return before + emit("response.failed", { response: response(failed) }) + writeStreamError(error, sequence++);
    },
  };
}
