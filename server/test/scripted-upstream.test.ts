import { describe, expect, onTestFinished, test } from "vitest";
import { type ScriptedUpstream, scriptedCharacters, scriptedText, startScriptedUpstream } from "./scripted-upstream.ts";

async function start(): Promise<ScriptedUpstream> {
  const upstream = await startScriptedUpstream();
  onTestFinished(() => upstream.close());
  return upstream;
}

const dialects = ["/v1/chat/completions", "/v1/responses", "/v1/messages"] as const;

interface Asked {
  readonly model: string;
  readonly stream?: boolean;
  readonly signal?: AbortSignal;
}

function ask(upstream: ScriptedUpstream, path: string, { signal, ...body }: Asked): Promise<Response> {
  const messages = [{ role: "user", content: "say this" }];
  return fetch(upstream.origin + path, {
    method: "POST",
    body: JSON.stringify({ messages, stream_options: { include_usage: true }, ...body }),
    redirect: "manual",
    signal: signal ?? null,
  });
}

/** What was said, in any dialect, in a stream or whole. Responses say it again when it is over. */
function textOf(wire: string): string {
  const [before = ""] = wire.split("event: response.output_text.done");
  const pieces = before.matchAll(/"(?:content|text|delta)":"((?:[^"\\]|\\.)*)"/g);
  return [...pieces].map(([, text]) => text).join("");
}

describe.each(dialects)("the scripted provider at %s", (path) => {
  test.each([true, false])("says its words, stream: %s", async (stream) => {
    const upstream = await start();
    expect(textOf(await (await ask(upstream, path, { model: "ok", stream })).text())).toBe(scriptedText);
    expect(textOf(await (await ask(upstream, path, { model: "echo", stream })).text())).toBe("say this");
    expect(textOf(await (await ask(upstream, path, { model: "empty", stream })).text())).toBe("");
    expect(await (await ask(upstream, path, { model: "length", stream })).text()).toMatch(/"(length|max_tokens|max_output_tokens)"/);
    expect(await (await ask(upstream, path, { model: "tools", stream })).text()).toMatch(
      /look_up.*"(tool_(calls|use)|completed)"|"function_call".*look_up/s,
    );
    expect(upstream.requests.map((request) => request.body["model"])).toEqual(["ok", "echo", "empty", "length", "tools"]);
    expect(upstream.requests[0]).toMatchObject({ path, aborted: false });
  });

  test("cuts characters across writes and loses none", async () => {
    const response = await ask(await start(), path, { model: "half-character", stream: true });
    const chunks: Uint8Array[] = [];
    for await (const chunk of response.body!) chunks.push(chunk);
    expect(chunks.some((chunk) => Buffer.from(chunk).toString().includes("\ufffd"))).toBe(true);
    expect(textOf(Buffer.concat(chunks).toString())).toBe(scriptedCharacters);
  });

  test("ends a stream without its mark, breaks it, resets it", async () => {
    const upstream = await start();
    const cut = await (await ask(upstream, path, { model: "clean-cut-after:4", stream: true })).text();
    expect(cut.split("\n\n")).toHaveLength(5);
    expect(cut).not.toMatch(/\[DONE\]|message_stop|response\.completed/);
    const malformed = await (await ask(upstream, path, { model: "malformed-after:2", stream: true })).text();
    expect(malformed.split("\n\n")[2]).toBe('data: {"id": "broken');
    const reset = (await ask(upstream, path, { model: "reset-after:2", stream: true }))
      .body!.pipeThrough(new TextDecoderStream())
      .getReader();
    const first = await reset.read();
    const read = first.value!.split("\n\n").length > 2 ? first.value : first.value! + (await reset.read()).value!;
    expect(read?.split("\n\n")).toHaveLength(3);
    await expect(reset.read()).rejects.toThrow("terminated");
    await expect(ask(upstream, path, { model: "reset" })).rejects.toThrow("fetch failed");
    expect(upstream.requests.map((request) => request.aborted)).toEqual([false, false, false, false]);
  });

  test.each([true, false])("sees a caller who goes away from one that stalls, stream: %s", async (stream) => {
    const upstream = await start();
    const caller = new AbortController();
    const response = await ask(upstream, path, { model: "stall-after:3", stream, signal: caller.signal });
    await response.body!.getReader().read();
    expect(upstream.requests[0]!.aborted).toBe(false);
    caller.abort();
    await expect.poll(() => upstream.requests[0]!.aborted).toBe(true);
  });

  test("answers errors by status, in a body and in a stream", async () => {
    const upstream = await start();
    const busy = await ask(upstream, path, { model: "status:429:7" });
    expect([busy.status, busy.headers.get("retry-after")]).toEqual([429, "7"]);
    expect(await busy.json()).toMatchObject({ error: { type: "rate_limit_error" } });
    const statuses = [];
    for (let times = 0; times < 3; times++) statuses.push((await ask(upstream, path, { model: "status-then-ok:503:2" })).status);
    expect(statuses).toEqual([503, 503, 200]);
    const inBody = await ask(upstream, path, { model: "error-body-200", stream: true });
    expect([inBody.status, await inBody.json()]).toMatchObject([200, { error: {} }]);
    expect(await (await ask(upstream, path, { model: "error-in-first-event", stream: true })).text()).toMatch(
      /^(event: error\n)?data: \{.*"error"/,
    );
    expect(await (await ask(upstream, path, { model: "empty-body" })).text()).toBe("");
    const redirect = await ask(upstream, path, { model: "redirect" });
    expect([redirect.status, redirect.headers.get("location")]).toEqual([307, `/elsewhere${path}`]);
  });

  test.each([true, false])("sends as much as it is told, or without end, and waits while nobody reads, stream: %s", async (stream) => {
    const upstream = await start();
    const huge = await (await ask(upstream, path, { model: "huge:100000", stream })).text();
    expect(textOf(huge)).toBe("x".repeat(100_000));
    const endless = await ask(upstream, path, { model: "endless", stream });
    const request = upstream.requests[1]!;
    let before = -1;
    await expect
      .poll(() => {
        const stands = request.sentBytes === before;
        before = request.sentBytes;
        return stands;
      })
      .toBe(true);
    await endless.body!.cancel();
    await expect.poll(() => request.aborted).toBe(true);
  });
});
