import OpenAI from "openai";
import { describe, expect, test } from "vitest";
import { alice } from "../../../test/functions.ts";
import { scriptedTool } from "../../../test/scripted-answers.ts";
import { scriptedText } from "../../../test/scripted-upstream.ts";
import { useDoor } from "./test-door.ts";

const door = useDoor({
  gateway(baseUrl) {
    const provider = { baseUrl, clocks: { totalMs: 5000, firstTokenMs: 1000, gapMs: 400 } };
    return {
      providers: {
        chat: { ...provider, dialect: "openai" },
        claude: { ...provider, dialect: "anthropic" },
        own: { ...provider, dialect: "openai-responses" },
      },
    };
  },
});

async function evidence(model: string) {
  const list = async () => (await door.edge.functions.listInferences(alice, { function: `model:${model}`, limit: 10 })).items;
  await expect.poll(async () => (await list())[0]?.status).toBeDefined();
  return door.edge.functions.getInference(alice, (await list())[0]!.id);
}

const tools: OpenAI.Responses.FunctionTool[] = [
  { type: "function", name: scriptedTool.name, strict: false, parameters: { type: "object", properties: { city: { type: "string" } } } },
];
const hello = [{ role: "user" as const, content: "Hello" }];

describe.each([
  ["chat", "/v1/chat/completions"],
  ["claude", "/v1/messages"],
  ["own", "/v1/responses"],
])("OpenAI's client of responses, with %s behind it", (provider, path) => {
  test("gets a whole answer, and it is an inference", async () => {
    const answer = await door.openai.responses.create({ model: `${provider}/ok`, instructions: "Be brief", input: "Hello" });
    expect(answer).toMatchObject({ object: "response", status: "completed", output_text: scriptedText, error: null });
    expect(answer.usage!.total_tokens).toBe(answer.usage!.input_tokens + answer.usage!.output_tokens);
    expect(door.upstream.requests[0]).toMatchObject({ path, body: { model: "ok" } });
    expect(JSON.stringify(door.upstream.requests[0]!.body)).toContain("Be brief");
    const found = await evidence(`${provider}/ok`);
    expect(found).toMatchObject({ status: "ok", variant: `${provider}/ok`, input: { instructions: "Be brief" } });
    expect(found.output).toMatchObject({ content: [{ type: "text", text: scriptedText }], finish: "stop" });
  });

  test("gets a stream that its helper puts together to the same answer", async () => {
    const stream = door.openai.responses.stream({ model: `${provider}/slow-between:1`, input: "Hello" });
    const numbers: number[] = [];
    let text = "";
    for await (const event of stream) {
      numbers.push(event.sequence_number);
      if (event.type === "response.output_text.delta") text += event.delta;
    }
    const final = await stream.finalResponse();
    expect([text, final.output_text, final.status]).toEqual([scriptedText, scriptedText, "completed"]);
    expect(final.usage!.output_tokens).toBeGreaterThan(0);
    expect(numbers).toEqual(numbers.map((_, index) => index));
  });

  test("calls a tool and says what it gave, whole and streamed", async () => {
    const first = { model: `${provider}/tools`, input: hello, tools };
    const whole = await door.openai.responses.create(first);
    const streamed = await door.openai.responses.stream(first).finalResponse();
    for (const { output } of [whole, streamed]) {
      expect(output).toHaveLength(1);
      const call = output[0] as OpenAI.Responses.ResponseFunctionToolCall;
      expect(call).toMatchObject({ type: "function_call", name: scriptedTool.name, call_id: scriptedTool.id });
      expect(JSON.parse(call.arguments)).toEqual(scriptedTool.arguments);
      const result = { type: "function_call_output" as const, call_id: call.call_id, output: "rain" };
      await door.openai.responses.create({
        ...first,
        model: `${provider}/ok`,
        input: [...hello, ...(output as OpenAI.Responses.ResponseInput), result],
      });
      const sent = JSON.stringify(door.upstream.requests.at(-1)!.body);
      for (const word of [call.call_id, scriptedTool.name, "rain"]) expect(sent).toContain(word);
    }
  });

  test("sees that an answer was cut short", async () => {
    const asked = { model: `${provider}/length`, input: "Hello", max_output_tokens: 16 };
    for (const answer of [await door.openai.responses.create(asked), await door.openai.responses.stream(asked).finalResponse()])
      expect(answer).toMatchObject({
        status: "incomplete",
        incomplete_details: { reason: "max_output_tokens" },
        output_text: scriptedText,
      });
  });

  test.each(["reset-after:5", "clean-cut-after:5", "stall-after:5", "malformed-after:5"])(
    "is told when the stream breaks off (%s), never that it was whole",
    async (fault) => {
      const types: string[] = [];
      const read = async () => {
        const stream = await door.openai.responses.create({ model: `${provider}/${fault}`, input: "Hello", stream: true });
        for await (const event of stream) types.push(event.type);
      };
      await expect(read()).rejects.toThrow(OpenAI.APIError);
      expect(types).toContain("response.output_text.delta");
      expect(types).not.toContain("response.completed");
      // What a provider of the same dialect said goes on word for word, and so has no word for its own end.
      expect(types.at(-1)).toBe(provider === "own" ? "response.output_text.delta" : "response.failed");
      expect((await evidence(`${provider}/${fault}`)).status).toBe("failed");
    },
  );

  test("ends the provider's work when it goes away", async () => {
    const abort = new AbortController();
    const stream = await door.openai.responses.create(
      { model: `${provider}/endless`, input: "Hello", stream: true },
      { signal: abort.signal },
    );
    let events = 0;
    for await (const _ of stream) if (++events === 20) break;
    abort.abort();
    await expect.poll(() => door.upstream.requests[0]?.aborted).toBe(true);
  });

  test("is told in its own words who is unknown and what was refused", async () => {
    await expect(door.openai.responses.create({ model: `${provider}/status:400`, input: "Hello" })).rejects.toMatchObject({ status: 400 });
    await expect(door.openai.responses.create({ model: `${provider}/status:401`, input: "Hello" })).rejects.toMatchObject({
      status: 502,
      code: "provider_failed",
    });
    await expect(door.openai.responses.create({ model: "nobody/ok", input: "Hello" })).rejects.toMatchObject({
      status: 404,
      code: "unknown_model",
    });
    await expect(door.openai.responses.create({ model: `${provider}/ok` })).rejects.toMatchObject({
      status: 400,
      code: "invalid_request",
      message: expect.stringContaining("input"),
    });
  });
});

