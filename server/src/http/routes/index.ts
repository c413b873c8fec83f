import type { Handlers, HttpDeps } from "../types.ts";
import { batchesHandlers } from "./batches.ts";
import { functionsHandlers } from "./functions.ts";
import { gatewayHandlers } from "./gateway.ts";
import { governanceHandlers } from "./governance.ts";
import { healthHandlers } from "./health.ts";
import { portHandlers } from "./ports.ts";

/** One handler for every operation of the contract's table; leaving one out does not compile. */
export function createHandlers({ ports, counters }: Pick<HttpDeps, "ports" | "counters">): Handlers {
  return {
    ...healthHandlers(ports),
    ...governanceHandlers(ports, counters),
    ...functionsHandlers(ports),
    ...batchesHandlers(ports),
    ...gatewayHandlers(ports),
    ...portHandlers(ports),
  };
}
