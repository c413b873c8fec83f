import OpenAI from "openai";
import { describe, expect, test } from "vitest";
import { alice } from "../../../test/functions.ts";
import { scriptedText } from "../../../test/scripted-upstream.ts";
import { useDoor } from "./test-door.ts";

const door = useDoor({
  ports: [9],
  gateway(baseUrl) {
    const clocks = { totalMs: 5000, firstTokenMs: 1000, gapMs: 400 };
    return {
      providers: {
        one: { dialect: "openai", baseUrl, clocks },
        two: { dialect: "anthropic", baseUrl, clocks },
        brief: { dialect: "openai", baseUrl, clocks: { totalMs: 300 }, attempts: 1 },
        dead: { dialect: "openai", baseUrl: "http://127.0.0.1:9/v1", clocks, attempts: 1 },
      },
      models: {
        small: "one/ok",
        patient: ["dead/ok", "one/error-in-first-event", "two/ok"],
        routed: { choose: "rules", targets: ["one/ok", "two/ok"], rules: [{ when: "metadata.tier == 'gold'", to: "two/ok" }] },
        closed: { targets: ["one/ok", "two/ok"], dataClass: "secret" },
      },
      prices: [{ provider: "one", model: "*", from: "2020-01-01", perMillion: { input: "1", output: "2" } }],
    };
  },
});

/** The newest inference of a model, once there are as many as told. A stream's record is closed a moment before its last byte leaves. */
async function evidence(model: string, count = 1) {
  const list = async () => (await door.edge.functions.listInferences(alice, { function: `model:${model}`, limit: 10 })).items;
  await expect.poll(async () => (await list()).length).toBe(count);
  return door.edge.functions.getInference(alice, (await list())[0]!.id);
}

async function readAll(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream);
}

const hello = [{ role: "user" as const, content: "Hello" }];

