import type { DBOSConfig } from "@dbos-inc/dbos-sdk";
import type { Logger } from "../core/index.ts";

type EngineLogger = NonNullable<DBOSConfig["logger"]>;

/** The engine's logger: what it calls information is our debug; a failed workflow is told by its own status. */
export function adaptLogger(logger: Logger): EngineLogger {
  return {
    info: (entry) => logger.debug(String(entry)),
    debug: () => {},
    warn: (entry) => logger.warn(String(entry)),
    error: (entry, metadata) => logger.warn({ err: metadata?.error }, String(entry)),
  };
}
