import { describe, expect, test } from "vitest";
import type { AppError } from "../errors.ts";
import { egressConfigSchema } from "./config.ts";
import { createPolicy } from "./policy.ts";

const policy = createPolicy(
  egressConfigSchema.parse({
    hosts: [
      { host: "api.example.com" },
      { host: "*.models.example.com" },
      { host: "Bücher.example" },
      { host: "ollama.internal", private: true, http: true, ports: [11434] },
      { host: "127.0.0.1", private: true, http: true, ports: [8080] },
      { host: "::1", private: true, http: true },
    ],
  }),
);

function refusal(url: string): Record<string, unknown> {
  try {
    policy.check(url);
  } catch (error) {
    expect(error).toMatchObject({ code: "egress_refused" });
    return (error as AppError).details;
  }
  throw new Error(`${url} was not refused`);
}

describe("the policy", () => {
  test.each([
    "https://api.example.com/v1?key=1",
    "HTTPS://API.EXAMPLE.COM:443/",
    "https://eu.models.example.com/",
    "https://a.b.models.example.com/",
    "https://bücher.example/",
    "https://xn--bcher-kva.example/",
    "http://ollama.internal:11434/api",
    "http://127.0.0.1:8080/",
    "http://[::1]/",
  ])("allows %s", (url) => {
    expect(policy.check(url).url.href).toBe(new URL(url).href);
  });

  test.each([
    ["https://other.example.com/", "host"],
    ["https://example.com/", "host"],
    ["https://models.example.com/", "host"],
    ["https://evilmodels.example.com/", "host"],
    ["https://api.example.com.evil.test/", "host"],
    ["https://api.example.com./", "host"],
    ["https://api.example.com@evil.test/", "credentials"],
    ["https://evil.test/https://api.example.com/", "host"],
    ["https://evil.test\\@api.example.com/", "host"],
    ["https://user:pass@api.example.com/", "credentials"],
    ["https://user@api.example.com/", "credentials"],
    ["http://api.example.com/", "scheme"],
    ["ftp://api.example.com/", "scheme"],
    ["file:///etc/passwd", "scheme"],
    ["data:text/plain,hello", "scheme"],
    ["https://api.example.com:8443/", "port"],
    ["https://api.example.com:80/", "port"],
    ["http://ollama.internal/", "port"],
    ["http://127.0.0.1/", "port"],
    ["http://2130706433:8080/", "notation"],
    ["http://0x7f.1:8080/", "notation"],
    ["http://0177.0.0.1:8080/", "notation"],
    ["http://127.1:8080/", "notation"],
    ["http://①②⑦.0.0.1:8080/", "notation"],
    ["http://[0:0:0:0:0:0:0:1]/", "notation"],
    ["http://[::ffff:127.0.0.1]:8080/", "notation"],
    ["http://[::ffff:7f00:1]:8080/", "host"],
    ["http://[64:ff9b::7f00:1]/", "host"],
    ["http://127.0.0.2:8080/", "host"],
    ["http://169.254.169.254/latest/meta-data/", "host"],
    ["http://localhost:8080/", "host"],
    ["https://", "url"],
    ["/v1/chat", "url"],
  ])("refuses %s for its %s", (url, reason) => {
    expect(refusal(url)["reason"]).toBe(reason);
  });

  test("names the setting that would allow it", () => {
    expect(refusal("https://other.example.com/")["setting"]).toBe("egress.hosts");
    expect(refusal("http://api.example.com/")["setting"]).toBe('egress.hosts["api.example.com"].http');
    expect(refusal("https://api.example.com:8443/")["setting"]).toBe('egress.hosts["api.example.com"].ports');
  });

  test("never repeats a path or query, which may hold a key", () => {
    try {
      policy.check("https://other.example.com/path-key?query=key");
      expect.unreachable();
    } catch (error) {
      expect(JSON.stringify(error) + String(error) + JSON.stringify((error as AppError).details)).not.toMatch(/path-key|query/);
    }
  });

  test("admits of a name's addresses those it may have", () => {
    const admitted = (host: string, ...addresses: string[]) =>
      policy
        .admit(
          host,
          addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
        )
        .map(({ address }) => address);
    expect(admitted("api.example.com", "8.8.8.8", "10.0.0.1", "2606:4700::1", "64:ff9b::7f00:1")).toEqual(["8.8.8.8", "2606:4700::1"]);
    expect(admitted("ollama.internal", "10.0.0.1", "::1", "fd00::1")).toEqual(["10.0.0.1", "::1", "fd00::1"]);
    expect(admitted("::1", "::1")).toEqual(["::1"]);
    expect(() => admitted("api.example.com", "10.0.0.1")).toThrow(/private: true/);
    for (const address of ["169.254.169.254", "fe80::1", "0.0.0.0", "::ffff:10.0.0.1", "224.0.0.1"])
      expect(() => admitted("ollama.internal", address), address).toThrow(/no address that may be asked/);
    expect(() => admitted("ollama.internal")).toThrow(/no address/);
  });
});

describe("the configuration", () => {
  test.each([
    ["https://api.example.com", "is not a host"],
    ["api.example.com/v1", "is not a host"],
    ["api.example.com:8443", "is not a host"],
    ["user@api.example.com", "is not a host"],
    ["0x7f.1", "is not a host"],
    ["*", "is not a host"],
    ["*.com", "too wide"],
    ["*.127.0.0.1", "takes no"],
    ["127.0.0.1", "private: true"],
    ["10.1.2.3", "private: true"],
    ["::1", "private: true"],
    ["169.254.169.254", "never asked"],
    ["::ffff:127.0.0.1", "never asked"],
    ["0.0.0.0", "never asked"],
  ])("refuses the host %s", (host, reason) => {
    const parsed = egressConfigSchema.safeParse({ hosts: [{ host }] });
    expect(parsed.error?.issues[0]).toMatchObject({ path: ["hosts", 0, "host"], message: expect.stringContaining(reason) as string });
  });

  test("refuses private names by the dozen", () => {
    expect(egressConfigSchema.safeParse({ hosts: [{ host: "*.corp.example.com", private: true }] }).error?.issues[0]?.message).toContain(
      "named in full",
    );
  });

  test("without hosts lets nothing out", () => {
    expect(() => createPolicy(egressConfigSchema.parse(undefined)).check("https://api.example.com/")).toThrow(/egress\.hosts/);
  });
});

test("an address is judged again as it was the first time, however many are asked between", () => {
  const allowed = (path: string) => policy.check(`https://api.example.com/${path}`);
  const expected = { host: "api.example.com", origin: "https://api.example.com", path: "/v1?key=1", rule: { host: "api.example.com" } };
  for (let index = 0; index < 1200; index++) {
    expect(allowed(`${index}`).path).toBe(`/${index}`);
    if (index % 400 !== 0) continue;
    for (const _ of ["first", "again"]) {
      expect(allowed("v1?key=1#part")).toMatchObject(expected);
      expect(allowed("x".repeat(1000)).path).toHaveLength(1001);
      expect(refusal("https://api.example.com:8443/v1")).toMatchObject({ reason: "port" });
    }
  }
});