describe("OpenAI's client", () => {
  test("gets a whole answer, and it is an inference with usage and cost", async () => {
    const answer = await door.openai.chat.completions.create({ model: "one/ok", messages: hello });
    expect(answer.choices[0]!.message.content).toBe(scriptedText);
    const found = await evidence("one/ok");
    expect(found).toMatchObject({
      function: "model:one/ok",
      status: "ok",
      variant: "one/ok",
      fallback: false,
      caller: expect.stringMatching(/^key:admin/),
    });
    expect(found.input).toMatchObject({ messages: hello });
    expect(found.output).toMatchObject({ content: [{ type: "text", text: scriptedText }], finish: "stop" });
    expect(found.steps).toMatchObject([{ name: "one/ok", kind: "llm", status: "ok" }]);
    const { prompt_tokens: input, completion_tokens: output } = answer.usage!;
    expect(found.produced).toMatchObject({
      usage: { input, output, from: "provider" },
      cost: { amount: String((input + 2 * output) / 1e6), currency: "USD" },
    });
  });

  test("finds in the evidence what it asked, however it was written", async () => {
    const body =
      '{\n  "model": "wrong", "model":\t"one/ok:written", "seed": 1e2,\r\n "messages": [ { "role":"user", "content": "\\u00e9 \\ud83d\\ude00 \\n\\"" } ] }';
    const headers = { authorization: `Bearer ${door.edge.adminKey}`, "content-type": "application/json" };
    const answer = await fetch(`${door.edge.url}/v1/chat/completions`, { method: "POST", headers, body });
    const id = answer.headers.get("x-millrace-inference")!;
    await answer.body!.cancel();
    await expect
      .poll(() =>
        door.edge.functions.getInference(alice, id).then(
          ({ input }) => input,
          () => null,
        ),
      )
      .toEqual(JSON.parse(body));
  });

  test("gets a stream in order, with its usage when it asks, and only then", async () => {
    for (const include of [true, false]) {
      const options = include ? { stream_options: { include_usage: true } } : {};
      const stream = await door.openai.chat.completions.create({ model: "one/slow-between:1", messages: hello, stream: true, ...options });
      let text = "";
      let usages = 0;
      for await (const chunk of stream) {
        text += chunk.choices[0]?.delta.content ?? "";
        if (chunk.usage) usages++;
      }
      expect([text, usages]).toEqual([scriptedText, include ? 1 : 0]);
      expect((await evidence("one/slow-between:1", include ? 1 : 2)).produced["usage"]).toMatchObject({ output: expect.any(Number) });
    }
  });

  test("talks to an Anthropic model and does not notice, whole and streamed, tools too", async () => {
    const answer = await door.openai.chat.completions.create({
      model: "two/ok",
      messages: [{ role: "system", content: "Be brief" }, ...hello],
    });
    expect(answer.choices[0]!.message.content).toBe(scriptedText);
    expect(door.upstream.requests[0]).toMatchObject({ path: "/v1/messages", body: { model: "ok" } });
    expect(JSON.stringify(door.upstream.requests[0]!.body["system"])).toContain("Be brief");
    const stream = door.openai.chat.completions.stream({ model: "two/ok", messages: hello });
    expect(await stream.finalContent()).toBe(scriptedText);
    const tools = [{ type: "function" as const, function: { name: "weather", parameters: { type: "object", properties: {} } } }];
    const called = await door.openai.chat.completions.create({ model: "two/tools", messages: hello, tools });
    expect(called.choices[0]).toMatchObject({ finish_reason: "tool_calls", message: { tool_calls: [{ type: "function" }] } });
  });

  test("is told in its own words what cannot be carried, who is unknown, and what the provider refused", async () => {
    await expect(door.openai.chat.completions.create({ model: "two/ok", messages: hello, seed: 7 })).rejects.toMatchObject({
      status: 422,
      code: "untranslatable",
      message: expect.stringContaining("seed"),
    });
    await expect(door.openai.chat.completions.create({ model: "nobody/ok", messages: hello })).rejects.toMatchObject({
      status: 404,
      code: "unknown_model",
    });
    await expect(door.openai.chat.completions.create({ model: "one/status:400", messages: hello })).rejects.toMatchObject({ status: 400 });
    expect((await evidence("one/status:400")).status).toBe("failed");
    const stranger = new OpenAI({ baseURL: `${door.edge.url}/v1`, apiKey: "mr_wrong", maxRetries: 0 });
    await expect(stranger.chat.completions.create({ model: "one/ok", messages: hello })).rejects.toMatchObject({ status: 401 });
  });

  test("gets fields through that nobody here knows, where the provider speaks as it does", async () => {
    const unknown = { x_vendor: { depth: [1, "two"] }, seed: 7 };
    await door.openai.chat.completions.create({ model: "one/ok", messages: hello, ...unknown });
    expect(door.upstream.requests[0]!.body).toEqual({ model: "ok", messages: hello, ...unknown });
  });

  test("lists the models that have names here", async () => {
    const names = [];
    for await (const model of await door.openai.models.list()) names.push(model.id);
    expect(names).toEqual(["small", "patient", "routed", "closed", "fn/triage-mail"]);
  });
});

describe("Anthropic's client", () => {
  test("gets whole answers and streams from both kinds of provider", async () => {
    for (const model of ["two/ok", "one/ok"]) {
      const answer = await door.anthropic.messages.create({ model, max_tokens: 100, messages: hello });
      expect(answer.content).toMatchObject([{ type: "text", text: scriptedText }]);
      const stream = door.anthropic.messages.stream({ model, max_tokens: 100, messages: hello });
      expect(await stream.finalText()).toBe(scriptedText);
      expect((await stream.finalMessage()).usage.output_tokens).toBeGreaterThan(0);
    }
  });

  test("is told errors in its own words", async () => {
    await expect(door.anthropic.messages.create({ model: "nobody/ok", max_tokens: 1, messages: hello })).rejects.toMatchObject({
      status: 404,
      error: { type: "error", error: { type: "not_found_error" } },
    });
  });
});

