import { gzipSync, brotliCompressSync, deflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { bearer, secret } from "../config.ts";
import { bodyOf, deadPort, listen, listenRaw, openEgress, record } from "./test-egress.ts";

const at = (port: number, path = "/") => `http://upstream.test:${port}${path}`;

describe("a request", () => {
  test("brings what was sent there, and the answer back", async () => {
    process.env["MILLRACE_TEST_TOKEN"] = "hunter2";
    const port = await listen(async (request, response) => {
      const seen = { method: request.method, url: request.url, headers: request.headers, body: await bodyOf(request) };
      response.writeHead(201, { "x-from": "upstream", "set-cookie": ["a=1", "b=2"] }).end(JSON.stringify(seen));
    });
    const egress = openEgress({ ports: [port] });
    const answer = await egress.request({
      url: at(port, "/v1/chat?stream=no"),
      method: "POST",
      headers: { Authorization: bearer(secret("MILLRACE_TEST_TOKEN")), "x-list": ["1", "2"], absent: undefined },
      body: "hello",
    });
    expect(answer).toMatchObject({ status: 201, headers: { "x-from": "upstream", "set-cookie": ["a=1", "b=2"] } });
    expect(await answer.json()).toMatchObject({
      method: "POST",
      url: "/v1/chat?stream=no",
      headers: { authorization: "Bearer hunter2", "x-list": "1, 2", host: `upstream.test:${port}`, "content-length": "5" },
      body: "hello",
    });
    expect(egress.counts().get("upstream.test")).toEqual({ requests: 1, failures: 0, active: 0 });
  });

  test("streams its body, and reads the answer piece by piece", async () => {
    const port = await listen((request, response) => {
      request.pipe(response);
    });
    async function* pieces() {
      for (const piece of ["one ", "two ", "three"]) yield Buffer.from(piece);
    }
    const answer = await openEgress({ ports: [port] }).request({ url: at(port), method: "POST", body: pieces() });
    let text = "";
    for await (const chunk of answer.body) text += Buffer.from(chunk).toString();
    expect(text).toBe("one two three");
  });

  test("uses its connections again and again", async () => {
    const ports = new Set<number | undefined>();
    const port = await listen((request, response) => {
      ports.add(request.socket.remotePort);
      response.end("x");
    });
    const egress = openEgress({ ports: [port] });
    for (let round = 0; round < 20; round++) await (await egress.request({ url: at(port) })).text();
    // Two: the next request may come in the moment before the last connection is free again.
    expect(ports.size).toBeLessThanOrEqual(2);
  });

  test("waits for a reader that is slow, and holds little meanwhile", async () => {
    const size = 32 * 1024 * 1024;
    let sent = 0;
    const port = await listen((_request, response) => {
      const piece = Buffer.alloc(65_536);
      function more(): void {
        while (sent < size) {
          sent += piece.length;
          if (!response.write(piece)) return void response.once("drain", more);
        }
        response.end();
      }
      more();
    });
    const answer = await openEgress({ ports: [port], idleMs: 150 }).request({ url: at(port) });
    // Longer than the idle clock, which counts only the time the other side takes.
    let before = -1;
    await expect
      .poll(
        () => {
          const still = sent === before;
          before = sent;
          return still;
        },
        { interval: 400 },
      )
      .toBe(true);
    expect(sent).toBeLessThan(size);
    expect((await answer.bytes()).length).toBe(size);
  });

  test("refuses a header that would speak to another site, or that holds a secret's name tag", async () => {
    const port = await deadPort();
    const egress = openEgress({ ports: [port] });
    const sent = (headers: Record<string, string>) => egress.request({ url: at(port), headers });
    await expect(sent({ Host: "other.test" })).rejects.toMatchObject({ code: "egress_refused", details: { reason: "header" } });
    await expect(sent({ authorization: `Bearer ${String(secret("X"))}` })).rejects.toMatchObject({ code: "egress_refused" });
    await expect(egress.request({ url: at(port), method: "CONNECT" })).rejects.toMatchObject({ details: { reason: "method" } });
  });

  test("takes nothing more once it is closed", async () => {
    const egress = openEgress({ ports: [1] });
    await egress.close();
    await expect(egress.request({ url: at(1) })).rejects.toMatchObject({ code: "egress_refused", details: { reason: "closed" } });
  });
});

describe("an answer", () => {
  test.each([
    ["gzip", gzipSync],
    ["br", brotliCompressSync],
    ["deflate", deflateSync],
  ])("that is compressed with %s though nobody asked is read in plain", async (encoding, compress) => {
    const port = await listen((_request, response) => {
      response.writeHead(200, { "content-encoding": encoding }).end(compress('{"plain":true}'));
    });
    const answer = await openEgress({ ports: [port] }).request({ url: at(port) });
    expect(await answer.json()).toEqual({ plain: true });
    expect(answer.headers["content-encoding"]).toBeUndefined();
  });

  test("that is compressed and empty is empty", async () => {
    const port = await listen((_request, response) => {
      response.writeHead(200, { "content-encoding": "gzip" }).end();
    });
    const answer = await openEgress({ ports: [port] }).request({ url: at(port), method: "HEAD" });
    expect(await answer.text()).toBe("");
  });

  // The second is a word that every object of JavaScript knows.
  test.each(["gzip, gzip", "constructor"])("in an encoding nobody can undo is an error that names it (%s)", async (encoding) => {
    const port = await listen((_request, response) => {
      response.writeHead(200, { "content-encoding": encoding }).end("x");
    });
    await expect(openEgress({ ports: [port] }).request({ url: at(port) })).rejects.toMatchObject({
      code: "egress_failed",
      message: expect.stringContaining(encoding) as string,
    });
  });

  test("that is not JSON says so", async () => {
    const port = await listen((_request, response) => response.end("<html>"));
    await expect((await openEgress({ ports: [port] }).request({ url: at(port) })).json()).rejects.toMatchObject({ code: "egress_failed" });
  });

  test("goes to a handler as it comes, with a head and an end", async () => {
    const port = await listen((_request, response) => response.writeHead(200, { "content-encoding": "x" }).end("piece"));
    const { events, over } = record(openEgress({ ports: [port] }), { url: at(port) });
    expect(await over).toBeUndefined();
    expect(events).toEqual(["head 200", "data piece", "end"]);
  });

  test("ends once, also for a handler that fails at the end", async () => {
    const port = await listen((_request, response) => response.end("x"));
    const egress = openEgress({ ports: [port] });
    const ends: string[] = [];
    await new Promise<void>((resolve) => {
      egress.dispatch(
        { url: at(port) },
        {
          onHeaders: () => {},
          onData: () => {},
          onEnd: () => {
            ends.push("end");
            setImmediate(resolve);
            throw new Error("the handler's own");
          },
          onError: () => ends.push("error"),
        },
      );
    });
    expect(ends).toEqual(["end"]);
    expect(egress.counts().get("upstream.test")).toEqual({ requests: 1, failures: 0, active: 0 });
  });

  test("begins after an early hint", async () => {
    const port = await listenRaw((socket) => {
      socket.end("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");
    });
    const answer = await openEgress({ ports: [port] }).request({ url: at(port) });
    expect([answer.status, await answer.text()]).toEqual([200, "ok"]);
  });
});
