import { createEventParser } from "./sse/parse-events.ts";
import { writeEvent } from "./sse/write-event.ts";
import type { AnswerContext, ChatEvent, EventReader, EventWriter, SseEvent } from "./types.ts";

/** What came at once of a stream: what it means, and what the caller gets of it. An end or an error stands in one of its own. */
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
  reader: EventReader,
  /** Without a writer both speak the same. */
  to: { readonly writer: EventWriter | undefined; readonly context: AnswerContext },
): AsyncGenerator<SpokenEvent> {
  const parser = createEventParser();
  const { writer } = to;
  const isSame = writer === undefined;
  const translate = (events: readonly ChatEvent[]) => events.map((event) => (event.type === "error" ? "" : writer!.write(event))).join("");
  for await (const chunk of chunks) {
    let together: ChatEvent[] = [];
    let text = "";
    const all = parser.push(chunk);
    for (let index = 0; index < all.length; index++) {
      // Who hears the provider's own words does not hear how the text is cut here.
      const run = isSame ? reader.pushTexts?.(all, index) : undefined;
      if (run !== undefined && run.count > 0) {
        for (const each of run.events) together.push(each);
        const end = index + run.count;
        text += parser.asCame(index, end) ?? writeAll(all.slice(index, end));
        index = end - 1;
        continue;
      }
      const event = all[index]!;
      const events = reader.push(event);
      const words = isSame ? repeat(event, events, to.context) : translate(events);
      if (events.some(({ type }) => type === "end" || type === "error")) {
        if (text !== "" || together.length > 0) yield { events: together, text };
        [together, text] = [[], ""];
        yield { events, text: words };
        continue;
      }
      for (const each of events) together.push(each);
      text += words;
    }
    if (text !== "" || together.length > 0) yield { events: together, text };
  }
  const events = [...parser.end().flatMap((event) => reader.push(event)), ...reader.end()];
  if (events.length > 0) yield { events, text: isSame ? "" : translate(events) };
}

function writeAll(events: readonly SseEvent[]): string {
  return events.map(({ data }) => writeEvent(data)).join("");
}

/** A chunk that holds no choice and a usage, which a stream ends with when it is asked for. */
const usageAlone = [/"choices"\s*:\s*\[\s*\]/, /"usage"\s*:\s*\{/];

/** The provider's own words, less the usage that we asked for and the caller did not: a chunk that means nothing until the end. */
function repeat({ event, data }: SseEvent, events: readonly ChatEvent[], { includeUsage }: AnswerContext): string {
  if (!includeUsage && event === "" && events.length === 0 && usageAlone.every((pattern) => pattern.test(data))) return "";
  return writeEvent(data, event === "" ? undefined : event);
}
