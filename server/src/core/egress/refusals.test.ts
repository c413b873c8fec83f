import { describe, expect, test } from "vitest";
import type { Logger } from "../logger.ts";
import { bodyOf, listen, loopback, openEgress } from "./test-egress.ts";
import type { ResolvedAddress } from "./types.ts";

const at = (port: number, path = "/") => `http://upstream.test:${port}${path}`;
const addresses = (...list: string[]): ResolvedAddress[] => list.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));

describe("a name", () => {
  test.each(["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd00::1", "fe80::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "0.0.0.0"])(
    "that leads to %s is not followed, and the refusal is in the log",
    async (address) => {
      let connections = 0;
      const port = await listen(() => {
        connections += 1;
      });
      const lines: [Record<string, unknown>, string][] = [];
      const egress = openEgress({
        hosts: [{ host: "upstream.test", http: true, ports: [port] }],
        resolve: () => Promise.resolve(addresses(address)),
        logger: { warn: (details: Record<string, unknown>, text: string) => lines.push([details, text]) } as unknown as Logger,
      });
      await expect(egress.request({ url: at(port, "/?key=hidden") })).rejects.toMatchObject({
        code: "egress_refused",
        details: { host: "upstream.test", reason: "address", addresses: [address] },
      });
      expect(connections).toBe(0);
      expect(lines).toHaveLength(1);
      expect(lines[0]![0]).toMatchObject({ host: "upstream.test", reason: "address" });
      expect(JSON.stringify(lines)).not.toContain("hidden");
    },
  );

  test("that is public once and private at the next look is refused then, whatever was decided before", async () => {
    let connections = 0;
    const port = await listen((_request, response) => {
      connections += 1;
      response.writeHead(200, { connection: "close" }).end("public");
    });
    const answers = [addresses("8.8.8.8"), addresses("127.0.0.1")];
    const egress = openEgress({
      hosts: [{ host: "upstream.test", http: true, ports: [port] }],
      resolve: () => Promise.resolve(answers.shift() ?? []),
      // The public address of this test is this machine.
      route: (address) => (address.address === "8.8.8.8" ? loopback : address),
    });
    expect(await (await egress.request({ url: at(port) })).text()).toBe("public");
    await expect(egress.request({ url: at(port) })).rejects.toMatchObject({
      code: "egress_refused",
      details: { addresses: ["127.0.0.1"] },
    });
    expect(connections).toBe(1);
    expect(answers).toHaveLength(0);
  });

  test("is resolved once a connection: what was checked is what is connected to", async () => {
    const port = await listen((_request, response) => response.end("x"));
    let asked = 0;
    const egress = openEgress({
      ports: [port],
      resolve: () => {
        asked += 1;
        return Promise.resolve(asked === 1 ? [loopback] : addresses("169.254.169.254"));
      },
    });
    expect(await (await egress.request({ url: at(port) })).text()).toBe("x");
    expect(asked).toBe(1);
  });

  test("with a forbidden address among good ones leads to the good ones", async () => {
    const port = await listen((_request, response) => response.end("good"));
    const egress = openEgress({
      ports: [port],
      resolve: () => Promise.resolve(addresses("169.254.169.254", "::ffff:127.0.0.1", "127.0.0.1")),
    });
    expect(await (await egress.request({ url: at(port) })).text()).toBe("good");
  });
});

describe("an address", () => {
  test("is asked when the configuration names it, and no other", async () => {
    const port = await listen((_request, response) => response.end("here"));
    const egress = openEgress({ hosts: [{ host: "127.0.0.1", private: true, http: true, ports: [port] }] });
    expect(await (await egress.request({ url: `http://127.0.0.1:${port}/` })).text()).toBe("here");
    for (const other of ["localhost", "127.0.0.2", "[::1]", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"])
      await expect(egress.request({ url: `http://${other}:${port}/` }), other).rejects.toMatchObject({ code: "egress_refused" });
  });
});

describe("a redirect", () => {
  test("on the same host is followed", async () => {
    const port = await listen((request, response) => {
      if (request.url === "/old") response.writeHead(302, { location: "/new" }).end("moved");
      else response.end(`${request.method} ${request.url} ${request.headers.authorization}`);
    });
    const answer = await openEgress({ ports: [port] }).request({ url: at(port, "/old"), headers: { authorization: "Bearer x" } });
    expect(await answer.text()).toBe("GET /new Bearer x");
    expect(answer.url).toBe(at(port, "/new"));
  });

  test("to another host, port or scheme is refused, and nothing is sent there", async () => {
    const seen: string[] = [];
    const other = await listen((request, response) => {
      seen.push(request.url!);
      response.end();
    });
    const port = await listen((request, response) => {
      response.writeHead(307, { location: decodeURIComponent(request.url!.slice(1)) }).end();
    });
    const egress = openEgress({
      hosts: [
        { host: "upstream.test", private: true, http: true, ports: [port, other] },
        { host: "allowed.test", private: true, http: true, ports: [other] },
      ],
    });
    for (const location of [
      `http://allowed.test:${other}/`,
      `http://upstream.test:${other}/`,
      `https://upstream.test:${port}/`,
      `http://169.254.169.254/`,
      `//allowed.test:${other}/`,
      "ftp://upstream.test/",
      "http://upstream.test:port/",
      `http://user:pass@upstream.test:${port}/`,
    ])
      await expect(egress.request({ url: at(port, `/${encodeURIComponent(location)}`) }), location).rejects.toMatchObject({
        code: "egress_refused",
      });
    expect(seen).toEqual([]);
    expect(egress.counts().get("upstream.test")).toMatchObject({ active: 0, failures: 8 });
  });

  test("that leads in a circle ends", async () => {
    let asked = 0;
    const port = await listen((_request, response) => {
      asked += 1;
      response.writeHead(302, { location: "/again" }).end();
    });
    await expect(openEgress({ ports: [port], maxRedirects: 3 }).request({ url: at(port) })).rejects.toMatchObject({
      code: "egress_refused",
      details: { reason: "redirect", setting: "egress.maxRedirects" },
    });
    expect(asked).toBe(4);
  });

  test("keeps the body only where it can be sent again", async () => {
    const port = await listen(async (request, response) => {
      const body = await bodyOf(request);
      const status = Number(request.url!.slice(1));
      if (status > 0) response.writeHead(status, { location: "/" }).end();
      else response.end(`${request.method} ${body} ${request.headers["content-type"]}`);
    });
    const egress = openEgress({ ports: [port] });
    const post = (status: number, body: string | AsyncIterable<Uint8Array> = "body") =>
      egress.request({ url: at(port, `/${status}`), method: "POST", body, headers: { "content-type": "text/plain" } });
    async function* stream() {
      yield Buffer.from("streamed");
    }
    expect(await (await post(308)).text()).toBe("POST body text/plain");
    expect(await (await post(303)).text()).toBe("GET  undefined");
    await expect(post(302)).rejects.toThrow(/would drop its body/);
    await expect(post(307, stream())).rejects.toThrow(/cannot be sent again/);
  });
});
