import type { ChildProcess } from "node:child_process";
import type { Server } from "node:net";
import { AppError, isAppError } from "../../core/index.ts";
import type { AnswerMessage, CallInput, CallName, CallResult } from "./calls.ts";

export interface Answered<N extends CallName> {
  readonly result: CallResult<N>;
  /** A socket that came with the answer. It listens from this moment: whoever gets it must pass it on or close it before it waits for anything. */
  readonly socket: Server | undefined;
}

export interface CallOptions {
  readonly socket?: Server | undefined;
  readonly withinMs?: number;
}

/** Whether a call failed without an answer: nobody knows what the process has done, or will do yet. */
export function isUnanswered(error: unknown): boolean {
  return isAppError(error, "hand_over_failed") && error.details["answered"] === false;
}

/** One end of the channel: `hand_over_failed` when the process ends, or does not answer in time. */
export type CallProcess = <N extends CallName>(call: N, input: CallInput<N>, options?: CallOptions) => Promise<Answered<N>>;

interface Waiting {
  resolve(answered: Answered<CallName>): void;
  reject(error: Error): void;
}

export function createCallProcess(child: ChildProcess): CallProcess {
  const waiting = new Map<number, Waiting>();
  let last = 0;
  let gone = false;

  child.on("message", ({ id, result, error }: AnswerMessage, socket: Server | undefined) => {
    const one = waiting.get(id);
    waiting.delete(id);
    if (one === undefined) socket?.close();
    else if (error !== undefined) one.reject(toError(error));
    else one.resolve({ result: result as CallResult<CallName>, socket });
  });
  child.once("exit", (code, signal) => {
    gone = true;
    for (const one of waiting.values()) one.reject(ended(`It ended with ${signal ?? `code ${code}`}.`));
    waiting.clear();
  });

  return async (call, input, { socket, withinMs } = {}) => {
    if (gone || !child.connected) throw ended("It has ended.");
    const id = ++last;
    let timer: NodeJS.Timeout | undefined;
    try {
      const answered = await new Promise<Answered<CallName>>((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        if (withinMs !== undefined) timer = setTimeout(() => reject(ended(`It took longer than ${withinMs} ms to ${call}.`)), withinMs);
        child.send({ id, call, input }, socket, {}, (error) => {
          // The other process has its own by now.
          socket?.close();
          if (error !== null) reject(ended(error.message));
        });
      });
      return answered;
    } finally {
      clearTimeout(timer);
      waiting.delete(id);
    }
  };
}

function ended(what: string): AppError {
  return new AppError("hand_over_failed", `The process that was to take over did not. ${what}`, { details: { answered: false } });
}

function toError({ message, code, details }: NonNullable<AnswerMessage["error"]>): AppError {
  return new AppError((code as AppError["code"] | undefined) ?? "internal", message, { details: details ?? {} });
}
