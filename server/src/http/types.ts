import type { Server } from "node:net";
import type { Operation, OperationRequest, OperationResponse, Routes } from "@millrace/contract";
import type { Clock, Context, Logger } from "../core/index.ts";
import type { Batches, Functions, ResultFile } from "../functions/index.ts";
import type { Gateway } from "../gateway/index.ts";
import type { Governance, Principal } from "../governance/index.ts";
import type { Models } from "../models/index.ts";
import type { Counters } from "../storage/index.ts";
import type { HttpConfig } from "./config.ts";

/** What a handler knows of the request beside its parsed parts. */
export interface EdgeContext extends Context {
  readonly requestId: string;
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
  /** As the client sees us, for links: `http://127.0.0.1:7070`. */
  readonly origin: string;
  /** The address the connection comes from; behind a proxy, the proxy's. */
  readonly remoteAddress: string;
  /** The session cookie's value, if one came. */
  readonly session: string | undefined;
  /** Sets the session cookie, or clears it with null. */
  setSession(session: { readonly value: string; readonly expiresAt: string } | null): void;
}

/** As `EdgeContext`, after the key or session was found and may do what the route table asks. */
export interface AuthorizedContext extends EdgeContext {
  readonly principal: Principal;
}

/** Operations answered by the hot handler. */
export type HotOperation = { [O in Operation]: Routes[O] extends { hot: true } ? O : never }[Operation];
export type ControlOperation = Exclude<Operation, HotOperation>;
export type ContextOf<O extends Operation> = Routes[O]["permission"] extends "public" ? EdgeContext : AuthorizedContext;

/** What a handler answers: the contract's response, or the file whose bytes are it. */
export type AnswerOf<O extends Operation> = Routes[O]["response"] extends "stream" ? ResultFile : OperationResponse<O>;
/** Answers one operation: parsed request in, the contract's response out. Errors are `AppError`s. */
export type Handler<O extends Operation> = (request: OperationRequest<O>, context: ContextOf<O>) => Promise<AnswerOf<O>>;
/** Exactly one handler for every operation of the route table; leaving one out does not compile. */
export type Handlers = { [O in ControlOperation]: Handler<O> };
/** The handlers of the operations named `<module>.<verb>`. */
export type HandlersOf<M extends string> = Pick<Handlers, Extract<ControlOperation, `${M}.${string}`>>;
/** The same without the prefix: what a module's service looks like to the edge, `{ list(request, context), get(...) }`. */
export type PortOf<M extends string> = {
  [O in Extract<ControlOperation, `${M}.${string}`> as O extends `${M}.${infer Verb}` ? Verb : never]: Handler<O>;
};

/** Everything the edge calls. Modules whose services differ from their routes are mapped by the composition root. */
export interface Ports {
  readonly governance: Governance;
  readonly functions: Functions;
  readonly batches: Batches;
  readonly gateway: Gateway;
  readonly overview: PortOf<"overview">;
  readonly evidence: PortOf<"evidence">;
  readonly storage: PortOf<"storage">;
  readonly jobs: PortOf<"jobs">;
  readonly data: PortOf<"data">;
  readonly models: PortOf<"models">;
  /** Models by their own names, over the open inference protocol. */
  readonly serving: Pick<Models, "get" | "getVersion" | "load" | "predictMany" | "resolve">;
  readonly feedback: PortOf<"feedback">;
  readonly monitoring: PortOf<"monitoring">;
  readonly evaluation: PortOf<"evaluation">;
  readonly release: PortOf<"release">;
  /** Why this node may not take traffic, as sentences; empty when it may. */
  readonly readiness: () => string[];
}

export interface HttpDeps {
  readonly config: HttpConfig;
  readonly ports: Ports;
  readonly counters: Counters;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The built console; a page says how to build it when the folder has no index.html. */
  readonly publicFolder: string;
  /** The program's version, for the OpenAPI document. */
  readonly version: string;
  /** In tests: an answer that does not keep the contract is `internal`. Otherwise it is logged and sent. */
  readonly strictResponses?: boolean;
}

/** A socket that listens already: another process made it. */
export type InheritedSocket = Server | { readonly fd: number };

export interface Http {
  /** Starts to accept, on a socket that was handed over if there is one; answers the address. `listen_refused`, `port_in_use`. */
  listen(inherited?: InheritedSocket): Promise<{ readonly url: string; readonly port: number }>;
  /**
   * Stops accepting, lets requests in flight end (within `drainMs`), then closes what is left. With `idleMs`, somebody else
   * accepts on the same socket: idle connections get that time to send what they were about to, and are told to move.
   */
  close(options?: { readonly idleMs?: number }): Promise<void>;
  /** The listening socket, to hand over; undefined when it does not listen. */
  readonly socket: Server | undefined;
  /** The OpenAPI 3.1 document. */
  readonly openapi: Readonly<Record<string, unknown>>;
}
