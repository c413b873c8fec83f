import type { ChatEvent } from "../../types.ts";
import { readEncrypted } from "../signatures.ts";
import { readLogProbabilities } from "./log-probabilities.ts";

type Raw = Readonly<Record<string, unknown>>;

interface OpenCall {
  readonly part: number;
  hasArguments: boolean;
}

const deltas: Readonly<Record<string, "text" | "refusal" | "thinking">> = {
  "response.output_text.delta": "text",
  "response.refusal.delta": "refusal",
  "response.reasoning_summary_text.delta": "thinking",
  "response.reasoning_text.delta": "thinking",
};

/** Items of a stream, by their place in the output. What a server says only at an item's end is read there. */
export function createItemReader() {
  let parts = 0;
  let hasCall = false;
  /** Parts of what is said, by their place: `2.0` is the first text of the third item; a thought has one. */
  const said = new Map<string, number>();
  /** Which of its summaries a thought is at. */
  const summaries = new Map<number, unknown>();
  const calls = new Map<number, OpenCall>();

  function partOf(place: string): number {
    const known = said.get(place);
    if (known !== undefined) return known;
    said.set(place, parts);
    return parts++;
  }

  function readDelta(kind: "text" | "refusal" | "thinking", raw: Raw): ChatEvent[] | undefined {
    const { output_index: item, content_index: content = 0, delta, summary_index: summary } = raw;
    if (typeof item !== "number" || typeof delta !== "string") return undefined;
    if (kind === "thinking") {
      const isNext = summaries.has(item) && summaries.get(item) !== summary;
      summaries.set(item, summary);
      return delta === "" ? [] : [{ type: kind, part: partOf(`${item}`), text: isNext ? `\n\n${delta}` : delta }];
    }
    const found = kind === "text" ? readLogProbabilities(raw["logprobs"]) : undefined;
    if (delta === "" && found === undefined) return [];
    const part = partOf(`${item}.${String(content)}`);
    return [found === undefined ? { type: kind, part, text: delta } : { type: "text", part, text: delta, logProbabilities: found }];
  }

  function beginCall(item: number, { call_id: id, name }: Raw): ChatEvent[] | undefined {
    if (calls.has(item)) return [];
    if (typeof id !== "string" || typeof name !== "string") return undefined;
    hasCall = true;
    calls.set(item, { part: parts, hasArguments: false });
    return [{ type: "tool-call", part: parts++, id, name }];
  }

  /** `whole`: all of them, which counts only where no piece came before. */
  function readArguments(item: number, text: unknown, whole: boolean): ChatEvent[] | undefined {
    const call = calls.get(item);
    if (call === undefined || typeof text !== "string") return undefined;
    if (text === "" || (whole && call.hasArguments)) return [];
    call.hasArguments = true;
    return [{ type: "arguments", part: call.part, text }];
  }

  function readDone(index: number, item: Raw): ChatEvent[] | undefined {
    switch (item["type"]) {
      case "message":
        return list(item["content"]).flatMap((part, content) => readWhole(part, `${index}.${content}`));
      case "function_call": {
        const begun = beginCall(index, item);
        const rest = begun && readArguments(index, item["arguments"] ?? "", true);
        return begun && rest && [...begun, ...rest];
      }
      case "reasoning":
        return readThought(index, item);
      default:
        return [{ type: "foreign", part: parts++, dialect: "openai-responses", path: `output.${index}`, value: item }];
    }
  }

  /** A part of a message that came in one piece. */
  function readWhole(part: Raw, place: string): ChatEvent[] {
    const type = part["type"] === "refusal" ? "refusal" : "text";
    const text = part[type];
    if (said.has(place) || typeof text !== "string" || text === "") return [];
    return [{ type, part: partOf(place), text }];
  }

  function readThought(index: number, item: Raw): ChatEvent[] {
    const encrypted = item["encrypted_content"];
    const signature = typeof encrypted === "string" ? readEncrypted(encrypted) : undefined;
    const texts = [...list(item["summary"]), ...list(item["content"])].map(({ text }) => text).filter((text) => typeof text === "string");
    const isKnown = said.has(`${index}`);
    if (!isKnown && texts.length === 0)
      return signature === undefined ? [] : [{ type: "redacted-thinking", part: parts++, data: signature }];
    const part = partOf(`${index}`);
    const text = texts.join("\n\n");
    return [
      ...(isKnown || text === "" ? [] : [{ type: "thinking" as const, part, text }]),
      ...(signature === undefined ? [] : [{ type: "signature" as const, part, signature }]),
    ];
  }

  return {
    /** Undefined when the event is broken; nothing for one that says nothing new. */
    read(type: string, raw: Raw): ChatEvent[] | undefined {
      const kind = Object.hasOwn(deltas, type) ? deltas[type] : undefined;
      if (kind !== undefined) return readDelta(kind, raw);
      const { output_index: index, item } = raw;
      switch (type) {
        case "response.output_item.added":
        case "response.output_item.done": {
          if (typeof index !== "number" || typeof item !== "object" || item === null) return undefined;
          if (type === "response.output_item.done") return readDone(index, item as Raw);
          return (item as Raw)["type"] === "function_call" ? beginCall(index, item as Raw) : [];
        }
        case "response.function_call_arguments.delta":
          return typeof index === "number" ? readArguments(index, raw["delta"], false) : undefined;
        case "response.function_call_arguments.done":
          return typeof index === "number" ? readArguments(index, raw["arguments"], true) : undefined;
        default:
          return [];
      }
    },
    called: () => hasCall,
  };
}

function list(value: unknown): Raw[] {
  return Array.isArray(value) ? value.filter((item): item is Raw => typeof item === "object" && item !== null) : [];
}
