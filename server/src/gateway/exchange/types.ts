import type { Cancellation, Egress, EgressHeaders, EgressRequest } from "../../core/index.ts";

/** Milliseconds. The last two count for streams alone: a whole answer begins when it is done. */
export interface SendClocks {
  readonly totalMs: number;
  /** Until the first byte of the body. */
  readonly firstTokenMs: number;
  /** Between two pieces of it; stands still while our side is the slow one. */
  readonly gapMs: number;
}

export interface SendRequest {
  readonly egress: Egress;
  readonly url: string;
  /** As callers know who is asked: `<provider>/<model>`. Errors say it, and not the address. */
  readonly name: string;
  readonly headers: NonNullable<EgressRequest["headers"]>;
  readonly body: string | Uint8Array;
  /** Whether the body asks for a stream. */
  readonly stream: boolean;
  readonly clocks: SendClocks;
  /** Aborted: the provider is cancelled at once, and the error is the signal's reason. */
  readonly signal?: Cancellation | undefined;
  /** Of the whole answer, also after it was decompressed. */
  readonly maxBytes?: number;
}

interface ReplyHead {
  readonly status: number;
  readonly headers: EgressHeaders;
}

/** `whole`: also whatever came instead of a stream that was asked for, and every status that is not 2xx. */
export type ChatReply =
  | (ReplyHead & { readonly kind: "whole"; readonly bytes: Uint8Array })
  /** To be read once; a loop that is left cancels the provider. */
  | (ReplyHead & { readonly kind: "stream"; readonly chunks: AsyncIterableIterator<Uint8Array> });
