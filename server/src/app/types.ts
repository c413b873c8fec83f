import type { Server } from "node:net";
import type { backupSchema } from "@millrace/contract";
import type { z } from "zod";
import type { Logger } from "../core/index.ts";
import type { LoadedConfig } from "./load-config.ts";

export type Backup = z.infer<typeof backupSchema>;

export interface AppOptions {
  /** `up`: everything in one process. `serve`: requests. `work`: jobs. The last two share a PostgreSQL. */
  readonly role: "up" | "serve" | "work";
  readonly dataFolder: string;
  readonly configPath?: string | undefined;
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  /** Instead of the configuration's. */
  readonly logLevel?: "warn" | "error" | "silent" | undefined;
  /** Checked already; else it is loaded from `configPath`. */
  readonly loaded?: LoadedConfig | undefined;
  /** Another process did this work until now. */
  readonly takeOver?: TakeOver | undefined;
}

/** Where a process listens, as it was told: port 0 is any. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export interface ListeningSocket {
  readonly endpoint: Endpoint;
  readonly socket: Server | { readonly fd: number };
}

export interface TakeOver {
  /** Asked for just before this process accepts, because a socket accepts from the moment it is here; used when it is where the configuration says to listen. */
  readonly listening: () => Promise<ListeningSocket | undefined>;
  /** Where it listened in fact, for when the socket is lost: with port 0, clients know only this one. */
  readonly lastPort?: number | undefined;
  /** The other process still serves: its journal folder is its own until it is gone. */
  readonly overlaps: boolean;
  /** How long it may take until every function can answer; after that the start fails. 0: it serves as it is. */
  readonly readyWithinMs: number;
}

export interface App {
  readonly url: string;
  /** Signs in whoever opens it first; null when an admin key was there before. */
  readonly adminLink: string | null;
  /** With `idleMs`, another process accepts from now on: clients get that time to move their idle connections. */
  close(options?: { readonly idleMs?: number }): Promise<void>;
  /** Settles when it has stopped, by `close` or by a signal. */
  readonly stopped: Promise<void>;
  readonly logger: Logger;
  readonly loaded: LoadedConfig;
  /** False: the embedded store, which one process has at a time. */
  readonly mayOverlap: boolean;
  /** What it listens on; undefined for a process without a door. */
  readonly listening: ListeningSocket | undefined;
  /** Why it may not take traffic; empty when it may. */
  unreadyReasons(): string[];
  /** Waits until the journal is in the store, or for as long as told. */
  settle(maxMs: number): Promise<void>;
  /** Takes up what the process before this one left in its journal. */
  adopt(): Promise<void>;
  /** Why a changed configuration is not in force; null when there is none. Shown in the overview. */
  reportConfigProblem(problem: string | null): void;
}
