import { closeSync } from "node:fs";
import { AppError } from "../core/index.ts";
import type { InheritedSocket } from "../http/index.ts";
import type { Modules } from "./create-modules.ts";
import type { LoadedConfig } from "./load-config.ts";
import type { AppOptions, Endpoint, ListeningSocket, TakeOver } from "./types.ts";

const lookEveryMs = 20;

/** Where a process is told to listen: by its command line, else by its configuration. */
export function endpointOf(options: Pick<AppOptions, "host" | "port">, { config }: LoadedConfig): Endpoint {
  return { host: options.host ?? config.http.host, port: options.port ?? config.http.port };
}

/** The socket of the process before, if this one is to listen at the same place. */
export function socketFor(offered: ListeningSocket | undefined, { host, port }: Endpoint): InheritedSocket | undefined {
  return offered?.endpoint.host === host && offered.endpoint.port === port ? offered.socket : undefined;
}

/** Once this process listens elsewhere, nobody is to be held on the old socket. */
export function closeUnused(offered: ListeningSocket | undefined, endpoint: Endpoint): void {
  if (offered === undefined || socketFor(offered, endpoint) !== undefined) return;
  if ("fd" in offered.socket) closeSync(offered.socket.fd);
  else offered.socket.close();
}

/** Another process serves well until this one can: so it waits for its models and journal, and fails rather than do worse. */
export async function untilReady({ functions }: Pick<Modules, "functions">, { readyWithinMs }: TakeOver): Promise<void> {
  const until = performance.now() + readyWithinMs;
  let reasons: string[];
  while (readyWithinMs > 0 && (reasons = functions.unreadyReasons()).length > 0) {
    if (performance.now() > until)
      throw new AppError(
        "hand_over_failed",
        `The changed configuration did not become ready within ${readyWithinMs} ms: ${reasons.join(" ")}`,
        {
          details: { reasons },
        },
      );
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
}
