/** Writes protocol buffer messages: the few wire types ONNX files need. Fields come out in the order they were written. */
export class ProtobufWriter {
  readonly #parts: Uint8Array[] = [];
  #size = 0;

  /** A varint field. Negative numbers take ten bytes, as the format has it. */
  integer(field: number, value: number | bigint): this {
    this.#push(varint(field << 3));
    return this.#push(varint(value));
  }

  /** A 32-bit float field. */
  float(field: number, value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    this.#push(varint((field << 3) | 5));
    return this.#push(bytes);
  }

  /** A length-delimited field: text, bytes or a nested message. */
  bytes(field: number, value: string | Uint8Array | ProtobufWriter): this {
    const bytes = typeof value === "string" ? encoder.encode(value) : value instanceof ProtobufWriter ? value.finish() : value;
    this.#push(varint((field << 3) | 2));
    this.#push(varint(bytes.length));
    return this.#push(bytes);
  }

  packedIntegers(field: number, values: Iterable<number | bigint>): this {
    const inner = new ProtobufWriter();
    for (const value of values) inner.#push(varint(value));
    return this.bytes(field, inner);
  }

  packedFloats(field: number, values: ArrayLike<number>): this {
    const floats = Float32Array.from(values);
    return this.bytes(field, new Uint8Array(floats.buffer));
  }

  finish(): Uint8Array {
    const whole = new Uint8Array(this.#size);
    let offset = 0;
    for (const part of this.#parts) {
      whole.set(part, offset);
      offset += part.length;
    }
    return whole;
  }

  #push(part: Uint8Array): this {
    this.#parts.push(part);
    this.#size += part.length;
    return this;
  }
}

const encoder = new TextEncoder();
const small = Array.from({ length: 128 }, (_, value) => Uint8Array.of(value));

function varint(value: number | bigint): Uint8Array {
  if (typeof value === "number" && value >= 0 && value < 128) return small[value]!;
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest === 0n ? low : low | 0x80);
  } while (rest !== 0n);
  return Uint8Array.from(bytes);
}
