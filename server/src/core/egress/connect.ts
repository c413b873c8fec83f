import { lookup } from "node:dns/promises";
import { type LookupFunction, type Socket, isIP } from "node:net";
import type { buildConnector as BuildConnector } from "undici";
import { timedOut } from "./failures.ts";
import type { Policy } from "./policy.ts";
import type { Resolve, ResolvedAddress } from "./types.ts";

export interface ConnectDeps {
  readonly buildConnector: typeof BuildConnector;
  readonly policy: Policy;
  readonly connectMs: number;
  readonly resolve: Resolve;
  /** Where an admitted address leads. Tests lead public ones to loopback; there is no other use. */
  readonly route: (address: ResolvedAddress) => ResolvedAddress;
}

export const resolveName: Resolve = (hostname) => lookup(hostname, { all: true });

/**
 * Connects to addresses the policy admits. They are checked between the resolver's answer and the connection, on the very
 * list that is connected to: a name that changes its mind has nowhere to do so.
 */
export function createConnect(deps: ConnectDeps): BuildConnector.connector {
  const connect = deps.buildConnector({ timeout: 0, allowH2: false, lookup: createLookup(deps) });
  return (options, callback) => {
    // An address is never looked up, so it is checked here.
    if (isIP(options.hostname) !== 0) {
      try {
        deps.policy.admit(options.hostname, [{ address: options.hostname, family: isIP(options.hostname) }]);
      } catch (error) {
        queueMicrotask(() => callback(error as Error, null));
        return;
      }
    }
    let timer: NodeJS.Timeout | undefined;
    const socket = connect(options, (...result) => {
      clearTimeout(timer);
      callback(...result);
    }) as unknown as Socket;
    timer = setTimeout(() => socket.destroy(timedOut(options.hostname, "connect", deps.connectMs)), deps.connectMs);
  };
}

function createLookup({ policy, resolve, route }: ConnectDeps): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname)
      .then((addresses) => policy.admit(hostname, addresses).map(route))
      .then(
        (admitted) => {
          if (options.all === true) callback(null, [...admitted]);
          else callback(null, admitted[0]!.address, admitted[0]!.family);
        },
        (error: Error) => callback(error, ""),
      );
  };
}
