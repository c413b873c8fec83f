import { AppError, toAppError } from "../core/index.ts";
import type { Attempted } from "./attempt-target.ts";
import { maxAnswerBytes } from "./config.ts";
import type { ChatEvent } from "./types.ts";

export interface Told {
  readonly text: string;
  /** With it the caller knows that it is over: whole, or broken off. */
  readonly isLast: boolean;
  /** What it means, in no dialect: for whoever tells it again. */
  readonly events: readonly ChatEvent[];
}

/** What the caller hears. A stream that breaks off ends with an error in his dialect, never as if it were whole. */
export async function* tell(
  { first, spoken, collector }: Extract<Attempted, { kind: "stream" }>,
  broken: (error: AppError) => string,
): AsyncGenerator<Told, void> {
  const lastWord = (error: AppError): Told => ({ text: broken(error), isLast: true, events: [] });
  for (const { text, events } of first) yield { text, isLast: false, events };
  try {
    for (;;) {
      // By hand: a loop that is left would close the connection, which after a whole answer serves the next one.
      const { value, done } = await spoken.next();
      if (done === true) break;
      for (const event of value.events) {
        if (event.type === "error")
          return yield lastWord(new AppError("provider_failed", `The provider broke off: ${event.error.message}`));
        collector.add(event);
      }
      yield { text: value.text, isLast: collector.ended, events: value.events };
      if (collector.ended) return;
      if (collector.size > maxAnswerBytes) throw new AppError("provider_failed", `The answer is longer than ${maxAnswerBytes} characters.`);
    }
  } catch (error) {
    return yield lastWord(toAppError(error));
  }
  yield lastWord(new AppError("provider_failed", "The provider's stream ended before the answer did."));
}
