import type { ChatEvent } from "../../types.ts";

export interface TextShape {
  /** The text of a chunk that is like the one before but for its text; undefined for every other. */
  read(data: string): string | undefined;
  learn(data: string, events: readonly ChatEvent[]): void;
}

/**
 * Of a long answer each chunk is the one before it with another text. What stands before and after the text is compared, and only the
 * text is read: it is one JSON string between the same characters, so all else that parsing would find is what it found before.
 */
export function createTextShape(): TextShape {
  let before = "";
  let after = "";
  return {
    read(data) {
      const end = data.length - after.length;
      if (before === "" || end < before.length) return undefined;
      // Whole pieces are compared eight letters at a time, `startsWith` goes letter by letter.
      if (data.slice(0, before.length) !== before || data.slice(end) !== after) return undefined;
      return readString(data.slice(before.length, end));
    },
    learn(data, events) {
      before = "";
      const [event] = events;
      if (events.length !== 1 || event?.type !== "text" || event.logProbabilities !== undefined) return;
      const at = data.indexOf(mark);
      // A second place with that name may be the one that was read.
      if (at === -1 || data.indexOf(mark, at + 1) !== -1) return;
      const start = at + mark.length;
      const end = endOfString(data, start);
      // As it is written there, which differs: some escape what is no ASCII.
      if (readString(data.slice(start, end)) === event.text) [before, after] = [flat(data.slice(0, start)), flat(data.slice(end))];
    },
  };
}

const mark = '"content":"';

/** A copy: a piece of a longer text is compared through that text, which takes several times as long and keeps all of it. */
function flat(text: string): string {
  return Buffer.from(text).toString();
}

/** Where the quote is that ends the string. */
function endOfString(data: string, start: number): number {
  let end = start;
  while (end < data.length && data.charCodeAt(end) !== 34) end += data.charCodeAt(end) === 92 ? 2 : 1;
  return end;
}

/** What stands between two quotes, if it is the whole of one JSON string. */
function readString(text: string): string | undefined {
  if (isPlain(text)) return text;
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch {
    return undefined;
  }
}

/** No quote, no backslash and nothing that JSON forbids unescaped. Of a few letters this is less than calling a pattern. */
function isPlain(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit === 34 || unit === 92 || unit < 32) return false;
  }
  return true;
}
