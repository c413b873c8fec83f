import type { ChatEvent, EventReader, SseEvent, Usage } from "../../types.ts";
import { type Chunk, type ChunkChoice, type Delta, parseChunk } from "./chunk.ts";
import { parseError } from "./errors.ts";
import { parseFinish } from "./finish-reasons.ts";
import { parseLogProbabilities } from "./log-probabilities.ts";
import { createCallReader } from "./read-calls.ts";
import { createTextShape } from "./text-shape.ts";
import { parseUsage } from "./usage.ts";

const textTypes = [
  ["reasoning_content", "thinking"],
  ["content", "text"],
  ["refusal", "refusal"],
] as const;

/** One provider's stream of chunks. After its `[DONE]`, or an error, nothing more comes. */
export function createReader(): EventReader {
  let isStarted = false;
  let isFinished = false;
  let isOver = false;
  let parts = 0;
  let open: { type: string; part: number } | undefined;
  /** The last that was counted: some servers send a running count with every chunk, which only at the end is the usage. */
  let usage: Usage | null = null;
  const shape = createTextShape();
  const calls = createCallReader(() => {
    open = { type: "tool-call", part: parts++ };
    return open.part;
  });

  function fail(message: string): ChatEvent[] {
    isOver = true;
    return [...takeUsage(), { type: "error", error: { status: null, kind: "server", message } }];
  }

  function takeUsage(): ChatEvent[] {
    const events: ChatEvent[] = usage === null ? [] : [{ type: "usage", usage }];
    usage = null;
    return events;
  }

  /** The part this text belongs to: the open one, or, after something of another kind, a new one. */
  function partOf(type: string): number {
    if (open?.type !== type) open = { type, part: parts++ };
    return open.part;
  }

  function readTexts(delta: Delta, logprobs: unknown): ChatEvent[] {
    const events: ChatEvent[] = [];
    for (const [field, type] of textTypes) {
      const text = delta[field];
      if (text === undefined || text === null) continue;
      if (typeof text !== "string") return [...events, ...fail(`A chunk of the stream is wrong at delta.${field}: it is no text.`)];
      const found = type === "text" && logprobs ? parseLogProbabilities(logprobs) : undefined;
      if (text === "" && found === undefined) continue;
      const part = partOf(type);
      events.push(found === undefined ? { type, part, text } : { type: "text", part, text, logProbabilities: found });
    }
    return events;
  }

  function readChoice(choice: ChunkChoice): ChatEvent[] {
    if (choice.index !== undefined && choice.index !== 0) return fail("The stream holds a second choice, which was not asked for.");
    const events: ChatEvent[] = choice.delta ? readTexts(choice.delta, choice.logprobs) : [];
    if (!isOver && choice.delta?.tool_calls) {
      const read = calls.read(choice.delta.tool_calls);
      events.push(...(read ?? fail("A chunk of the stream is wrong at delta.tool_calls.")));
    }
    if (isOver || isFinished || choice.finish_reason === null || choice.finish_reason === undefined) return events;
    isFinished = true;
    return [...events, { type: "finish", finish: parseFinish(choice.finish_reason) }];
  }

  function readChunk(chunk: Chunk): ChatEvent[] {
    if (chunk.usage) usage = parseUsage(chunk.usage) ?? usage;
    const choices = Array.isArray(chunk.choices) ? (chunk.choices as (ChunkChoice | null)[]) : [];
    const events: ChatEvent[] = [];
    if (!isStarted && choices.length > 0) {
      isStarted = true;
      events.push({ type: "start", id: text(chunk.id), model: text(chunk.model) });
    }
    for (const choice of choices) if (!isOver && typeof choice === "object" && choice !== null) events.push(...readChoice(choice));
    return events;
  }

  function push({ event, data }: SseEvent): ChatEvent[] {
    if (isOver || data === "") return [];
    if (data === "[DONE]" || data.trim() === "[DONE]") {
      isOver = true;
      return [...takeUsage(), { type: "end" }];
    }
    if (open?.type === "text" && event === "") {
      const text = shape.read(data);
      if (text !== undefined) return text === "" ? [] : [{ type: "text", part: open.part, text }];
    }
    const chunk = parseChunk(data);
    if (event === "error" || chunk?.error) {
      isOver = true;
      return [...takeUsage(), { type: "error", error: parseError(null, chunk ?? data) }];
    }
    if (chunk === undefined) return fail("An event of the stream is no JSON object.");
    const events = readChunk(chunk);
    shape.learn(data, events);
    return events;
  }

  function pushTexts(all: readonly SseEvent[], start: number): { count: number; events: ChatEvent[] } {
    if (isOver || open?.type !== "text") return { count: 0, events: [] };
    let together = "";
    let end = start;
    for (; end < all.length; end++) {
      const { event, data } = all[end]!;
      const found = event === "" ? shape.read(data) : undefined;
      if (found === undefined) break;
      together += found;
    }
    return { count: end - start, events: together === "" ? [] : [{ type: "text", part: open.part, text: together }] };
  }

  return {
    push,
    pushTexts,
    end() {
      isOver = true;
      return takeUsage();
    },
  };
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
