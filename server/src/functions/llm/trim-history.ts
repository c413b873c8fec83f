import type { ChatMessage, TextPart } from "../../gateway/index.ts";

/** Tokens of all that is sent, the system prompt included, before and after turns were left out; who counted them. */
export interface HistorySize {
  readonly before: number;
  readonly after: number;
  readonly from: "tokenizer" | "estimate";
}

export interface Trimmed extends HistorySize {
  readonly messages: readonly ChatMessage[];
}

export interface History {
  readonly system: readonly TextPart[];
  readonly messages: readonly ChatMessage[];
  readonly maxTokens: number;
}

type Sized = Pick<History, "system" | "messages">;

export interface Measures {
  /** At once, and roughly. */
  readonly estimate: (of: Sized) => number;
  /** By the model's tokenizer; null where nobody can say now. */
  readonly count: (of: Sized) => Promise<number | null>;
}

/**
 * Leaves out the oldest turns until the rest has at most so many tokens. A turn is what the user said and all that followed from it,
 * so that no tool's call is sent without its result. The system prompt and the last turn stay, however long they are.
 */
export async function trimHistory({ system, messages, maxTokens }: History, { estimate, count }: Measures): Promise<Trimmed> {
  const turns = inTurns(messages);
  const rest = (from: number) => ({ system, messages: turns.slice(from).flat() });
  // The estimate takes four characters for a token, and a token has one at least: what is far within its bound needs no tokenizer.
  const far = estimate({ system, messages }) * 4 <= maxTokens;
  const counted = far ? null : await cut(turns.length, maxTokens, (from) => count(rest(from)));
  const { from, before, after } = counted ?? (await cut(turns.length, maxTokens, async (each) => estimate(rest(each))))!;
  return { messages: rest(from).messages, before, after, from: counted === null ? "estimate" : "tokenizer" };
}

/** How many turns have to go, found by halves: fewer turns have fewer tokens. Null where a size is not known. */
async function cut(
  turns: number,
  maxTokens: number,
  sizeFrom: (from: number) => Promise<number | null>,
): Promise<{ readonly from: number; readonly before: number; readonly after: number } | null> {
  const before = await sizeFrom(0);
  if (before === null) return null;
  if (before <= maxTokens || turns < 2) return { from: 0, before, after: before };
  let [low, high] = [1, turns - 1];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const size = await sizeFrom(middle);
    if (size === null) return null;
    if (size <= maxTokens) high = middle;
    else low = middle + 1;
  }
  const after = await sizeFrom(low);
  return after === null ? null : { from: low, before, after };
}

function inTurns(messages: readonly ChatMessage[]): ChatMessage[][] {
  const turns: ChatMessage[][] = [];
  for (const message of messages) {
    const last = turns.at(-1);
    const begins = message.role === "user" && !message.content.some((part) => part.type === "tool-result");
    if (last === undefined || begins) turns.push([message]);
    else last.push(message);
  }
  return turns;
}
