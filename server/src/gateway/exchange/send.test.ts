import { createServer } from "node:http";
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { scriptedText } from "../../../test/scripted-upstream.ts";
import { deadPort, openEgress, started } from "../../core/egress/test-egress.ts";
import { type AppError, toAppError } from "../../core/index.ts";
import { wayOf } from "./failures.ts";
import { openSendWorld, readAll, textOf } from "./test-send.ts";

describe("a whole answer", () => {
  test("comes with status, headers and bytes, asked for plainly and with the given headers", async () => {
    const { upstream, send } = await openSendWorld();
    const reply = await send("ok", { stream: false });
    expect(reply).toMatchObject({ kind: "whole", status: 200, headers: { "x-request-id": "scripted" } });
    expect(JSON.parse((await readAll(reply)).text)).toMatchObject({ choices: [{ message: { content: scriptedText } }] });
    expect(upstream.requests[0]!.headers).toMatchObject({
      authorization: "Bearer key",
      "accept-encoding": "identity",
      "content-type": "application/json",
    });
  });

  test.each([
    ["gzip", gzipSync],
    ["deflate", deflateSync],
    ["br", brotliCompressSync],
    ["zstd", zstdCompressSync],
  ] as const)("that came as %s all the same is read, and bounded after that", async (encoding, compress) => {
    const body = compress(JSON.stringify({ text: "x".repeat(5000) }));
    const port = await started(createServer((_message, response) => response.writeHead(200, { "content-encoding": encoding }).end(body)));
    const { send } = await openSendWorld();
    const given = { egress: openEgress({ ports: [port] }), url: `http://upstream.test:${port}/`, stream: false };
    expect(JSON.parse((await readAll(await send("ok", given))).text)).toEqual({ text: "x".repeat(5000) });
    await expect(send("ok", { ...given, maxBytes: 1000 })).rejects.toMatchObject({
      code: "provider_failed",
      details: { reason: "too_large", maxBytes: 1000, retryable: false },
    });
  });

  test.each([
    ["gzip", "encoding", "broken"],
    ["compress", "encoding", "nobody asked for"],
  ])("in %s that cannot be read fails", async (encoding, reason, message) => {
    const port = await started(createServer((_message, response) => response.writeHead(200, { "content-encoding": encoding }).end("{}")));
    const { send } = await openSendWorld();
    const given = { egress: openEgress({ ports: [port] }), url: `http://upstream.test:${port}/`, stream: false };
    await expect(send("ok", given)).rejects.toMatchObject({
      code: "provider_failed",
      details: { reason },
      message: expect.stringContaining(message),
    });
  });

  test.each(["reset", "reset-after:3"])("that is broken off by %s fails", async (model) => {
    const { send } = await openSendWorld();
    await expect(send(model, { stream: false })).rejects.toMatchObject({ code: "provider_failed", details: { target: "scripted/model" } });
  });

  test.each(["endless", "huge:60000000"])("of %s ends at its bound and cancels the provider", async (model) => {
    const { upstream, send } = await openSendWorld();
    await expect(send(model, { stream: false, maxBytes: 1_000_000 })).rejects.toMatchObject({
      code: "provider_failed",
      details: { reason: "too_large", maxBytes: 1_000_000, retryable: false },
    });
    await expect.poll(() => upstream.requests[0]!.aborted).toBe(true);
  });

  test("has no other clock than the whole one", async () => {
    const { send } = await openSendWorld();
    const clocks = { firstTokenMs: 1, gapMs: 1 };
    expect(await send("slow-between:5", { stream: false, clocks })).toMatchObject({ status: 200 });
    await expect(send("slow-first:60000", { stream: false, clocks: { totalMs: 30 } })).rejects.toMatchObject({
      code: "deadline_exceeded",
      details: { clock: "total", ms: 30 },
    });
  });
});

