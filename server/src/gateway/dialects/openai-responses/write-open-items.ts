import type { ChatEvent, LogProbability } from "../../types.ts";
import { writeLogProbabilities } from "./log-probabilities.ts";
import { type Out, type Status, callItem, itemId, messageItem, reasoningItem, refusalPart, textPart } from "./output-items.ts";

type Piece = Exclude<ChatEvent, { type: "start" | "usage" | "finish" | "end" | "error" }>;
type Emit = (type: string, fields: Out) => string;

interface Call {
  readonly kind: "call";
  readonly index: number;
  readonly id: string;
  readonly name: string;
  text: string;
}

interface Thought {
  readonly kind: "thought";
  readonly index: number;
  readonly part: number;
  text: string | undefined;
  signature: string | undefined;
}

interface Message {
  readonly kind: "message";
  readonly index: number;
  readonly content: Out[];
  open: { readonly part: number; readonly kind: "text" | "refusal"; text: string; readonly logs: LogProbability[] } | undefined;
}

/** The items of a stream under way. Calls may come in pieces that are mixed, so they stay open to the end; the rest comes one after the other. */
export function createOpenItems(responseId: () => string, emit: Emit) {
  /** By their place in the output; a place without an item is one that is open. */
  const done: (Out | undefined)[] = [];
  const calls = new Map<number, Call>();
  let current: Thought | Message | undefined;

  function open(make: (index: number) => Out): string {
    const index = done.push(undefined) - 1;
    return emit("response.output_item.added", { output_index: index, item: make(index) });
  }

  function finish(index: number, item: Out): string {
    done[index] = item;
    return emit("response.output_item.done", { output_index: index, item });
  }

  const idOf = (kind: "msg" | "fc" | "rs", index: number) => itemId(kind, responseId(), index);

  function closePart(message: Message): string {
    const { open: part, content, index } = message;
    if (part === undefined) return "";
    message.open = undefined;
    const at = { item_id: idOf("msg", index), output_index: index, content_index: content.length };
    const isText = part.kind === "text";
    const whole = isText ? textPart(part.text, part.logs) : refusalPart(part.text);
    content.push(whole);
    const said = isText
      ? emit("response.output_text.done", { ...at, text: part.text, logprobs: writeLogProbabilities(part.logs) })
      : emit("response.refusal.done", { ...at, refusal: part.text });
    return said + emit("response.content_part.done", { ...at, part: whole });
  }

  function closeCurrent(status: Status = "completed"): string {
    const item = current;
    current = undefined;
    if (item === undefined) return "";
    if (item.kind === "message") return closePart(item) + finish(item.index, messageItem(idOf("msg", item.index), status, item.content));
    const { index, text, signature } = item;
    const at = { item_id: idOf("rs", index), output_index: index, summary_index: 0 };
    const said =
      text === undefined
        ? ""
        : emit("response.reasoning_summary_text.done", { ...at, text }) +
          emit("response.reasoning_summary_part.done", { ...at, part: { type: "summary_text", text } });
    return said + finish(index, reasoningItem(at.item_id, text, signature));
  }

  function say(event: Piece & { type: "text" | "refusal" }): string {
    let before = current?.kind === "message" ? "" : closeCurrent();
    let message = current?.kind === "message" ? current : undefined;
    if (message === undefined) {
      before += open((index) => messageItem(idOf("msg", index), "in_progress", []));
      current = message = { kind: "message", index: done.length - 1, content: [], open: undefined };
    }
    const { type: kind, text } = event;
    if (message.open?.part !== event.part) {
      before += closePart(message);
      message.open = { part: event.part, kind, text: "", logs: [] };
      before += emit("response.content_part.added", { ...place(message), part: kind === "text" ? textPart("") : refusalPart("") });
    }
    message.open.text += text;
    const logs = event.type === "text" ? (event.logProbabilities ?? []) : [];
    message.open.logs.push(...logs);
    const delta = { ...place(message), delta: text };
    if (kind === "refusal") return before + emit("response.refusal.delta", delta);
    return before + emit("response.output_text.delta", { ...delta, logprobs: writeLogProbabilities(logs) });
  }

  function place({ index, content }: Message): Out {
    return { item_id: idOf("msg", index), output_index: index, content_index: content.length };
  }

  function think(event: Piece & { type: "thinking" | "signature" | "redacted-thinking" }): string {
    let before = "";
    let thought = current?.kind === "thought" && current.part === event.part ? current : undefined;
    if (thought === undefined) {
      before = closeCurrent() + open((index) => reasoningItem(idOf("rs", index), undefined, undefined));
      current = thought = { kind: "thought", index: done.length - 1, part: event.part, text: undefined, signature: undefined };
    }
    const at = { item_id: idOf("rs", thought.index), output_index: thought.index, summary_index: 0 };
    if (event.type === "redacted-thinking") thought.signature = `${thought.signature ?? ""}${event.data}`;
    else if (thought.text === undefined) {
      // A signed thought without a word is one all the same.
      thought.text = "";
      before += emit("response.reasoning_summary_part.added", { ...at, part: { type: "summary_text", text: "" } });
    }
    if (event.type === "signature") thought.signature = `${thought.signature ?? ""}${event.signature}`;
    if (event.type !== "thinking") return before;
    thought.text = `${thought.text ?? ""}${event.text}`;
    return before + emit("response.reasoning_summary_text.delta", { ...at, delta: event.text });
  }

  function closeCall({ index, id, name, text }: Call, status: Status): string {
    const at = { item_id: idOf("fc", index), output_index: index };
    const said = emit("response.function_call_arguments.done", { ...at, name, arguments: text });
    return said + finish(index, callItem(at.item_id, status, { id, name, arguments: text }));
  }

  return {
    write(event: Piece): string {
      switch (event.type) {
        case "text":
        case "refusal":
          return say(event);
        case "thinking":
        case "signature":
        case "redacted-thinking":
          return think(event);
        case "tool-call": {
          const { id, name } = event;
          const text = closeCurrent() + open((index) => callItem(idOf("fc", index), "in_progress", { id, name, arguments: "" }));
          calls.set(event.part, { kind: "call", index: done.length - 1, id, name, text: "" });
          return text;
        }
        case "arguments": {
          const call = calls.get(event.part);
          if (call === undefined) return "";
          call.text += event.text;
          const at = { item_id: idOf("fc", call.index), output_index: call.index };
          return emit("response.function_call_arguments.delta", { ...at, delta: event.text });
        }
        case "foreign": {
          if (event.dialect !== "openai-responses") return "";
          const added = closeCurrent() + open(() => event.value as Out);
          return added + finish(done.length - 1, event.value as Out);
        }
      }
    },
    /** Everything that is open, with the status the response has. */
    close(status: "completed" | "incomplete"): string {
      const text = closeCurrent(status) + [...calls.values()].map((call) => closeCall(call, status)).join("");
      calls.clear();
      return text;
    },
    output: (): Out[] => done.filter((item) => item !== undefined),
  };
}
