import { createEventParser } from "./sse/parse-events.ts";
import { writeEvent } from "./sse/write-event.ts";
import type { AnswerContext, ChatEvent, Dialect, EventWriter, SseEvent } from "./types.ts";

/** One step of a stream: what it means, and what the caller gets of it. */
export interface SpokenEvent {
  readonly events: readonly ChatEvent[];
  readonly text: string;
}

/**
 * A provider's bytes as the caller's stream. Where both speak the same dialect the provider's own words go on, whatever is in
 * them; else they are translated. Ends after the provider's end; a stream that stops before it ends without an `end` event.
 */
export async function* speak(
  chunks: AsyncIterable<Uint8Array>,
  from: Dialect,
  /** Without a writer both speak the same. */
  to: { readonly writer: EventWriter | undefined; readonly context: AnswerContext },
): AsyncGenerator<SpokenEvent> {
  const parser = createEventParser();
  const reader = from.createReader();
  const { writer } = to;
  const isSame = writer === undefined;
  const translate = (events: readonly ChatEvent[]) => events.map((event) => (event.type === "error" ? "" : writer!.write(event))).join("");
  for await (const chunk of chunks) {
    for (const event of parser.push(chunk)) {
      const events = reader.push(event);
      yield { events, text: isSame ? repeat(event, to.context) : translate(events) };
    }
  }
  const events = [...parser.end().flatMap((event) => reader.push(event)), ...reader.end()];
  if (events.length > 0) yield { events, text: isSame ? "" : translate(events) };
}

/** A chunk that holds no choice and a usage, which a stream ends with when it is asked for. */
const usageAlone = [/"choices"\s*:\s*\[\s*\]/, /"usage"\s*:\s*\{/];

/** The provider's own words, less the usage that we asked for and the caller did not. */
function repeat({ event, data }: SseEvent, { includeUsage }: AnswerContext): string {
  if (!includeUsage && event === "" && usageAlone.every((pattern) => pattern.test(data))) return "";
  return writeEvent(data, event === "" ? undefined : event);
}
