import { BlockList, isIP } from "node:net";

/** `private`: reachable when the configuration says so of the host. `forbidden`: never, as nothing one asks on purpose lives there. */
export type AddressKind = "public" | "private" | "forbidden";

const privateRanges = listOf([
  "127.0.0.0/8", // loopback
  "10.0.0.0/8", // RFC 1918
  "172.16.0.0/12",
  "192.168.0.0/16",
  "100.64.0.0/10", // carrier-grade NAT
  "198.18.0.0/15", // benchmarks, and the made-up answers of some VPNs
  "::1/128", // loopback
  "fc00::/7", // unique local
]);

const forbiddenRanges = listOf([
  "0.0.0.0/8", // "this host": connects to loopback
  "169.254.0.0/16", // link-local, with the metadata service of nearly every cloud
  "168.63.129.16/32", // Azure's
  "100.100.100.200/32", // Alibaba's
  "fd00:ec2::254/128", // AWS's over IPv6
  "fd20:ce::254/128", // Google's over IPv6
  "192.0.0.0/24", // protocol assignments
  "192.0.2.0/24", // documentation
  "192.88.99.0/24", // 6to4 relays
  "198.51.100.0/24", // documentation
  "203.0.113.0/24", // documentation
  "224.0.0.0/4", // multicast
  "240.0.0.0/4", // reserved, broadcast
  "2001::/23", // protocol assignments: Teredo hides an IPv4 address
  "2001:db8::/32", // documentation
  "2002::/16", // 6to4 hides an IPv4 address
  "3fff::/20", // documentation
]);

/** What IANA gave out to the public. All other IPv6 space is closed, and so are IPv4-mapped (::ffff:0:0/96) and NAT64 (64:ff9b::/96) addresses. */
const globalUnicast = listOf(["2000::/3"]);

function listOf(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address, bits] = range.split("/") as [string, string];
    list.addSubnet(address, Number(bits), address.includes(":") ? "ipv6" : "ipv4");
  }
  return list;
}

/** What an address is. What is no address is `forbidden`. */
export function classifyAddress(address: string): AddressKind {
  const version = isIP(address);
  // A zone (`fe80::1%eth0`) belongs to a link.
  if (version === 0 || address.includes("%")) return "forbidden";
  const family = version === 4 ? "ipv4" : "ipv6";
  // BlockList compares a mapped address with the IPv4 ranges, so what is mapped is closed before it is asked.
  if (family === "ipv6" && !globalUnicast.check(address, family) && !isPrivateV6(address)) return "forbidden";
  if (forbiddenRanges.check(address, family)) return "forbidden";
  return privateRanges.check(address, family) ? "private" : "public";
}

const privateV6 = listOf(["::1/128", "fc00::/7"]);

function isPrivateV6(address: string): boolean {
  return privateV6.check(address, "ipv6");
}
