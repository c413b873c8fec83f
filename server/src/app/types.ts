import type { backupSchema } from "@millrace/contract";
import type { z } from "zod";

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
}

export interface App {
  readonly url: string;
  /** Signs in whoever opens it first; null when an admin key was there before. */
  readonly adminLink: string | null;
  close(): Promise<void>;
  /** Settles when it has stopped, by `close` or by a signal. */
  readonly stopped: Promise<void>;
}