describe("a provider that fails", () => {
  test("is called by its configured name: its address is in the evidence and in no answer", async () => {
    const said = await door.openai.chat.completions.create({ model: "dead/ok", messages: hello }).catch((error: Error) => error);
    expect(String((said as Error).message)).toContain("dead/ok");
    expect(JSON.stringify(said)).not.toMatch(/127\.0\.0\.1|:9\b/);
    const { steps } = await evidence("dead/ok");
    expect(steps).toMatchObject([{ name: "dead/ok", details: { host: "127.0.0.1", cause: expect.stringContaining("ECONNREFUSED") } }]);
  });

  test("before the first word is passed over, and the evidence shows every step", async () => {
    const stream = door.openai.chat.completions.stream({ model: "patient", messages: hello });
    expect(await stream.finalContent()).toBe(scriptedText);
    const found = await evidence("patient");
    expect(found).toMatchObject({ function: "model:patient", status: "ok", variant: "two/ok", fallback: true });
    expect(found.steps.map(({ name, status }) => [name, status])).toEqual(
      expect.arrayContaining([
        ["dead/ok", "failed"],
        ["one/error-in-first-event", "failed"],
        ["two/ok", "ok"],
      ]),
    );
  });

  test.each(["reset-after:3", "clean-cut-after:3", "stall-after:3", "malformed-after:3"])(
    "after it (%s) ends the stream with an error, never as if it were whole",
    async (fault) => {
      for (const model of [`one/${fault}`, `two/${fault}`]) {
        const stream = await door.openai.chat.completions.create({ model, messages: hello, stream: true });
        let finished = false;
        const read = async () => {
          for await (const chunk of stream) finished ||= chunk.choices[0]?.finish_reason === "stop";
        };
        await expect(read()).rejects.toThrow();
        expect(finished).toBe(false);
        const found = await evidence(model);
        expect(found.status).toBe("failed");
        expect(JSON.stringify(found.output)).toContain("The");
      }
    },
  );

  test("because it refuses our key is our fault, and what it says of the key stays here", async () => {
    for (const status of [401, 403])
      await expect(door.openai.chat.completions.create({ model: `one/status:${status}`, messages: hello })).rejects.toMatchObject({
        status: 502,
        code: "provider_failed",
        message: `502 one/status:${status} refused the key that is configured for it.`,
      });
    expect(door.upstream.requests).toHaveLength(2);
  });

  test("with 503 is asked again, and no more than it may be", async () => {
    const answer = await door.openai.chat.completions.create({ model: "one/status-then-ok:503:1", messages: hello });
    expect(answer.choices[0]!.message.content).toBe(scriptedText);
    expect(door.upstream.requests).toHaveLength(2);
  });
});

describe("an answer without end", () => {
  test("whole, is refused at the bound, and the provider is cancelled", async () => {
    await expect(door.openai.chat.completions.create({ model: `one/huge:${30 * 1024 * 1024}`, messages: hello })).rejects.toMatchObject({
      status: 502,
      code: "provider_failed",
    });
    expect((await evidence(`one/huge:${30 * 1024 * 1024}`)).status).toBe("failed");
    await expect.poll(() => door.upstream.requests[0]?.aborted).toBe(true);
  });

  test("streamed, ends with an error at the bound of time", async () => {
    const stream = await door.openai.chat.completions.create({ model: "brief/slow-between:100", messages: hello, stream: true });
    await expect(readAll(stream)).rejects.toThrow(/deadline passed/);
    expect(await evidence("brief/slow-between:100")).toMatchObject({ status: "failed", error: "deadline_exceeded" });
  });
});

test("a client that goes away ends the provider's work, and what came is recorded", async () => {
  const abort = new AbortController();
  const stream = await door.openai.chat.completions.create(
    { model: "one/endless", messages: hello, stream: true },
    { signal: abort.signal },
  );
  let chunks = 0;
  for await (const _ of stream) if (++chunks === 20) break;
  abort.abort();
  await expect.poll(() => door.upstream.requests[0]?.aborted).toBe(true);
  await expect.poll(async () => (await evidence("one/endless")).status).toBe("failed");
  expect(JSON.stringify((await evidence("one/endless")).output).length).toBeGreaterThan(20);
});

