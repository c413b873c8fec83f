import type { ChatEvent } from "../../types.ts";
import { isRecord } from "./check-shape.ts";

type Raw = Readonly<Record<string, unknown>>;

/** One content block while it streams. A delta that says nothing to us is no event; one that is broken is undefined. */
export interface OpenBlock {
  start(): readonly ChatEvent[];
  delta(delta: Raw): readonly ChatEvent[] | undefined;
  stop(): readonly ChatEvent[];
}

const ignored: OpenBlock = { start: () => [], delta: () => [], stop: () => [] };

/** `nextPart` numbers a part when it begins, so that empty and unknown blocks leave no gap. */
export function openBlock(block: Raw, nextPart: () => number): OpenBlock {
  switch (block["type"]) {
    case "text":
    case "thinking":
      return proseBlock(block, nextPart);
    case "redacted_thinking": {
      const { data } = block;
      if (typeof data !== "string") return ignored;
      return { ...ignored, start: () => [{ type: "redacted-thinking", part: nextPart(), data }] };
    }
    case "tool_use":
      return toolBlock(block, nextPart);
    default:
      return ignored;
  }
}

function proseBlock(block: Raw, nextPart: () => number): OpenBlock {
  let number: number | undefined;
  const part = () => (number ??= nextPart());
  function read(delta: Raw): readonly ChatEvent[] | undefined {
    switch (delta["type"]) {
      case "text_delta":
      case "thinking_delta": {
        const type = delta["type"] === "text_delta" ? "text" : "thinking";
        const text = delta[type];
        if (typeof text !== "string") return undefined;
        return text === "" ? [] : [{ type, part: part(), text }];
      }
      case "signature_delta": {
        const { signature } = delta;
        if (typeof signature !== "string") return undefined;
        return signature === "" ? [] : [{ type: "signature", part: part(), signature }];
      }
      default:
        return [];
    }
  }
  return {
    // Empty as a rule, but some servers begin a block with its first words.
    start: () => [
      ...(read({ ...block, type: `${block["type"] as string}_delta` }) ?? []),
      ...(read({ signature: block["signature"], type: "signature_delta" }) ?? []),
    ],
    delta: read,
    stop: () => [],
  };
}

function toolBlock(block: Raw, nextPart: () => number): OpenBlock {
  const { id, name, input } = block;
  if (typeof id !== "string" || typeof name !== "string") return ignored;
  const part = nextPart();
  let said = false;
  return {
    start: () => [{ type: "tool-call", part, id, name }],
    delta(delta) {
      if (delta["type"] !== "input_json_delta") return [];
      const text = delta["partial_json"];
      if (typeof text !== "string") return undefined;
      if (text === "") return [];
      said = true;
      return [{ type: "arguments", part, text }];
    },
    // Without arguments the API streams none; others want JSON. Some servers send all of them at the block's start.
    stop: () => (said ? [] : [{ type: "arguments", part, text: JSON.stringify(isRecord(input) ? input : {}) }]),
  };
}
