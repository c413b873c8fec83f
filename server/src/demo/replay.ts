import { type Client, MillraceError } from "@millrace/sdk";
import type { Mail } from "./mail.ts";
import { createPace } from "./pace.ts";
import type { Reader } from "./reader.ts";

export interface ReplayDeps {
  /** Holds the key with a limit: asks the function. */
  readonly caller: Client;
  /** Says what is true, late. */
  readonly reader: Reader;
  readonly functionName: string;
  /** The function's latency budget, by which the replay finds its pace. */
  readonly budgetMs: number;
  /** Called with the mail's own time once a day of it has been played; the mail waits while it runs. */
  readonly onDay: (time: number) => Promise<void>;
  readonly onProgress: (done: number, total: number, mail: Mail) => void;
}

export interface ReplayResult {
  readonly requests: number;
  readonly latenciesMs: number[];
  readonly fallbacks: number;
  /** Times the key's limit was met and waited out. */
  readonly waits: number;
  /** Answers that turned out wrong, newest last. */
  readonly misread: string[];
}

const mostAtOnce = 8;
const day = 86_400_000;

/** Plays mail against the function in order, as many at a time as it answers well within its budget, each with the moment it arrived in 2002. */
export async function replay(mails: Mail[], deps: ReplayDeps): Promise<ReplayResult> {
  const latenciesMs: number[] = [];
  const misread: string[] = [];
  let fallbacks = 0;
  let waits = 0;
  let done = 0;
  const pace = createPace({ budgetMs: deps.budgetMs, most: mostAtOnce });

  async function ask(mail: Mail): Promise<void> {
    const body = { input: { subject: mail.subject, body: mail.body ?? "" }, occurredAt: mail.receivedAt! };
    await pace.enter();
    const answer = await retryLimited(() => deps.caller.call("functions.infer", { parameters: { name: deps.functionName }, body }));
    pace.leave(answer);
    latenciesMs.push(answer.latencyMs);
    if (answer.fallback) fallbacks += 1;
    if ((answer.output as { label: string }).label !== mail.label) misread.push(answer.inferenceId);
    deps.reader.saw(answer.inferenceId, mail.receivedAt!, mail.label);
    done += 1;
    deps.onProgress(done, mails.length, mail);
  }

  async function retryLimited<T>(send: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await send();
      } catch (error) {
        if (!(error instanceof MillraceError) || error.code !== "rate_limited") throw error;
        waits += 1;
        await new Promise((resolve) => setTimeout(resolve, (error.retryAfterSeconds ?? 1) * 1000));
      }
    }
  }

  let start = 0;
  while (start < mails.length) {
    const dayEnd = Math.floor(Date.parse(mails[start]!.receivedAt!) / day) * day + day;
    let end = start;
    while (end < mails.length && Date.parse(mails[end]!.receivedAt!) < dayEnd) end += 1;
    let next = start;
    const worker = async () => {
      while (next < end) await ask(mails[next++]!);
    };
    await Promise.all(Array.from({ length: mostAtOnce }, worker));
    await deps.reader.sendUntil(dayEnd);
    await deps.onDay(dayEnd);
    start = end;
  }
  return { requests: done, latenciesMs, fallbacks, waits, misread };
}
