import type Anthropic from "@anthropic-ai/sdk";
import { betaZodTool } from "@anthropic-ai/sdk/helpers/beta/zod";
import { zodOutputFormat } from "@anthropic-ai/sdk/helpers/zod";
import type OpenAI from "openai";
import { ResponsesToolRunner } from "openai/helpers/responses-tool-runner";
import { zodResponseFormat, zodTextFormat } from "openai/helpers/zod";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { scriptedTool } from "../../../test/scripted-answers.ts";
import { scriptedText } from "../../../test/scripted-upstream.ts";
import { useDoor } from "./test-door.ts";

const door = useDoor({
  gateway(baseUrl) {
    const provider = { baseUrl, attempts: 1 };
    return {
      providers: {
        chat: { ...provider, dialect: "openai" },
        claude: { ...provider, dialect: "anthropic" },
        own: { ...provider, dialect: "openai-responses" },
      },
    };
  },
});

const weather = z.object({ city: z.string(), days: z.number() });
const forecast = { city: "Zürich", days: 3 };
/** The model says what the user said. */
const said = [{ role: "user" as const, content: JSON.stringify(forecast) }];
const hello = [{ role: "user" as const, content: "Hello" }];
const parameters = { type: "object" as const, properties: { city: { type: "string" as const } } };
const ids = [scriptedTool.id, `${scriptedTool.id}_2`, `${scriptedTool.id}_3`];
const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const letter = Buffer.from("%PDF-1.4 a letter").toString("base64");