test("a client that leaves before a whole answer came has what it asked on the record, and its cost", async () => {
  const abort = new AbortController();
  const asked = door.openai.chat.completions.create({ model: "one/slow-first:20000", messages: hello }, { signal: abort.signal });
  asked.catch(() => {});
  await expect.poll(() => door.upstream.requests.length).toBe(1);
  abort.abort();
  await expect.poll(() => door.upstream.requests[0]?.aborted).toBe(true);
  await expect
    .poll(async () => (await evidence("one/slow-first:20000")).produced)
    .toMatchObject({ usage: { output: 0, from: "tokenizer" }, cost: { from: "tokenizer" } });
});

test("a model is switched off like any function", async () => {
  const put = (off: boolean) =>
    door.edge.send({
      method: "PUT",
      path: `/api/governance/switches/${encodeURIComponent("model:one/ok")}`,
      key: door.edge.adminKey,
      body: { off, reason: "drill" },
    });
  expect((await put(true)).status).toBe(200);
  await expect
    .poll(() =>
      door.openai.chat.completions.create({ model: "one/ok", messages: hello }).then(
        () => "answered",
        (error: { code: string }) => error.code,
      ),
    )
    .toBe("function_switched_off");
  door.upstream.requests.splice(0);
  await expect(door.openai.chat.completions.create({ model: "one/ok", messages: hello })).rejects.toMatchObject({ status: 503 });
  expect(door.upstream.requests).toEqual([]);
  expect((await put(false)).status).toBe(200);
  await expect
    .poll(() =>
      door.openai.chat.completions.create({ model: "one/ok", messages: hello }).then(
        () => "answered",
        (error: { code: string }) => error.code,
      ),
    )
    .toBe("answered");
});

describe("a model that says who may answer", () => {
  test("has the way it went in the evidence, and whom it chose is no fallback", async () => {
    await door.openai.chat.completions.create({ model: "routed", messages: hello, metadata: { tier: "gold" } });
    const found = await evidence("routed");
    expect(found).toMatchObject({ status: "ok", variant: "two/ok", fallback: false });
    expect(found.produced).toMatchObject({ route: { choose: "rules", chosen: "two/ok", why: expect.stringContaining("gold") } });
    expect(found.steps).toMatchObject([{ name: "route:rules", kind: "policy", status: "ok" }, { name: "two/ok" }]);
  });

  test("refuses in either dialect what nobody may see, sends nothing, and the refusal is evidence", async () => {
    const asked = [
      () => door.openai.chat.completions.create({ model: "closed", messages: hello }),
      () => door.anthropic.messages.create({ model: "closed", max_tokens: 9, messages: hello }),
    ];
    for (const [index, ask] of asked.entries()) {
      await expect(ask()).rejects.toMatchObject({ status: 403, message: expect.stringContaining("secret") });
      expect(await evidence("closed", index + 1)).toMatchObject({
        status: "failed",
        error: "data_class_refused",
        steps: [{ name: "providers", status: "failed", error: "data_class_refused" }],
      });
    }
    expect(door.upstream.requests).toEqual([]);
  });
});

test("a key that is held to one model asks that one, sees that one, and no other", async () => {
  const apiKey = await door.edge.createKey({ name: "held", roles: ["caller"], functions: ["model:small"] });
  const held = new OpenAI({ baseURL: `${door.edge.url}/v1`, apiKey, maxRetries: 0 });
  expect((await held.chat.completions.create({ model: "small", messages: hello })).choices[0]!.message.content).toBe(scriptedText);
  expect((await held.models.list()).data.map(({ id }) => id)).toEqual(["small"]);
  await expect(held.chat.completions.create({ model: "one/ok", messages: hello })).rejects.toMatchObject({
    status: 403,
    code: "forbidden",
  });
});
