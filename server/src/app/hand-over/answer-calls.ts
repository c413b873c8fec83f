import type { Server } from "node:net";
import { isAppError } from "../../core/index.ts";
import type { AnswerMessage, CallInput, CallMessage, CallName, CallResult } from "./calls.ts";

/** What is done for each call; a listening socket may come with one, and go back with its answer. */
export type Answers = {
  readonly [N in CallName]: (input: CallInput<N>, socket: Server | undefined) => Promise<Answer<CallResult<N>>>;
};

interface Answer<R> {
  readonly result: R;
  /** A listening socket that goes back with it. */
  readonly socket?: Server | undefined;
  /** This process is done with the socket: it must not accept on it any more. */
  readonly givesUp?: boolean;
}

/** Answers the keeper's calls over the channel, each as it comes. */
export function answerCalls(answers: Answers): void {
  process.on("message", ({ id, call, input }: CallMessage, socket: Server | undefined) => {
    void answer(answers, call, { input, socket }).then(
      ({ result, socket: back, givesUp }) => send({ id, result }, back, () => givesUp === true && back?.close()),
      (error: unknown) => send({ id, error: describe(error) }),
    );
  });
}

function answer<N extends CallName>(answers: Answers, call: N, given: { input: unknown; socket: Server | undefined }) {
  return answers[call](given.input as CallInput<N>, given.socket);
}

function send(message: AnswerMessage, socket?: Server, sent: () => void = () => undefined): void {
  // Without a keeper nobody waits for an answer; its going away is heard elsewhere.
  if (process.connected) process.send!(message, socket, {}, sent);
}

function describe(error: unknown): NonNullable<AnswerMessage["error"]> {
  const message = error instanceof Error ? error.message : String(error);
  return isAppError(error) ? { message, code: error.code, details: error.details } : { message };
}
