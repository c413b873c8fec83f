import type { Socket } from "node:net";
import { createGzip } from "node:zlib";
import { describe, expect, test } from "vitest";
import { closing, deadPort, listen, listenRaw, loopback, openEgress, record } from "./test-egress.ts";

const at = (port: number, path = "/") => `http://upstream.test:${port}${path}`;
const chunkedHead = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

describe("an upstream that", () => {
  test("does not listen is an error with its code", async () => {
    const port = await deadPort();
    const egress = openEgress({ ports: [port] });
    await expect(egress.request({ url: at(port) })).rejects.toMatchObject({
      code: "egress_failed",
      details: { host: "upstream.test", code: "ECONNREFUSED" },
    });
    expect(egress.counts().get("upstream.test")).toEqual({ requests: 1, failures: 1, active: 0 });
  });

  test("has no address is an error", async () => {
    const egress = openEgress({
      ports: [80],
      resolve: () => Promise.reject(Object.assign(new Error("no such name"), { code: "ENOTFOUND" })),
    });
    await expect(egress.request({ url: at(80) })).rejects.toMatchObject({ code: "egress_failed", details: { code: "ENOTFOUND" } });
  });

  test("is never resolved runs out of the time to connect", async () => {
    const egress = openEgress({ ports: [80], connectMs: 50, resolve: () => new Promise(() => {}) });
    await expect(egress.request({ url: at(80) })).rejects.toMatchObject({
      code: "egress_timeout",
      details: { clock: "connect", ms: 50, setting: "egress.connectMs" },
    });
  });

  test("stalls before the head runs out of that clock, and is cut off", async () => {
    const closed: Promise<unknown>[] = [];
    const port = await listenRaw((socket) => closed.push(closing(socket)));
    await expect(openEgress({ ports: [port], headersMs: 50 }).request({ url: at(port) })).rejects.toMatchObject({
      code: "egress_timeout",
      details: { clock: "headers" },
    });
    expect(closed).toHaveLength(1);
    await closed[0];
  });

  test("stalls in the middle of the body runs out of that clock after what it said", async () => {
    const closed: Promise<unknown>[] = [];
    const port = await listenRaw((socket) => {
      closed.push(closing(socket));
      socket.write(`${chunkedHead}4\r\nhalf\r\n`);
    });
    const { events, over } = record(openEgress({ ports: [port], idleMs: 50 }), { url: at(port) });
    expect(await over).toMatchObject({ code: "egress_timeout", details: { clock: "idle" } });
    expect(events).toEqual(["head 200", "data half", "error"]);
    await closed[0];
  });

  test("drips for ever runs out of the whole time", async () => {
    const port = await listenRaw((socket) => {
      socket.write(chunkedHead);
      const timer = setInterval(() => socket.write("1\r\nx\r\n"), 5);
      socket.on("close", () => clearInterval(timer));
    });
    const answer = await openEgress({ ports: [port] }).request({ url: at(port), limits: { totalMs: 100, idleMs: 90 } });
    await expect(answer.text()).rejects.toMatchObject({ code: "egress_timeout", details: { clock: "total", ms: 100 } });
  });

  test.each(["headersMs", "idleMs"])("that gives nothing runs out of the whole time where %s is as long", async (clock) => {
    const port = await listenRaw((socket) => clock === "idleMs" && void socket.write(`${chunkedHead}4\r\nhalf\r\n`));
    const { over } = record(openEgress({ ports: [port] }), { url: at(port), limits: { totalMs: 60, [clock]: 60 } });
    expect(await over).toMatchObject({ code: "egress_timeout", details: { clock: "total", ms: 60 } });
  });

  test("resets the connection in the middle of the body is never a clean end", async () => {
    const port = await listenRaw((socket) => {
      socket.write(`${chunkedHead}4\r\nhalf\r\n`, () => socket.resetAndDestroy());
    });
    const { events, over } = record(openEgress({ ports: [port] }), { url: at(port) });
    expect(await over).toMatchObject({ code: "egress_failed" });
    expect(events.at(-1)).toBe("error");
  });

  test.each([
    ["ends before the last chunk", `${chunkedHead}4\r\nhalf\r\n`],
    ["ends before the announced length", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf"],
    ["ends in the middle of the head", "HTTP/1.1 200 OK\r\ncontent-le"],
    ["ends without a word", ""],
    ["does not speak HTTP", "SSH-2.0-OpenSSH_9.2\r\n"],
  ])("%s is never a clean end", async (_what, said) => {
    const port = await listenRaw((socket) => socket.end(said));
    const { events, over } = record(openEgress({ ports: [port] }), { url: at(port) });
    expect(await over).toMatchObject({ code: "egress_failed" });
    expect(events).not.toContain("end");
  });

  test("never stops sending is cut off at the bound", async () => {
    let sent = 0;
    const closed: Promise<unknown>[] = [];
    const port = await listenRaw((socket) => {
      closed.push(closing(socket));
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      pour(socket, (bytes) => (sent += bytes));
    });
    const answer = await openEgress({ ports: [port], maxResponseBytes: 1_000_000 }).request({ url: at(port) });
    await expect(answer.bytes()).rejects.toMatchObject({ code: "egress_too_large", details: { maxBytes: 1_000_000 } });
    await closed[0];
    expect(sent).toBeLessThan(50_000_000);
  });

  test("announces more than the bound is cut off before the first byte", async () => {
    const port = await listen((_request, response) => response.writeHead(200, { "content-length": "1001" }).write("x"));
    const egress = openEgress({ ports: [port] });
    await expect(egress.request({ url: at(port), limits: { maxResponseBytes: 1000 } })).rejects.toMatchObject({ code: "egress_too_large" });
  });

  test("sends little that unpacks to much is cut off at the bound", async () => {
    let unpacked = 0;
    const port = await listen((_request, response) => {
      response.writeHead(200, { "content-encoding": "gzip" });
      const gzip = createGzip();
      gzip.pipe(response);
      const zeros = Buffer.alloc(1_000_000);
      for (let megabyte = 0; megabyte < 100; megabyte++) gzip.write(zeros);
      gzip.end();
    });
    const answer = await openEgress({ ports: [port], maxResponseBytes: 2_000_000 }).request({ url: at(port) });
    const reading = (async () => {
      for await (const chunk of answer.body) unpacked += chunk.length;
    })();
    await expect(reading).rejects.toMatchObject({ code: "egress_too_large" });
    expect(unpacked).toBeLessThanOrEqual(2_000_000);
  });

  test("breaks off what it compressed is never a clean end", async () => {
    const port = await listen((_request, response) => {
      response.writeHead(200, { "content-encoding": "gzip" }).end(Buffer.from("H4sIAAAAAAAAA8tIzcnJVyjPL8pJUQQ", "base64").subarray(0, 16));
    });
    const answer = await openEgress({ ports: [port] }).request({ url: at(port) });
    await expect(answer.text()).rejects.toMatchObject({ code: "egress_failed" });
  });
});

function pour(socket: Socket, count: (bytes: number) => void): void {
  const piece = Buffer.alloc(65_536);
  function more(): void {
    while (socket.writable) {
      count(piece.length);
      if (!socket.write(piece)) return void socket.once("drain", more);
    }
  }
  more();
}

describe("a caller that is gone", () => {
  test("before anything was sent leaves no trace upstream", async () => {
    let connections = 0;
    const port = await listenRaw(() => {
      connections += 1;
    });
    const reason = new Error("gone");
    const egress = openEgress({ ports: [port] });
    await expect(egress.request({ url: at(port), signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(connections).toBe(0);
    expect(egress.counts().get("upstream.test")).toBeUndefined();
  });

  test("while the connection is made is told at once, and nothing is sent", async () => {
    const heads: string[] = [];
    const port = await listen((request, response) => {
      heads.push(request.url!);
      response.end();
    });
    const controller = new AbortController();
    let answerName: (() => void) | undefined;
    const egress = openEgress({
      ports: [port],
      resolve: () =>
        answerName !== undefined
          ? Promise.resolve([loopback])
          : new Promise((resolve) => {
              answerName = () => resolve([loopback]);
            }),
    });
    const asking = egress.request({ url: at(port, "/gone"), signal: controller.signal });
    await expect.poll(() => answerName).toBeDefined();
    controller.abort(new Error("gone"));
    await expect(asking).rejects.toThrow("gone");
    answerName!();
    expect((await egress.request({ url: at(port, "/next") })).status).toBe(200);
    expect(heads).toEqual(["/next"]);
  });

  test("while the head is awaited closes the connection upstream", async () => {
    const closed: Promise<unknown>[] = [];
    const port = await listenRaw((socket) => closed.push(closing(socket)));
    const controller = new AbortController();
    const asking = openEgress({ ports: [port] }).request({ url: at(port), signal: controller.signal });
    await expect.poll(() => closed.length).toBe(1);
    controller.abort(new Error("gone"));
    await expect(asking).rejects.toThrow("gone");
    await closed[0];
  });

  test("in the middle of a stream closes the connection upstream, and the reader learns why", async () => {
    const closed: Promise<unknown>[] = [];
    const port = await listenRaw((socket) => {
      closed.push(closing(socket));
      socket.write(`${chunkedHead}4\r\nhalf\r\n`);
    });
    const controller = new AbortController();
    const egress = openEgress({ ports: [port] });
    const answer = await egress.request({ url: at(port), signal: controller.signal });
    const seen: string[] = [];
    const reading = (async () => {
      for await (const chunk of answer.body) {
        seen.push(Buffer.from(chunk).toString());
        controller.abort(new Error("gone"));
      }
    })();
    await expect(reading).rejects.toThrow("gone");
    expect(seen).toEqual(["half"]);
    await closed[0];
    expect(egress.counts().get("upstream.test")).toEqual({ requests: 1, failures: 1, active: 0 });
  });

  test.each(["identity", "gzip"])("in the form of a loop that is left closes the connection too (%s)", async (encoding) => {
    const closed: Promise<unknown>[] = [];
    const port = await listen((request, response) => {
      closed.push(closing(request.socket));
      response.writeHead(200, { "content-encoding": encoding });
      const writer = encoding === "gzip" ? createGzip() : response;
      if (writer !== response) writer.pipe(response);
      writer.write("half");
      if ("flush" in writer) writer.flush();
    });
    const answer = await openEgress({ ports: [port] }).request({ url: at(port) });
    for await (const chunk of answer.body) {
      expect(Buffer.from(chunk).toString()).toBe("half");
      break;
    }
    await closed[0];
  });

  test("that wants no body closes the connection", async () => {
    const closed: Promise<unknown>[] = [];
    const port = await listenRaw((socket) => {
      closed.push(closing(socket));
      socket.write(chunkedHead);
    });
    const egress = openEgress({ ports: [port] });
    (await egress.request({ url: at(port) })).cancel();
    await closed[0];
    expect(egress.counts().get("upstream.test")!.active).toBe(0);
  });

  test("leaves no listener on a signal that lives longer", async () => {
    const port = await listen((_request, response) => response.end("x"));
    const controller = new AbortController();
    let listeners = 0;
    const { signal } = controller;
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
    signal.addEventListener = (...given: Parameters<typeof add>) => {
      listeners += 1;
      add(...given);
    };
    signal.removeEventListener = (...given: Parameters<typeof remove>) => {
      listeners -= 1;
      remove(...given);
    };
    const egress = openEgress({ ports: [port] });
    for (let round = 0; round < 3; round++) await (await egress.request({ url: at(port), signal })).text();
    expect(listeners).toBe(0);
  });
});