describe("a status that is not 2xx", () => {
  test.each([true, false])("is an answer with its body, stream: %s", async (stream) => {
    const { send } = await openSendWorld();
    const reply = await send("status:429:3", { stream });
    expect(reply).toMatchObject({ kind: "whole", status: 429, headers: { "retry-after": "3" } });
    expect(JSON.parse((await readAll(reply)).text)).toMatchObject({ error: { message: "scripted" } });
    expect(await send("status:529", { stream })).toMatchObject({ kind: "whole", status: 529 });
  });

  test("is read to 64 KiB and no further, and the provider cancelled", async () => {
    let isGone = false;
    const port = await started(
      createServer((_message, response) => {
        // And then no end.
        response.writeHead(500).write("x".repeat(70_000));
        response.on("close", () => {
          isGone = true;
        });
      }),
    );
    const { send } = await openSendWorld();
    const reply = await send("ok", { egress: openEgress({ ports: [port] }), url: `http://upstream.test:${port}/` });
    expect(reply).toMatchObject({ kind: "whole", status: 500 });
    expect((await readAll(reply)).text).toHaveLength(65_536);
    await expect.poll(() => isGone).toBe(true);
  });

  test.each(["redirect", "redirect:http://other.test/v1/chat/completions"])("that leads elsewhere is refused: %s", async (model) => {
    const { upstream, send } = await openSendWorld();
    await expect(send(model)).rejects.toMatchObject({ code: "provider_failed", details: { reason: "redirect", retryable: false } });
    expect(upstream.requests).toHaveLength(1);
  });
});

describe("a stream", () => {
  test("is handed through byte for byte", async () => {
    const { send } = await openSendWorld();
    const reply = await send("half-character");
    expect(reply).toMatchObject({ kind: "stream", status: 200 });
    const { text, error } = await readAll(reply);
    expect(error).toBeUndefined();
    expect(text).toContain("你好");
    expect(text).not.toContain("\ufffd");
    expect(text.endsWith("data: [DONE]\n\n")).toBe(true);
  });

  test("that was asked for and not given is a whole answer", async () => {
    const { send } = await openSendWorld();
    const reply = await send("error-body-200");
    expect(reply).toMatchObject({ kind: "whole", status: 200 });
  });

  test("that is reset gives what came, and then the error", async () => {
    const { send } = await openSendWorld();
    const { text, error } = await readAll(await send("reset-after:3"));
    expect(text.split("\n\n")).toHaveLength(4);
    expect(error).toMatchObject({ code: "provider_failed", details: { target: "scripted/model" } });
  });

  test.each(["slow-first:60000", "late-body:60000"])("whose first byte does not come runs out of that clock: %s", async (model) => {
    const { upstream, send } = await openSendWorld();
    const sent = send(model, { clocks: { firstTokenMs: 50 } }).then(readAll, (error: unknown) => ({ text: "", error }));
    expect(await sent).toMatchObject({ text: "", error: { code: "deadline_exceeded", details: { clock: "firstToken", ms: 50 } } });
    await expect.poll(() => upstream.requests[0]!.aborted).toBe(true);
  });

  test("that stalls runs out of the clock between two pieces, after what it said", async () => {
    const { upstream, send } = await openSendWorld();
    const { text, error } = await readAll(await send("stall-after:2", { clocks: { gapMs: 250 } }));
    expect(text.split("\n\n")).toHaveLength(3);
    expect(error).toMatchObject({ code: "deadline_exceeded", details: { clock: "gap", ms: 250 } });
    await expect.poll(() => upstream.requests[0]!.aborted).toBe(true);
  });

  test("may take longer than the clock between two pieces, as long as they come", async () => {
    const { send } = await openSendWorld();
    const { text, error } = await readAll(await send("slow-between:60", { clocks: { firstTokenMs: 400, gapMs: 400 } }));
    expect(error).toBeUndefined();
    expect(text).toContain("[DONE]");
  });

  test("that drips runs out of the whole time and of no other clock", async () => {
    const { upstream, send } = await openSendWorld();
    const { error } = await send("slow-between:100", { clocks: { totalMs: 350 } }).then(readAll, (reason: unknown) => ({ error: reason }));
    expect(error).toMatchObject({ code: "deadline_exceeded", details: { clock: "total", ms: 350 } });
    await expect.poll(() => upstream.requests[0]!.aborted).toBe(true);
  });

  test("waits for a slow reader, who costs it no clock, and loses nothing", async () => {
    const { upstream, send } = await openSendWorld();
    const reply = await send("huge:20000000", { clocks: { gapMs: 500 } });
    if (reply.kind !== "stream") throw new Error("no stream");
    let held = (await reply.chunks.next()).value!.length;
    let before = -1;
    await expect
      .poll(
        () => {
          const stands = upstream.requests[0]!.sentBytes === before;
          before = upstream.requests[0]!.sentBytes;
          return stands;
        },
        { interval: 600 },
      )
      .toBe(true);
    expect(before).toBeLessThan(20_000_000);
    for await (const chunk of reply.chunks) held += chunk.length;
    expect(held).toBe(upstream.requests[0]!.sentBytes);
    expect(held).toBeGreaterThan(20_000_000);
  });

  test("without end is cut at its bound", async () => {
    const { upstream, send } = await openSendWorld();
    const { text, error } = await readAll(await send("endless", { maxBytes: 500_000 }));
    expect(text.length).toBeLessThanOrEqual(500_000);
    expect(error).toMatchObject({ code: "provider_failed", details: { reason: "too_large", maxBytes: 500_000 } });
    await expect.poll(() => upstream.requests[0]!.aborted).toBe(true);
  });

  test("in an encoding nobody asked for is refused", async () => {
    const head = { "content-type": "text/event-stream", "content-encoding": "gzip" };
    const port = await started(createServer((_message, response) => response.writeHead(200, head).end(gzipSync("data: 1\n\n"))));
    const { send } = await openSendWorld();
    await expect(send("ok", { egress: openEgress({ ports: [port] }), url: `http://upstream.test:${port}/` })).rejects.toMatchObject({
      code: "provider_failed",
      details: { reason: "encoding", retryable: false },
    });
  });
});

