import { writeEvent } from "../../sse/write-event.ts";
import type { AnswerContext, ChatEvent, EventWriter, Usage } from "../../types.ts";
import { toCallerError, writeStreamError } from "./errors.ts";
import { writeFinish } from "./finish-reasons.ts";
import { writeLogProbabilities } from "./log-probabilities.ts";
import { writeUsage } from "./usage.ts";

/** Chunks as OpenAI sends them. What is the same in every chunk is written once: a stream is thousands of them. */
export function createWriter(context: AnswerContext): EventWriter {
  let id = "";
  let head = "";
  let isFinished = false;
  let usage: Usage | null = null;
  const callIndexes = new Map<number, number>();
  const noUsage = context.includeUsage ? ',"usage":null' : "";

  function begin(): void {
    const { created, model } = context;
    const envelope = JSON.stringify({ id, object: "chat.completion.chunk", created, model });
    head = `data: ${envelope.slice(0, -1)},"choices":[`;
  }

  function chunk(delta: Record<string, unknown>, rest: { logprobs?: unknown; finish?: string } = {}): string {
    if (head === "") begin();
    const logprobs = rest.logprobs === undefined ? "null" : JSON.stringify(rest.logprobs);
    const finish = rest.finish === undefined ? "null" : `"${rest.finish}"`;
    return `${head}{"index":0,"delta":${JSON.stringify(delta)},"logprobs":${logprobs},"finish_reason":${finish}}]${noUsage}}\n\n`;
  }

  /** Its place is after the finish; a provider that counts earlier, or again, has it held back until then. */
  function takeUsage(): string {
    if (usage === null) return "";
    const text = `${head}],"usage":${JSON.stringify(writeUsage(usage))}}\n\n`;
    usage = null;
    return text;
  }

  function callDelta(part: number, piece: Record<string, unknown>): string {
    const index = callIndexes.get(part) ?? callIndexes.size;
    callIndexes.set(part, index);
    return chunk({ tool_calls: [{ index, ...piece }] });
  }

  function write(event: ChatEvent): string {
    switch (event.type) {
      case "start":
        id = event.id;
        begin();
        return chunk({ role: "assistant", content: "" });
      case "text":
        return chunk(
          { content: event.text },
          event.logProbabilities === undefined ? {} : { logprobs: writeLogProbabilities(event.logProbabilities) },
        );
      case "refusal":
        return chunk({ refusal: event.text });
      case "thinking":
        return chunk({ reasoning_content: event.text });
      case "tool-call":
        return callDelta(event.part, { id: event.id, type: "function", function: { name: event.name, arguments: "" } });
      case "arguments":
        return callDelta(event.part, { function: { arguments: event.text } });
      case "finish":
        isFinished = true;
        return chunk({}, { finish: writeFinish(event.finish) });
      case "usage":
        if (!context.includeUsage) return "";
        usage = event.usage;
        return isFinished && head !== "" ? takeUsage() : "";
      case "end":
        if (usage !== null && head === "") begin();
        return takeUsage() + writeEvent("[DONE]");
      case "error":
        return writeStreamError(toCallerError(event.error));
      // For the provider that made them; a caller of this dialect could not send them back.
      case "signature":
      case "redacted-thinking":
      case "foreign":
        return "";
    }
  }

  return { write };
}
