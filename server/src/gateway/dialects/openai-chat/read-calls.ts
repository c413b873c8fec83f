import type { ChatEvent } from "../../types.ts";
import type { DeltaCall } from "./chunk.ts";

export interface CallReader {
  /** The events of a delta's `tool_calls`; undefined when it is none. */
  read(raw: unknown): ChatEvent[] | undefined;
}

interface OpenCall {
  readonly id: string;
  readonly part: number;
}

/**
 * Gathers calls by their index. Some servers leave the index out, or give every call the same: a new id is a new call whatever
 * its index, and without both a piece belongs to the call before it.
 */
export function createCallReader(openPart: () => number): CallReader {
  const calls = new Map<number, OpenCall>();
  let last: OpenCall | undefined;

  function find({ index, id }: DeltaCall): OpenCall | undefined {
    const known = typeof index === "number" ? calls.get(index) : last;
    const isNew = typeof id === "string" && id !== "" && known !== undefined && known.id !== id;
    return isNew ? undefined : known;
  }

  function readCall(raw: DeltaCall, events: ChatEvent[]): boolean {
    let call = find(raw);
    const name = raw.function?.name;
    if (call === undefined) {
      if (typeof name !== "string" || name === "") return false;
      const part = openPart();
      call = { id: typeof raw.id === "string" && raw.id !== "" ? raw.id : `call_${part}`, part };
      if (typeof raw.index === "number") calls.set(raw.index, call);
      events.push({ type: "tool-call", part, id: call.id, name });
    }
    last = call;
    const text = raw.function?.arguments;
    if (typeof text === "string" && text !== "") events.push({ type: "arguments", part: call.part, text });
    return text === undefined || text === null || typeof text === "string";
  }

  return {
    read(raw) {
      if (!Array.isArray(raw)) return undefined;
      const events: ChatEvent[] = [];
      for (const call of raw as (DeltaCall | null)[])
        if (typeof call !== "object" || call === null || !readCall(call, events)) return undefined;
      return events;
    },
  };
}
