import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { AppError, type EgressRequest, type EgressResponse, isAppError } from "../../../core/index.ts";
import type { SourceConfig } from "../config.ts";
import type { GatherInput } from "../types.ts";

/**
 * One GET through egress, answered with 200 or 304. `source_failed` for what may pass, `source_unreadable` for a refusal. The
 * query of the address, which may hold a key, is never shown.
 */
export async function askSource(
  { source, egress, signal, maxBytes }: Pick<GatherInput, "source" | "egress" | "signal" | "maxBytes">,
  url: URL,
  headers: EgressRequest["headers"],
): Promise<EgressResponse> {
  // How long a read may take is the source's to say: its signal ends it.
  const limits = { maxResponseBytes: maxBytes, totalMs: source.minutes * 60_000 };
  const response = await tellFailure(source, () => egress.request({ url, headers, signal, limits }));
  if (response.status === 200 || response.status === 304) return response;
  response.cancel();
  const passes = response.status >= 500 || response.status === 429 || response.status === 408;
  throw new AppError(
    passes ? "source_failed" : "source_unreadable",
    `The source ${source.name}: ${url.origin}${url.pathname} answered ${response.status}.`,
    { details: { source: source.name, status: response.status } },
  );
}

/** Writes the body to a file; `onChunk` sees it pass. */
export async function saveBody(
  source: SourceConfig,
  { response, path }: { readonly response: EgressResponse; readonly path: string },
  onChunk: (chunk: Uint8Array) => void = () => {},
): Promise<void> {
  async function* watched(): AsyncGenerator<Uint8Array> {
    for await (const chunk of response.body) {
      onChunk(chunk);
      yield chunk;
    }
  }
  await tellFailure(source, () => pipeline(Readable.from(watched()), createWriteStream(path)));
}

/** The names egress has for what went wrong, as a source says it. */
export async function tellFailure<T>(source: SourceConfig, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    if (!isAppError(cause) || !cause.code.startsWith("egress_")) throw cause;
    const passes = cause.code === "egress_failed" || cause.code === "egress_timeout";
    throw new AppError(passes ? "source_failed" : "source_unreadable", `The source ${source.name}: ${cause.message}`, {
      details: { source: source.name, reason: cause.code, ...cause.details },
      cause,
    });
  }
}
