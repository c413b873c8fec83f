import fc from "fast-check";
import { expect, test } from "vitest";
import { crc32c } from "./crc32c.ts";

function checksum(bytes: Uint8Array): number {
  return crc32c(bytes, 0, bytes.length);
}

test("gives the check value and the iSCSI test vectors (RFC 3720, B.4)", () => {
  expect(checksum(Buffer.from("123456789"))).toBe(0xe3069283);
  expect(checksum(Buffer.alloc(32))).toBe(0x8a9136aa);
  expect(checksum(Buffer.alloc(32, 0xff))).toBe(0x62a8ab43);
  expect(checksum(Uint8Array.from({ length: 32 }, (_, index) => index))).toBe(0x46dd794e);
  expect(checksum(Buffer.alloc(0))).toBe(0);
});

test("equals the bit by bit definition, at every offset", () => {
  function slow(bytes: Uint8Array): number {
    let crc = 0xffffffff;
    for (const byte of bytes) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    }
    return ~crc >>> 0;
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(20), (bytes, lead) => {
      const padded = Buffer.concat([Buffer.alloc(lead, 1), bytes, Buffer.alloc(3, 2)]);
      expect(crc32c(padded, lead, lead + bytes.length)).toBe(slow(bytes));
    }),
  );
});

test("notices every flipped bit", () => {
  const bytes = Buffer.from("evidence of an inference");
  const right = checksum(bytes);
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = Buffer.from(bytes);
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    expect(checksum(flipped)).not.toBe(right);
  }
});
