import { AppError } from "../../core/index.ts";
import { providerFailed } from "../exchange/failures.ts";
import { Inbox } from "./inbox.ts";
import { type FromProcess, ModelProcess } from "./model-process.ts";
import type { FromTask, LoadJob, LocalPrompt } from "./protocol.ts";

export type LocalPiece = Extract<FromTask, { kind: "begun" | "text" | "thinking" | "done" }>;

export interface LocalModel {
  /** One after the other. A loop that is left, or the signal, stops the answer. */
  ask(prompt: LocalPrompt, signal: AbortSignal): AsyncGenerator<LocalPiece, void>;
  close(): void;
}

/** An answer that does not stop by itself in this time is ended with its process. */
const stopMs = 2000;

/** A model of which a process is started with the first question, again after it died, and ended when nobody asked for a while. */
export function createLocalModel(name: string, job: LoadJob, idleMs: number): LocalModel {
  let process: ModelProcess | undefined;
  let turn: Promise<void> = Promise.resolve();
  let idle: NodeJS.Timeout | undefined;

  function wake(): ModelProcess {
    clearTimeout(idle);
    if (process === undefined || process.isDead) process = new ModelProcess(job);
    return process;
  }

  function rest(used: ModelProcess): void {
    used.listener = undefined;
    if (used.isDead) return;
    used.rest();
    clearTimeout(idle);
    idle = setTimeout(() => used.kill(), idleMs).unref();
  }

  /** The next one may ask when this one is silent. */
  async function stop(used: ModelProcess, inbox: Inbox<FromProcess>): Promise<void> {
    used.tell({ kind: "stop" });
    try {
      const limit = AbortSignal.timeout(stopMs);
      while (!isLast(await inbox.next(limit)));
    } catch {
      used.kill();
    }
  }

  async function* ask(prompt: LocalPrompt, signal: AbortSignal): AsyncGenerator<LocalPiece, void> {
    const before = turn;
    const mine = Promise.withResolvers<void>();
    turn = before.then(() => mine.promise);
    let isSilent = true;
    let used: ModelProcess | undefined;
    const inbox = new Inbox<FromProcess>();
    try {
      await before;
      signal.throwIfAborted();
      used = wake();
      used.listener = (message) => inbox.push(message);
      isSilent = false;
      used.tell({ kind: "ask", prompt });
      for (;;) {
        const message = await inbox.next(signal);
        isSilent = isLast(message);
        if (message.kind === "died" || message.kind === "failed" || message.kind === "too-long") throw toError(name, message);
        yield message;
        if (message.kind === "done") return;
      }
    } finally {
      const running = used;
      const silence = isSilent || running === undefined ? Promise.resolve() : stop(running, inbox);
      void silence.then(() => {
        if (running !== undefined) rest(running);
        mine.resolve();
      });
    }
  }

  return {
    ask,
    close() {
      clearTimeout(idle);
      process?.kill();
    },
  };
}

function isLast({ kind }: FromProcess): boolean {
  return kind === "done" || kind === "failed" || kind === "too-long" || kind === "died";
}

function toError(name: string, message: Extract<FromProcess, { kind: "died" | "failed" | "too-long" }>): AppError {
  if (message.kind === "died") return providerFailed(`The process of ${name} died (${message.reason}).`, { target: name });
  if (message.kind === "failed") return providerFailed(`${name} failed: ${message.message}`, { target: name });
  const { inputTokens, contextTokens } = message;
  return new AppError(
    "provider_refused",
    `${name}: the prompt has ${inputTokens} tokens, and with the answer there is room for ${contextTokens}. Send less, or raise contextTokens.`,
    { details: { target: name, status: 400, providerStatus: 400, inputTokens, contextTokens } },
  );
}
