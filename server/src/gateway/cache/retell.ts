import { type Cancellation, toAbortSignal } from "../../core/index.ts";
import { setTimeout as sleep } from "node:timers/promises";
import type { CacheState, GatewayReply } from "../stage.ts";
import type { Told } from "../tell.ts";
import type { AnswerContext, ChatAnswer, ChatEvent, ContentPart, Dialect } from "../types.ts";
import type { KeptAnswer } from "./kept-answers.ts";

export interface Retelling {
  readonly dialect: Dialect;
  readonly context: AnswerContext;
  readonly stream: boolean;
  readonly signal: Cancellation;
  readonly maxGapMs: number;
  readonly cache: CacheState;
  /** Of who is told, not of who was told first. */
  readonly outcome: Extract<GatewayReply, { kind: "whole" }>["outcome"];
}

/** A kept answer in the words of who asks for it, whole or as a stream. */
export function retell(kept: KeptAnswer, telling: Retelling): GatewayReply {
  const { dialect, context, outcome, cache } = telling;
  if (!telling.stream) return { kind: "whole", text: JSON.stringify(dialect.writeAnswer(kept.answer, context)), outcome, cache };
  return { kind: "stream", texts: again(kept, telling), outcome: () => outcome, leave: async () => {}, cache };
}

async function* again({ pieces, answer }: KeptAnswer, { dialect, context, signal, maxGapMs }: Retelling): AsyncGenerator<Told, void> {
  const writer = dialect.createWriter(context);
  for (const [index, { events, gapMs }] of (pieces ?? [{ events: eventsOf(answer), gapMs: 0 }]).entries()) {
    const pauseMs = index === 0 ? 0 : Math.min(gapMs, maxGapMs);
    // Less is no pause that anybody sees, and a timer each would be dear.
    if (pauseMs >= 1) await sleep(pauseMs, undefined, { signal: toAbortSignal(signal) }).catch(() => {});
    if (signal.aborted) return;
    const text = events.map((event) => writer.write(event)).join("");
    yield { text, events, isLast: events.some(({ type }) => type === "end") };
  }
}

/** A whole answer as the events of a stream. */
export function eventsOf(answer: ChatAnswer): ChatEvent[] {
  const { id, model, content, usage, finish, stopSequence, logProbabilities } = answer;
  const firstText = content.findIndex(({ type }) => type === "text");
  return [
    { type: "start", id, model },
    ...content.flatMap((part, index) => {
      const events = eventsOfPart(part, index);
      return index === firstText && logProbabilities !== undefined ? events.map((event) => ({ ...event, logProbabilities })) : events;
    }),
    ...(usage === null ? [] : [{ type: "usage" as const, usage }]),
    { type: "finish", finish, ...(stopSequence === undefined ? {} : { stopSequence }) },
    { type: "end" },
  ];
}

function eventsOfPart(content: ContentPart, part: number): ChatEvent[] {
  switch (content.type) {
    case "text":
    case "refusal":
      return [{ type: content.type, part, text: content.text }];
    case "thinking":
      return [
        { type: "thinking", part, text: content.text },
        ...(content.signature === undefined ? [] : [{ type: "signature" as const, part, signature: content.signature }]),
      ];
    case "redacted-thinking":
      return [{ type: "redacted-thinking", part, data: content.data }];
    case "tool-call":
      return [
        { type: "tool-call", part, id: content.id, name: content.name },
        { type: "arguments", part, text: content.arguments },
      ];
    case "foreign":
      return [{ ...content, part }];
    // No model answers with these.
    case "image":
    case "file":
    case "tool-result":
      return [];
  }
}
