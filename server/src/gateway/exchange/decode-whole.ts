import { promisify } from "node:util";
import { type ZlibOptions, brotliDecompress, gunzip, inflate, zstdDecompress } from "node:zlib";
import type { EgressHeaders } from "../../core/index.ts";
import { providerFailed } from "./failures.ts";

type Decode = (bytes: Uint8Array, options: Pick<ZlibOptions, "maxOutputLength">) => Promise<Uint8Array>;

const decoders: Record<string, Decode> = {
  gzip: promisify(gunzip),
  "x-gzip": promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
  zstd: promisify(zstdDecompress),
};

/** Plain bytes are asked for; proxies on the way may compress all the same. */
export async function decodeWhole(bytes: Uint8Array, encoding: string, maxBytes: number): Promise<Uint8Array> {
  const decode = decoders[encoding];
  if (decode === undefined)
    throw providerFailed(`The answer came in an encoding nobody asked for: ${encoding}.`, { reason: "encoding", retryable: false });
  try {
    return await decode(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE")
      throw providerFailed(`The answer is larger than ${maxBytes} bytes.`, { reason: "too_large", maxBytes, retryable: false }, error);
    throw providerFailed(`The answer's ${encoding} is broken.`, { reason: "encoding" }, error);
  }
}

export function encodingOf(headers: EgressHeaders): string {
  return String(headers["content-encoding"] ?? "identity")
    .trim()
    .toLowerCase();
}