const held: readonly [string, Partial<OpenAI.Responses.ResponseCreateParamsNonStreaming>][] = [
  ["previous_response_id", { previous_response_id: "resp_1" }],
  ["conversation", { conversation: "conv_1" }],
  ["background", { background: true }],
  ["store", { store: true }],
  ["tools.0", { tools: [{ type: "web_search" }] }],
];

describe("what is held at OpenAI", () => {
  test.each(held)("(%s) goes there as it came, and nowhere else", async (field, fields) => {
    await door.openai.responses.create({ model: "own/ok", input: "Hello", ...fields });
    expect(door.upstream.requests.map(({ body }) => body)).toEqual([{ model: "ok", input: "Hello", ...fields }]);
    for (const provider of ["chat", "claude"])
      await expect(door.openai.responses.create({ model: `${provider}/ok`, input: "Hello", ...fields })).rejects.toMatchObject({
        status: 422,
        code: "untranslatable",
        message: expect.stringContaining(field),
      });
    expect(door.upstream.requests).toHaveLength(1);
  });
});

describe("a provider that speaks responses", () => {
  test("answers a client of chat completions, whole and streamed, with tools", async () => {
    const messages = hello;
    const answer = await door.openai.chat.completions.create({ model: "own/ok", messages });
    expect(answer.choices[0]).toMatchObject({ finish_reason: "stop", message: { content: scriptedText } });
    expect(door.upstream.requests[0]).toMatchObject({ path: "/v1/responses", body: { store: false } });
    expect(await door.openai.chat.completions.stream({ model: "own/ok", messages }).finalContent()).toBe(scriptedText);
    const { name, parameters } = tools[0]!;
    const called = await door.openai.chat.completions.create({
      model: "own/tools",
      messages,
      tools: [{ type: "function", function: { name, parameters: parameters! } }],
    });
    expect(called.choices[0]).toMatchObject({ finish_reason: "tool_calls", message: { tool_calls: [{ id: scriptedTool.id }] } });
  });

  test("answers a client of Anthropic, whole and streamed, with tools", async () => {
    const asked = { max_tokens: 100, messages: hello };
    expect((await door.anthropic.messages.create({ model: "own/ok", ...asked })).content).toMatchObject([
      { type: "text", text: scriptedText },
    ]);
    const stream = door.anthropic.messages.stream({
      model: "own/tools",
      ...asked,
      tools: [{ name: scriptedTool.name, input_schema: { type: "object" } }],
    });
    expect(await stream.finalMessage()).toMatchObject({
      stop_reason: "tool_use",
      content: [{ type: "tool_use", input: scriptedTool.arguments }],
    });
  });
});
