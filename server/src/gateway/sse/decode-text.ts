export interface TextDecoding {
  /** The text of these bytes, without a character cut at their end. */
  push(chunk: Uint8Array): string;
  /** Whether part of a character waits for the rest of it. */
  holds(): boolean;
}

const empty = Buffer.alloc(0);

/**
 * UTF-8 to text, piece by piece; what is no UTF-8 becomes U+FFFD, a byte order mark at the start is dropped. Not a streaming
 * TextDecoder: a provider's stream is thousands of small pieces that nearly all end with a newline, and then this is one native call.
 */
export function createTextDecoding(): TextDecoding {
  let held: Buffer = empty;
  let started = false;
  return {
    push(chunk) {
      let bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      if (held.length > 0) bytes = Buffer.concat([held, bytes]);
      const whole = bytes.length - cutLength(bytes);
      // A copy, because the caller may use the chunk's memory again.
      held = whole === bytes.length ? empty : Buffer.from(bytes.subarray(whole));
      const text = bytes.toString("utf8", 0, whole);
      if (started || text === "") return text;
      started = true;
      return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
    },
    holds: () => held.length > 0,
  };
}

/** How many bytes at the end begin a character whose rest is yet to come: 0 to 3. */
function cutLength(bytes: Buffer): number {
  for (let length = 1; length <= 3 && length <= bytes.length; length++) {
    const byte = bytes[bytes.length - length]!;
    if (byte < 0x80) return 0;
    if (byte < 0xc0) continue;
    return length < characterLength(byte) ? length : 0;
  }
  return 0;
}

function characterLength(lead: number): number {
  if (lead >= 0xf0) return 4;
  return lead >= 0xe0 ? 3 : 2;
}