describe("a caller who goes away", () => {
  test.each(["slow-first:60000", "stall-after:2", "endless"])("reaches the provider: %s", async (model) => {
    const { upstream, egress, send } = await openSendWorld();
    const caller = new AbortController();
    const reason = new Error("gone");
    const sent = send(model, { signal: caller.signal }).then(readAll, (error: unknown) => ({ error }));
    await expect.poll(() => upstream.requests.length).toBe(1);
    expect(upstream.requests[0]!.aborted).toBe(false);
    caller.abort(reason);
    expect((await sent).error).toBe(reason);
    await expect.poll(() => upstream.requests[0]!.aborted).toBe(true);
    expect(egress.counts().get("upstream.test")).toMatchObject({ active: 0 });
  });

  test("in the middle of a loop cancels the provider too", async () => {
    const { upstream, send } = await openSendWorld();
    const reply = await send("stall-after:2");
    if (reply.kind !== "stream") throw new Error("no stream");
    for await (const chunk of reply.chunks) {
      expect(textOf(chunk)).toContain("data: ");
      break;
    }
    await expect.poll(() => upstream.requests[0]!.aborted).toBe(true);
    expect(await reply.chunks.next()).toEqual({ done: true, value: undefined });
  });

  test("before anything is sent sends nothing", async () => {
    const { upstream, send } = await openSendWorld();
    const reason = new Error("gone");
    await expect(send("ok", { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await expect(send("ok", { clocks: { totalMs: 0 } })).rejects.toMatchObject({ code: "deadline_exceeded", details: { clock: "total" } });
    expect(upstream.requests).toHaveLength(0);
  });
});

describe("a provider that cannot be reached", () => {
  test("because nobody listens is a failure with the system's code", async () => {
    const port = await deadPort();
    const { send } = await openSendWorld();
    const error = await send("ok", { egress: openEgress({ ports: [port] }), url: `http://upstream.test:${port}/` }).catch(toAppError);
    expect(error).toMatchObject({
      code: "provider_failed",
      message: "The request to scripted/model failed: ECONNREFUSED.",
      details: { target: "scripted/model", code: "ECONNREFUSED" },
    });
    // Where it stands in the network is for the operator: in the evidence, and in no word that a caller gets.
    expect(JSON.stringify([(error as AppError).message, (error as AppError).details])).not.toMatch(/upstream\.test|127\.0\.0\.1/);
    expect(wayOf(error)).toEqual({ host: "upstream.test", cause: expect.stringContaining(String(port)) });
  });

  test("because no connection comes about is one too", async () => {
    const { send } = await openSendWorld();
    const egress = openEgress({ ports: [80], connectMs: 30, resolve: () => new Promise(() => {}) });
    await expect(send("ok", { egress, url: "http://upstream.test/" })).rejects.toMatchObject({
      code: "provider_failed",
      details: { code: "ETIMEDOUT", clock: "connect" },
    });
  });

  test("because it is not configured says so", async () => {
    const { send } = await openSendWorld();
    const error = await send("ok", { url: "http://elsewhere.test/" }).catch(toAppError);
    expect(error).toMatchObject({ code: "egress_refused", message: expect.stringContaining("scripted/model") });
    expect(JSON.stringify([(error as AppError).message, (error as AppError).details])).not.toContain("elsewhere.test");
    expect(wayOf(error)).toMatchObject({ host: "elsewhere.test" });
  });

  test("within a millisecond runs out of the whole time", async () => {
    const { send } = await openSendWorld();
    await expect(send("slow-first:60000", { clocks: { totalMs: 1 } })).rejects.toMatchObject({
      code: "deadline_exceeded",
      details: { clock: "total", ms: 1 },
    });
  });
});
