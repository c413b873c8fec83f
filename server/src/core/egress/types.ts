import type { Cancellation } from "../cancellation.ts";
import type { Secret } from "../config.ts";

export type EgressBody = string | Uint8Array | AsyncIterable<Uint8Array>;
/** Names in lower case. */
export type EgressHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** Instead of the configuration's, for one request. */
export interface EgressLimits {
  readonly headersMs?: number;
  readonly idleMs?: number;
  readonly totalMs?: number;
  readonly maxResponseBytes?: number;
  readonly maxRedirects?: number;
}

export interface EgressRequest {
  readonly url: string | URL;
  readonly method?: string | undefined;
  /** A secret is revealed when the request leaves; `bearer(secret("NAME"))` for `authorization`. */
  readonly headers?: Readonly<Record<string, string | readonly string[] | Secret | undefined>> | undefined;
  readonly body?: EgressBody | null | undefined;
  /** Aborted: the other side is cancelled at once, and the error is the signal's reason. */
  readonly signal?: Cancellation | undefined;
  readonly limits?: EgressLimits | undefined;
}

/** What happens with a request, as it happens. After `onEnd` or `onError` nothing follows. */
export interface EgressHandler {
  onHeaders(status: number, headers: EgressHeaders): void;
  /** As it came: compressed bodies stay so. */
  onData(chunk: Uint8Array): void;
  onEnd(): void;
  /** An `AppError`, or the reason of the signal or of `cancel`. */
  onError(error: unknown): void;
}

/** A request on its way. */
export interface Exchange {
  /** No further data until `resume`; the idle clock stands still meanwhile. */
  pause(): void;
  resume(): void;
  /** Closes the connection under it. `onError` follows with the reason, unless it was over. */
  cancel(reason: unknown): void;
}

export interface EgressResponse {
  readonly status: number;
  readonly headers: EgressHeaders;
  /** After redirects. */
  readonly url: string;
  /** Decompressed and bounded. To be read once, by iteration or by one of the methods; a loop that is left cancels the request. */
  readonly body: AsyncIterable<Uint8Array>;
  bytes(): Promise<Uint8Array>;
  text(): Promise<string>;
  json(): Promise<unknown>;
  /** Closes the connection of a body nobody wants. */
  cancel(): void;
}

export interface HostCounts {
  readonly requests: number;
  readonly failures: number;
  readonly active: number;
}

/** The one way out. Every method refuses with `egress_refused` what the configuration does not allow. */
export interface Egress {
  /** Checks scheme, host and port; for a start that refuses what it could never reach. */
  check(url: string | URL): void;
  /** Settles with the head of the answer. `egress_timeout`, `egress_too_large`, `egress_failed`, or the signal's reason. */
  request(request: EgressRequest): Promise<EgressResponse>;
  /** The cheapest form, for a path that hands bytes through. Throws when refused; everything else goes to the handler. */
  dispatch(request: EgressRequest, handler: EgressHandler): Exchange;
  /** As the `fetch` of the platform, for packages that take one. Redirects are followed on the same host or refused. */
  readonly fetch: typeof globalThis.fetch;
  /** By the host as the configuration names it. */
  counts(): ReadonlyMap<string, HostCounts>;
  /** Cuts what is still on its way. */
  close(): Promise<void>;
}

export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

/** All addresses of a name. */
export type Resolve = (hostname: string) => Promise<readonly ResolvedAddress[]>;
