import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { classifyAddress } from "./classify-address.ts";

/** An address inside `range`, its free bits chosen by chance: the arithmetic is the test's own. */
function inside(range: string): fc.Arbitrary<string> {
  const [base, length] = range.split("/") as [string, string];
  const width = base.includes(":") ? 128 : 32;
  const free = BigInt(width - Number(length));
  return fc.bigInt({ min: 0n, max: (1n << free) - 1n }).map((tail) => format(((parse(base) >> free) << free) | tail, width));
}

function parse(address: string): bigint {
  if (!address.includes(":")) return address.split(".").reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
  const [head, tail] = address.split("::").map((half) => half.split(":").filter((part) => part !== ""));
  const groups = tail === undefined ? head! : [...head!, ...new Array<string>(8 - head!.length - tail.length).fill("0"), ...tail];
  return groups.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
}

function format(value: bigint, width: number): string {
  const [size, count] = width === 32 ? [8n, 4] : [16n, 8];
  const parts = Array.from({ length: count }, (_, at) => (value >> (BigInt(count - 1 - at) * size)) & ((1n << size) - 1n));
  return width === 32 ? parts.join(".") : parts.map((part) => part.toString(16)).join(":");
}

describe("an address", () => {
  test.each([
    ["127.0.0.0/8", "private"],
    ["10.0.0.0/8", "private"],
    ["172.16.0.0/12", "private"],
    ["192.168.0.0/16", "private"],
    ["100.64.0.0/10", "private"],
    ["fc00::/7", "private"],
    ["::1/128", "private"],
    ["0.0.0.0/8", "forbidden"],
    ["169.254.0.0/16", "forbidden"],
    ["168.63.129.16/32", "forbidden"],
    ["100.100.100.200/32", "forbidden"],
    ["fd00:ec2::254/128", "forbidden"],
    ["fd20:ce::254/128", "forbidden"],
    ["224.0.0.0/4", "forbidden"],
    ["240.0.0.0/4", "forbidden"],
    ["::/128", "forbidden"],
    ["fe80::/10", "forbidden"],
    ["fec0::/10", "forbidden"],
    ["ff00::/8", "forbidden"],
    ["64:ff9b::/96", "forbidden"],
    ["64:ff9b:1::/48", "forbidden"],
    ["100::/64", "forbidden"],
    ["2001::/32", "forbidden"],
    ["2001:db8::/32", "forbidden"],
    ["2002::/16", "forbidden"],
    ["8.8.0.0/16", "public"],
    ["2606:4700::/32", "public"],
    ["2a00::/12", "public"],
  ])("anywhere in %s is %s", (range, kind) => {
    fc.assert(
      fc.property(inside(range), (address) => {
        expect(classifyAddress(address), address).toBe(kind);
      }),
    );
  });

  test("of IPv4 that is written as IPv6 is never anything but forbidden", () => {
    fc.assert(
      fc.property(inside("0.0.0.0/0"), fc.constantFrom("::ffff:", "::", "64:ff9b::", "::ffff:0:"), (address, prefix) => {
        expect(classifyAddress(prefix + address)).toBe(prefix === "::" && address === "0.0.0.1" ? "private" : "forbidden");
        const [a, b, c, d] = address.split(".").map(Number) as [number, number, number, number];
        expect(classifyAddress(`::ffff:${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`)).toBe("forbidden");
      }),
    );
  });

  test("just outside a private range is public", () => {
    for (const address of ["9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0", "192.169.0.0", "100.63.255.255", "100.128.0.0"])
      expect(classifyAddress(address), address).toBe("public");
  });

  test("with a zone, or that is none, is forbidden", () => {
    for (const address of ["fe80::1%eth0", "2606:4700::1%eth0", "2130706433", "0x7f.1", "127.1", "localhost", "", "1.2.3.4.5"])
      expect(classifyAddress(address), address).toBe("forbidden");
  });
});