describe.each(["chat", "claude", "own"])("with a provider of the dialect %s behind it", (provider) => {
  /** The schema went along, in the provider's own words. */
  function expectSchema() {
    const sent = door.upstream.requests.splice(0);
    expect(sent.length).toBeGreaterThan(0);
    for (const { body } of sent) expect(JSON.stringify(body)).toMatch(/"json_schema".*"city"|"city".*"json_schema"/);
  }

  test("chat.completions.parse and .stream give what a schema of zod says", async () => {
    const asked = { model: `${provider}/echo`, messages: said, response_format: zodResponseFormat(weather, "weather") };
    const whole = await door.openai.chat.completions.parse(asked);
    expect(whole.choices[0]!.message.parsed).toEqual(forecast);
    const streamed = await door.openai.chat.completions.stream({ ...asked, stream_options: { include_usage: true } }).finalChatCompletion();
    expect(streamed.choices[0]!.message.parsed).toEqual(forecast);
    expect(streamed.usage).toEqual(expect.objectContaining({ completion_tokens: whole.usage!.completion_tokens }));
    expectSchema();
  });

  test("responses.parse and .stream give what a schema of zod says", async () => {
    const asked = { model: `${provider}/echo`, input: said, text: { format: zodTextFormat(weather, "weather") } };
    const whole = await door.openai.responses.parse(asked);
    expect(whole.output_parsed).toEqual(forecast);
    const streamed = await door.openai.responses.stream(asked).finalResponse();
    expect(streamed.output_parsed).toEqual(forecast);
    expect(streamed.usage).toEqual(whole.usage);
    expectSchema();
  });

  test("messages.parse and .stream give what a schema of zod says", async () => {
    const asked = { model: `${provider}/echo`, max_tokens: 100, messages: said, output_config: { format: zodOutputFormat(weather) } };
    expect((await door.anthropic.messages.parse(asked)).parsed_output).toEqual(forecast);
    expect((await door.anthropic.messages.stream(asked).finalMessage()).parsed_output).toEqual(forecast);
    expectSchema();
  });

  test("chat.completions calls three tools at once, whole and put together from a stream, and takes their results", async () => {
    const tools = [{ type: "function" as const, function: { name: scriptedTool.name, parameters } }];
    const asked = { model: `${provider}/tools:3`, messages: hello, tools };
    for (const answer of [
      await door.openai.chat.completions.create(asked),
      await door.openai.chat.completions.stream(asked).finalChatCompletion(),
    ]) {
      const [{ message, finish_reason }] = answer.choices as [OpenAI.ChatCompletion.Choice];
      const calls = message.tool_calls as OpenAI.ChatCompletionMessageFunctionToolCall[];
      expect([finish_reason, calls.map(({ id }) => id)]).toEqual(["tool_calls", ids]);
      for (const call of calls) expect(JSON.parse(call.function.arguments)).toEqual(scriptedTool.arguments);
      const results = ids.map((id, index) => ({ role: "tool" as const, tool_call_id: id, content: `result ${index}` }));
      const next = await door.openai.chat.completions.create({
        ...asked,
        model: `${provider}/ok`,
        messages: [...hello, message, ...results],
      });
      expect(next.choices[0]!.message.content).toBe(scriptedText);
      expectAllSent();
    }
  });

  test("responses calls three tools at once, whole and put together from a stream, and takes their results", async () => {
    const tools = [{ type: "function" as const, name: scriptedTool.name, strict: false, parameters }];
    const asked = { model: `${provider}/tools:3`, input: hello, tools };
    for (const { output } of [await door.openai.responses.create(asked), await door.openai.responses.stream(asked).finalResponse()]) {
      const calls = (output as OpenAI.Responses.ResponseOutputItem[]).filter((item) => item.type === "function_call");
      expect(calls.map(({ call_id }) => call_id)).toEqual(ids);
      for (const call of calls) expect(JSON.parse(call.arguments)).toEqual(scriptedTool.arguments);
      const results = ids.map((id, index) => ({ type: "function_call_output" as const, call_id: id, output: `result ${index}` }));
      // The helper adds what it parsed.
      const calling = calls.map(({ type, call_id, name, arguments: text }) => ({ type, call_id, name, arguments: text }));
      const next = await door.openai.responses.create({ ...asked, model: `${provider}/ok`, input: [...hello, ...calling, ...results] });
      expect(next.output_text).toBe(scriptedText);
      expectAllSent();
    }
  });

  test("messages calls three tools at once, whole and put together from a stream, and takes their results", async () => {
    const tools = [{ name: scriptedTool.name, input_schema: parameters }];
    const asked = { model: `${provider}/tools:3`, max_tokens: 100, messages: hello, tools };
    const [whole, streamed] = [await door.anthropic.messages.create(asked), await door.anthropic.messages.stream(asked).finalMessage()];
    for (const { content, stop_reason } of [whole, streamed]) {
      expect(stop_reason).toBe("tool_use");
      expect(content).toMatchObject(ids.map((id) => ({ type: "tool_use", id, name: scriptedTool.name, input: scriptedTool.arguments })));
      const results = ids.map((id, index) => ({ type: "tool_result" as const, tool_use_id: id, content: `result ${index}` }));
      const turns = [...hello, { role: "assistant" as const, content }, { role: "user" as const, content: results }];
      const next = await door.anthropic.messages.create({ ...asked, model: `${provider}/ok`, messages: turns });
      expect(next.content).toMatchObject([{ type: "text", text: scriptedText }]);
      expectAllSent();
    }
    expect(streamed.usage.output_tokens).toBe(whole.usage.output_tokens);
  });

  test("the clients' own runners of tools ask again with the results, until there is an answer", async () => {
    const given: unknown[] = [];
    const run = (input: unknown) => `result ${given.push(input) - 1}`;
    const { name } = scriptedTool;
    const described = { name, description: "Looks it up.", parse: JSON.parse, function: run, parameters };
    const runner = door.openai.chat.completions.runTools({
      model: `${provider}/tools-once:2`,
      messages: hello,
      tools: [{ type: "function", function: described }],
    });
    expect(await runner.finalContent()).toBe(scriptedText);
    const tool = betaZodTool({ name, description: "Looks it up.", inputSchema: weather, run });
    const message = await door.anthropic.beta.messages.toolRunner({
      model: `${provider}/tools-once:2`,
      max_tokens: 100,
      messages: hello,
      tools: [tool],
    });
    expect(message.content).toMatchObject([{ type: "text", text: scriptedText }]);
    expect(given).toEqual(Array.from({ length: 4 }, () => scriptedTool.arguments));
    const sent = door.upstream.requests.map(({ body }) => JSON.stringify(body));
    expect(sent.map((text) => text.includes("result "))).toEqual([false, true, false, true]);
    // It would have its provider hold the conversation, and sends all of it where that cannot be.
    expect(door.upstream.requests.slice(2).map(({ body }) => body["thread"] !== undefined)).toEqual(
      provider === "claude" ? [true, true] : [false, false],
    );
    expect(sent[3]!.includes("Hello")).toBe(provider !== "claude");
  });

  test.each([false, true])("OpenAI's runner of tools over responses does the same (streamed: %s)", async (stream) => {
    const given: unknown[] = [];
    const tool = { type: "function" as const, name: scriptedTool.name, strict: false, parameters };
    const execute = (input: unknown) => `result ${given.push(input) - 1}`;
    const runner = new ResponsesToolRunner({ functions: [{ tool, execute }] });
    const final = await runner.run(door.openai, { model: `${provider}/tools-once:2`, input: "Hello" }, { stream });
    expect(final.output_text).toBe(scriptedText);
    expect(given).toEqual([scriptedTool.arguments, scriptedTool.arguments]);
    expect(JSON.stringify(door.upstream.requests[1]!.body)).toMatch(/result 0.*result 1/);
  });

  function expectAllSent() {
    const sent = JSON.stringify(door.upstream.requests.splice(0).at(-1)!.body);
    for (const word of [...ids, "result 0", "result 1", "result 2"]) expect(sent).toContain(word);
  }

  test("images and files reach it from all three clients", async () => {
    const image = `data:image/png;base64,${pixel}`;
    const file = { filename: "letter.pdf", file_data: `data:application/pdf;base64,${letter}` };
    await door.openai.chat.completions.create({
      model: `${provider}/ok`,
      messages: [
        {
          role: "user",
          content: [
            { type: "image_url", image_url: { url: image } },
            { type: "file", file },
          ],
        },
      ],
    });
    const items = [
      { type: "input_image" as const, image_url: image, detail: "auto" as const },
      { type: "input_file" as const, ...file },
    ];
    await door.openai.responses.create({ model: `${provider}/ok`, input: [{ role: "user", content: items }] });
    const blocks: Anthropic.ContentBlockParam[] = [
      { type: "image", source: { type: "base64", media_type: "image/png", data: pixel } },
      { type: "document", source: { type: "base64", media_type: "application/pdf", data: letter } },
    ];
    await door.anthropic.messages.create({ model: `${provider}/ok`, max_tokens: 20, messages: [{ role: "user", content: blocks }] });
    expect(door.upstream.requests).toHaveLength(3);
    for (const { body } of door.upstream.requests) for (const bytes of [pixel, letter]) expect(JSON.stringify(body)).toContain(bytes);
  });
});
