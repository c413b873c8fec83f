import type { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { AppError } from "../errors.ts";
import type { BodyQueue } from "./body.ts";
import { failed, tooLarge } from "./failures.ts";

const decoders: Record<string, () => Transform> = {
  gzip: createGunzip,
  "x-gzip": createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/** The encoding of a body that has one; `egress_failed` when it is none we can undo. We ask for none, but some send one anyway. */
export function encodingOf(header: string | string[] | undefined, host: string): string | undefined {
  const encoding = String(header ?? "")
    .trim()
    .toLowerCase();
  if (encoding === "" || encoding === "identity") return undefined;
  if (Object.hasOwn(decoders, encoding)) return encoding;
  throw new AppError("egress_failed", `${host} answers in the encoding "${encoding}", which is not supported.`, {
    details: { host, encoding },
  });
}

/** A compressed body, decompressed piece by piece: never more in memory than one buffer, and never more than `maxBytes` in all. */
export async function* decodeBody(
  source: BodyQueue,
  { encoding, host, maxBytes }: { encoding: string; host: string; maxBytes: number },
): AsyncGenerator<Uint8Array> {
  const first = await source.next();
  // The answer to a HEAD, or a server that packs nothing: no bytes at all are an empty body, not a broken one.
  if (first.done === true) return;
  async function* packed(): AsyncGenerator<Uint8Array> {
    yield first.value as Uint8Array;
    yield* source;
  }
  const decoder = decoders[encoding]!();
  // Its failure is the decoder's failure, which the loop sees.
  const feeding = pipeline(packed, decoder).catch(() => {});
  let bytes = 0;
  try {
    for await (const chunk of decoder as AsyncIterable<Uint8Array>) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw tooLarge(host, maxBytes);
      yield chunk;
    }
  } catch (error) {
    throw failed(host, error);
  } finally {
    decoder.destroy();
    await source.return();
    await feeding;
  }
}
