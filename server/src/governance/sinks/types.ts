import type { Checkpoint } from "../types.ts";

/** A place outside the database that keeps checkpoints, so a rewritten database can be told from the one that was. */
export interface Sink {
  readonly kind: "file" | "webhook";
  readonly name: string;
  /** Settles when the sink has it for good. The same checkpoint may come twice; an older one never after a newer one. */
  write(projectId: string, checkpoint: Checkpoint, signal: AbortSignal): Promise<void>;
  /**
   * Every checkpoint of the project it holds, oldest first. Absent where nothing can be read back:
   * how far it has come is then kept in the database, and a person compares with what it received.
   */
  read?(projectId: string): Checkpoint[];
}
