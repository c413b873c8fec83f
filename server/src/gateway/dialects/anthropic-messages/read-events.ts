import type { ChatEvent, EventReader, SseEvent, Usage } from "../../types.ts";
import { given, isRecord } from "./check-shape.ts";
import { parseError } from "./errors.ts";
import { type OpenBlock, openBlock } from "./read-blocks.ts";
import { readStopReason } from "./stop-reasons.ts";
import { readUsage } from "./usage.ts";

type Raw = Readonly<Record<string, unknown>>;

/** A provider's stream as canonical events. Usage comes once, when it is final. */
export class AnthropicReader implements EventReader {
  readonly #blocks = new Map<unknown, OpenBlock>();
  #parts = 0;
  #usage: Raw = {};
  #counted = false;
  #finished = false;
  #ended = false;

  push({ event, data }: SseEvent): readonly ChatEvent[] {
    if (this.#ended || event === "ping") return [];
    const value = parse(data);
    if (!isRecord(value)) return [broken("an event that is not a JSON object")];
    return this.#read(value["type"] ?? event, value);
  }

  /** Of a stream that was cut, what was counted until then. */
  end(): readonly ChatEvent[] {
    const usage = this.#ended ? null : this.told();
    if (usage === null) return [];
    this.#ended = true;
    return [{ type: "usage", usage }];
  }

  told(): Usage | null {
    if (Object.keys(this.#usage).length === 0) return null;
    const usage = readUsage(this.#usage);
    // The count at the start is of one or two tokens, and no word on how many came.
    return this.#counted ? usage : { ...usage, output: null };
  }

  #read(type: unknown, value: Raw): readonly ChatEvent[] {
    switch (type) {
      case "message_start":
        return this.#start(value["message"]);
      case "content_block_start": {
        if (!isRecord(value["content_block"])) return [broken("a content_block_start without its block")];
        const block = openBlock(value["content_block"], () => this.#parts++);
        this.#blocks.set(value["index"], block);
        return block.start();
      }
      case "content_block_delta": {
        const block = this.#blocks.get(value["index"]);
        if (block === undefined || !isRecord(value["delta"])) return [broken("a content_block_delta of no block")];
        return block.delta(value["delta"]) ?? [broken("a content_block_delta without its text")];
      }
      case "content_block_stop": {
        const block = this.#blocks.get(value["index"]);
        this.#blocks.delete(value["index"]);
        return block?.stop() ?? [];
      }
      case "message_delta":
        return this.#delta(value);
      case "message_stop":
        return this.#stop();
      case "error":
        return [{ type: "error", error: parseError(null, value) }];
      default:
        return [];
    }
  }

  #start(message: unknown): readonly ChatEvent[] {
    if (!isRecord(message) || typeof message["id"] !== "string" || typeof message["model"] !== "string") {
      return [broken("a message_start without its message")];
    }
    if (isRecord(message["usage"])) this.#usage = given(message["usage"]);
    return [{ type: "start", id: message["id"], model: message["model"] }];
  }

  #delta({ delta, usage }: Raw): readonly ChatEvent[] {
    // Its counts are of the whole answer so far, and need not repeat those of the prompt.
    if (isRecord(usage)) [this.#usage, this.#counted] = [{ ...this.#usage, ...given(usage) }, true];
    const reason = isRecord(delta) ? delta["stop_reason"] : undefined;
    if (reason === null || reason === undefined || this.#finished) return [];
    this.#finished = true;
    const sequence = isRecord(delta) && reason === "stop_sequence" ? delta["stop_sequence"] : undefined;
    return [{ type: "finish", finish: readStopReason(reason), ...(typeof sequence === "string" ? { stopSequence: sequence } : {}) }];
  }

  #stop(): readonly ChatEvent[] {
    const finish: ChatEvent[] = this.#finished ? [] : [{ type: "finish", finish: "unknown" }];
    const usage: Usage[] = Object.keys(this.#usage).length === 0 ? [] : [readUsage(this.#usage)];
    this.#ended = true;
    return [...finish, ...usage.map((usage): ChatEvent => ({ type: "usage", usage })), { type: "end" }];
  }
}

function parse(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}

function broken(what: string): ChatEvent {
  return { type: "error", error: { status: null, kind: "server", message: `The provider sent ${what}.` } };
}
