import { type Fields, call, carried, no, paper, pixel, refused, said, schema, toRows } from "./test-rows.ts";

const user = { role: "user", content: said };
const part = (value: Fields): Fields => ({ messages: [{ role: "user", content: [value] }] });
const tool = { type: "function", function: { name: call.name, parameters: schema } };
const calling = {
  role: "assistant",
  content: null,
  tool_calls: [{ id: "a", type: "function", function: { name: call.name, arguments: call.arguments } }],
};
const format = { type: "json_schema", json_schema: { name: "s", schema, strict: true } };
const at = "messages.0.content.0";
export const chatRows = toRows(
  ["openai-responses", "anthropic-messages"],
  [
    [
      "messages: system, developer",
      { messages: [{ role: "system", content: "Brief" }, user] },
      carried({ instructions: "Brief" }),
      carried({ "system.0.text": "Brief" }),
    ],
    [
      "messages: system between others",
      { messages: [user, { role: "system", content: "Brief" }] },
      refused("messages.1"),
      refused("messages.1"),
    ],
    ["messages: text", { messages: [user] }, carried({ "input.0.content.0.text": said }), carried({ [`${at}.text`]: said })],
    // After a system message, which stands elsewhere in a canonical request: an error counts as the caller does.
    [
      "messages: name",
      {
        messages: [
          { role: "system", content: "Brief" },
          { ...user, name: "Ann" },
        ],
      },
      refused("messages.1.name"),
      refused("messages.1.name"),
    ],
    [
      "messages: image_url",
      part({ type: "image_url", image_url: { url: pixel } }),
      carried({ "input.0.content.0.image_url": pixel }),
      carried({ [`${at}.source.data`]: "AA==" }),
    ],
    [
      "messages: image_url.detail",
      part({ type: "image_url", image_url: { url: pixel, detail: "low" } }),
      carried({ "input.0.content.0.detail": "low" }),
      refused(`${at}.detail`),
    ],
    [
      "messages: file.file_data",
      part({ type: "file", file: { filename: "a.pdf", file_data: paper } }),
      carried({ "input.0.content.0.file_data": paper }),
      carried({ [`${at}.source.data`]: "AA==" }),
    ],
    [
      "messages: file.file_id",
      part({ type: "file", file: { file_id: "file-1" } }),
      carried({ "input.0.content.0.file_id": "file-1" }),
      refused(at),
    ],
    ["messages: input_audio", part({ type: "input_audio", input_audio: { data: "AA==", format: "wav" } }), refused(at), refused(at)],
    [
      "messages: refusal",
      { messages: [user, { role: "assistant", content: null, refusal: "No" }, user] },
      carried({ "input.1.content.0.refusal": "No" }),
      carried({ "messages.1.content.0.text": "No" }),
    ],
    [
      "messages: tool_calls",
      { messages: [user, calling] },
      carried({ "input.1.call_id": "a", "input.1.arguments": call.arguments }),
      carried({ "messages.1.content.0.id": "a", "messages.1.content.0.input": call.input }),
    ],
    [
      "messages: tool",
      { messages: [user, calling, { role: "tool", tool_call_id: "a", content: "rain" }] },
      carried({ "input.2.output": "rain" }),
      carried({ "messages.2.content.0.content.0.text": "rain" }),
    ],
    [
      "messages: reasoning_content",
      { messages: [user, { role: "assistant", content: "Hi", reasoning_content: "hm" }] },
      refused("messages.1.reasoning_content"),
      refused("messages.1.reasoning_content"),
    ],
    ["max_tokens", { max_tokens: 20 }, carried({ max_output_tokens: 20 }), carried({ max_tokens: 20 })],
    ["max_completion_tokens", { max_completion_tokens: 20 }, carried({ max_output_tokens: 20 }), carried({ max_tokens: 20 })],
    ["temperature", { temperature: 0.5 }, carried({ temperature: 0.5 }), carried({ temperature: 0.5 })],
    ["temperature above 1", { temperature: 1.5 }, carried({ temperature: 1.5 }), refused("temperature")],
    ["top_p", { top_p: 0.5 }, carried({ top_p: 0.5 }), carried({ top_p: 0.5 })],
    ["stop", { stop: ["."] }, refused("stop"), carried({ stop_sequences: ["."] })],
    no("seed", 7),
    no("n", 2),
    [
      "tools: function",
      { tools: [tool] },
      carried({ "tools.0.name": call.name, "tools.0.parameters": schema }),
      carried({ "tools.0.name": call.name, "tools.0.input_schema": schema }),
    ],
    [
      "tools: function.description",
      { tools: [{ ...tool, function: { ...tool.function, description: "Looks" } }] },
      carried({ "tools.0.description": "Looks" }),
      carried({ "tools.0.description": "Looks" }),
    ],
    [
      "tools: function.strict",
      { tools: [{ ...tool, function: { ...tool.function, strict: true } }] },
      carried({ "tools.0.strict": true }),
      carried({ "tools.0.strict": true }),
    ],
    ["tools: of other types", { tools: [{ type: "custom", custom: { name: "x" } }] }, refused("tools"), refused("tools")],
    [
      "tool_choice",
      { tool_choice: "required" },
      carried({ tool_choice: "required" }),
      carried({ "tool_choice.type": "any" }),
      {
        tools: [tool],
      },
    ],
    [
      "tool_choice: allowed_tools",
      { tool_choice: { type: "allowed_tools", allowed_tools: {} } },
      refused("tool_choice"),
      refused("tool_choice"),
      { tools: [tool] },
    ],
    [
      "parallel_tool_calls",
      { parallel_tool_calls: false },
      carried({ parallel_tool_calls: false }),
      carried({ "tool_choice.disable_parallel_tool_use": true }),
      { tools: [tool] },
    ],
    [
      "response_format: json_schema",
      { response_format: format },
      carried({ "text.format": { type: "json_schema", name: "s", schema, strict: true } }),
      carried({ "output_config.format": { type: "json_schema", schema } }),
    ],
    [
      "response_format: json_object",
      { response_format: { type: "json_object" } },
      carried({ "text.format.type": "json_object" }),
      refused("response_format"),
    ],
    ["reasoning_effort", { reasoning_effort: "low" }, carried({ "reasoning.effort": "low" }), carried({ "output_config.effort": "low" })],
    [
      "reasoning_effort: none",
      { reasoning_effort: "none" },
      carried({ "reasoning.effort": "none" }),
      carried({ "thinking.type": "disabled" }),
    ],
    ["reasoning_effort: minimal", { reasoning_effort: "minimal" }, carried({ "reasoning.effort": "minimal" }), refused("reasoning_effort")],
    ["logprobs", { logprobs: true }, carried({ include: ["message.output_text.logprobs"] }), refused("logprobs")],
    ["top_logprobs", { top_logprobs: 3 }, carried({ top_logprobs: 3 }), refused("logprobs"), { logprobs: true }],
    ["user", { user: "u-1" }, carried({ user: "u-1" }), carried({ "metadata.user_id": "u-1" })],
    ["safety_identifier", { safety_identifier: "u-1" }, carried({ user: "u-1" }), carried({ "metadata.user_id": "u-1" })],
    ["metadata", { metadata: { a: "b" } }, carried({ metadata: { a: "b" } }), refused("metadata")],
    ["stream", { stream: true }, carried({ stream: true }), carried({ stream: true })],
    ["stream_options.include_usage", { stream_options: { include_usage: true } }, "advice", "advice", { stream: true }],
    [
      "stream_options: others",
      { stream_options: { include_obfuscation: false } },
      refused("stream_options"),
      refused("stream_options"),
      { stream: true },
    ],
    no("frequency_penalty", 0.5),
    no("presence_penalty", 0.5),
    no("logit_bias", { "50256": -100 }),
    no("service_tier", "flex"),
    no("store", true),
    no("verbosity", "low"),
    no("prediction", { type: "content", content: "Hi" }),
    no("modalities", ["text", "audio"]),
    no("audio", { voice: "alloy", format: "wav" }),
    no("web_search_options", {}),
    no("prompt_cache_key", "k"),
    no("functions", [{ name: "f" }]),
  ],
);
