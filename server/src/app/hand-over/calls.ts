import type { Endpoint, AppOptions } from "../types.ts";

/** Where the keeper passes a listening socket to a process it starts: after the three standard streams and the channel. */
export const inheritedFd = 4;

/** What a process is told when it is started to take over. */
export interface CheckInput {
  readonly options: Pick<AppOptions, "role" | "dataFolder" | "configPath" | "host" | "port" | "logLevel">;
  /** Where the socket at `inheritedFd` listens; null when there is none. */
  readonly listening: Endpoint | null;
}

export interface OpenInput {
  readonly overlaps: boolean;
  readonly readyWithinMs: number;
}

export interface Share {
  readonly endpoint: Endpoint | null;
  /** Every function can answer. */
  readonly ready: boolean;
}

/**
 * What the keeper asks of a process it started, in the order of its life: name, what goes there, what comes back. `share` and
 * `surrender` come back with the listening socket, `accept` goes with it.
 */
export interface SuccessorCalls {
  /** Loads and checks the configuration; opens nothing. */
  check(input: CheckInput): { readonly hash: string };
  /** Opens the stores, makes ready and accepts. */
  open(input: OpenInput): { readonly url: string };
  /** After a failed `open`: the socket, for the process before. */
  surrender(input: null): null;
  /** Takes up the journal of the process before, which is gone. */
  adopt(input: null): null;
  /** Why a newer configuration is not in force. */
  report(input: { readonly problem: string | null }): null;
  share(input: null): Share;
  /** Stops accepting, drains, closes the stores, and waits. */
  stepAside(input: null): null;
  /** After `stepAside`: opens again with the configuration it had, up to where it would accept. */
  comeBack(input: null): null;
  /** The end of `comeBack`: the socket, if the process that failed still had it. */
  accept(input: { readonly endpoint: Endpoint | null }): null;
  /** Drains and ends. */
  end(input: { readonly idleMs: number }): null;
}

export type CallName = keyof SuccessorCalls;
export type CallInput<N extends CallName> = Parameters<SuccessorCalls[N]>[0];
export type CallResult<N extends CallName> = ReturnType<SuccessorCalls[N]>;

export interface CallMessage {
  readonly id: number;
  readonly call: CallName;
  readonly input: unknown;
}

export interface AnswerMessage {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string; readonly code?: string; readonly details?: Record<string, unknown> };
}
