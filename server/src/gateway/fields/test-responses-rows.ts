import { type Fields, type Told, call, carried, no, paper, pixel, refused, said, schema, toRows } from "./test-rows.ts";

const user = { role: "user", content: said };
const part = (value: Fields): Fields => ({ input: [{ role: "user", content: [value] }] });
const tool = { type: "function", name: call.name, parameters: schema };
const calling = { type: "function_call", call_id: "a", name: call.name, arguments: call.arguments };
const output = (value: unknown): Fields => ({ input: [user, calling, { type: "function_call_output", call_id: "a", output: value }] });
const format = { type: "json_schema", name: "s", schema, strict: true };
const noItem = (type: string, item: Fields): Told => [
  `input: ${type}`,
  { input: [user, { type, ...item }] },
  refused("input.1"),
  refused("input.1"),
];
const at = "messages.0.content.0";
const thought = (encrypted: string): Fields => ({
  input: [user, { type: "reasoning", id: "rs_1", summary: [{ type: "summary_text", text: "hm" }], encrypted_content: encrypted }],
});
export const responsesRows = toRows(
  ["openai-chat", "anthropic-messages"],
  [
    ["instructions", { instructions: "Brief" }, carried({ "messages.0.content": "Brief" }), carried({ "system.0.text": "Brief" })],
    ["input: text", { input: said }, carried({ "messages.0.content": said }), carried({ [`${at}.text`]: said })],
    [
      "input: input_text",
      part({ type: "input_text", text: said }),
      carried({ "messages.0.content": said }),
      carried({ [`${at}.text`]: said }),
    ],
    [
      "input: developer, system",
      { input: [{ role: "developer", content: "Brief" }, user] },
      carried({ "messages.0.content": "Brief" }),
      carried({ "system.0.text": "Brief" }),
    ],
    ["input: developer between others", { input: [user, { role: "developer", content: "Brief" }] }, refused("input.1"), refused("input.1")],
    [
      "input: input_image.image_url",
      part({ type: "input_image", image_url: pixel }),
      carried({ [`${at}.image_url.url`]: pixel }),
      carried({ [`${at}.source.data`]: "AA==" }),
    ],
    [
      "input: input_image.detail",
      part({ type: "input_image", image_url: pixel, detail: "low" }),
      carried({ [`${at}.image_url.detail`]: "low" }),
      refused("input.0.content.0.detail"),
    ],
    [
      "input: input_image.file_id",
      part({ type: "input_image", file_id: "file-1" }),
      refused("input.0.content.0"),
      refused("input.0.content.0"),
    ],
    [
      "input: input_file.file_data",
      part({ type: "input_file", filename: "a.pdf", file_data: paper }),
      carried({ [`${at}.file.file_data`]: paper }),
      carried({ [`${at}.source.data`]: "AA==" }),
    ],
    [
      "input: input_file.file_url",
      part({ type: "input_file", file_url: "https://a.example/a.pdf" }),
      refused("input.0.content.0"),
      carried({ [`${at}.source.url`]: "https://a.example/a.pdf" }),
    ],
    [
      "input: input_file.file_id",
      part({ type: "input_file", file_id: "file-1" }),
      carried({ [`${at}.file.file_id`]: "file-1" }),
      refused("input.0.content.0"),
    ],
    [
      "input: output_text",
      { input: [user, { role: "assistant", content: [{ type: "output_text", text: "Hi", annotations: [] }] }, user] },
      carried({ "messages.1.content": "Hi" }),
      carried({ "messages.1.content.0.text": "Hi" }),
    ],
    [
      "input: refusal",
      { input: [user, { role: "assistant", content: [{ type: "refusal", refusal: "No" }] }, user] },
      carried({ "messages.1.content.0.refusal": "No" }),
      carried({ "messages.1.content.0.text": "No" }),
    ],
    [
      "input: function_call",
      { input: [user, calling] },
      carried({ "messages.1.tool_calls.0.id": "a", "messages.1.tool_calls.0.function.arguments": call.arguments }),
      carried({ "messages.1.content.0.id": "a", "messages.1.content.0.input": call.input }),
    ],
    [
      "input: function_call_output",
      output("rain"),
      carried({ "messages.2.content": "rain" }),
      carried({ "messages.2.content.0.content.0.text": "rain" }),
    ],
    [
      "input: function_call_output with an image",
      output([{ type: "input_image", image_url: pixel }]),
      refused("input.2.output.0"),
      carried({ "messages.2.content.0.content.0.source.data": "AA==" }),
    ],
    ["input: reasoning of OpenAI", thought("gAAA"), refused("input.1"), refused("input.1")],
    ["input: reasoning of a provider that takes none back, as Millrace gave it", thought("millrace:"), "advice", "advice"],
    [
      "input: reasoning of Anthropic, as Millrace gave it",
      thought("millrace:sig"),
      refused("input.1"),
      carried({ "messages.1.content.0.thinking": "hm", "messages.1.content.0.signature": "sig" }),
    ],
    noItem("item_reference", { id: "msg_1" }),
    noItem("web_search_call", { id: "ws_1", status: "completed" }),
    noItem("custom_tool_call", { call_id: "a", name: "x", input: "y" }),
    ["max_output_tokens", { max_output_tokens: 20 }, carried({ max_completion_tokens: 20 }), carried({ max_tokens: 20 })],
    ["temperature", { temperature: 0.5 }, carried({ temperature: 0.5 }), carried({ temperature: 0.5 })],
    ["temperature above 1", { temperature: 1.5 }, carried({ temperature: 1.5 }), refused("temperature")],
    ["top_p", { top_p: 0.5 }, carried({ top_p: 0.5 }), carried({ top_p: 0.5 })],
    [
      "tools: function",
      { tools: [tool] },
      carried({ "tools.0.function.name": call.name, "tools.0.function.parameters": schema }),
      carried({ "tools.0.name": call.name, "tools.0.input_schema": schema }),
    ],
    [
      "tools: function.description",
      { tools: [{ ...tool, description: "Looks" }] },
      carried({ "tools.0.function.description": "Looks" }),
      carried({ "tools.0.description": "Looks" }),
    ],
    [
      "tools: function.strict",
      { tools: [{ ...tool, strict: true }] },
      carried({ "tools.0.function.strict": true }),
      carried({ "tools.0.strict": true }),
    ],
    ["tools: hosted (web_search, file_search, mcp, ...)", { tools: [{ type: "web_search" }] }, refused("tools.0"), refused("tools.0")],
    [
      "tool_choice",
      { tool_choice: "required" },
      carried({ tool_choice: "required" }),
      carried({ "tool_choice.type": "any" }),
      {
        tools: [tool],
      },
    ],
    ["tool_choice: of other types", { tool_choice: { type: "web_search" } }, refused("tool_choice"), refused("tool_choice")],
    [
      "parallel_tool_calls",
      { parallel_tool_calls: false },
      carried({ parallel_tool_calls: false }),
      carried({ "tool_choice.disable_parallel_tool_use": true }),
      { tools: [tool] },
    ],
    [
      "text.format: json_schema",
      { text: { format } },
      carried({ "response_format.json_schema": { name: "s", schema, strict: true } }),
      carried({ "output_config.format": { type: "json_schema", schema } }),
    ],
    [
      "text.format: json_object",
      { text: { format: { type: "json_object" } } },
      carried({ "response_format.type": "json_object" }),
      refused("text.format"),
    ],
    ["text.verbosity", { text: { verbosity: "low" } }, refused("text.verbosity"), refused("text.verbosity")],
    [
      "reasoning.effort",
      { reasoning: { effort: "low" } },
      carried({ reasoning_effort: "low" }),
      carried({ "output_config.effort": "low" }),
    ],
    [
      "reasoning.effort: none",
      { reasoning: { effort: "none" } },
      carried({ reasoning_effort: "none" }),
      carried({ "thinking.type": "disabled" }),
    ],
    [
      "reasoning.effort: minimal",
      { reasoning: { effort: "minimal" } },
      carried({ reasoning_effort: "minimal" }),
      refused("reasoning.effort"),
    ],
    ["reasoning.summary", { reasoning: { summary: "auto" } }, refused("reasoning.summary"), refused("reasoning.summary")],
    ["include: reasoning.encrypted_content", { include: ["reasoning.encrypted_content"] }, "advice", "advice"],
    [
      "include: message.output_text.logprobs",
      { include: ["message.output_text.logprobs"] },
      carried({ logprobs: true }),
      refused("include"),
    ],
    ["include: others", { include: ["web_search_call.results"] }, refused("include"), refused("include")],
    [
      "top_logprobs",
      { top_logprobs: 3 },
      carried({ top_logprobs: 3 }),
      refused("include"),
      {
        include: ["message.output_text.logprobs"],
      },
    ],
    ["user", { user: "u-1" }, carried({ user: "u-1" }), carried({ "metadata.user_id": "u-1" })],
    ["safety_identifier", { safety_identifier: "u-1" }, carried({ user: "u-1" }), carried({ "metadata.user_id": "u-1" })],
    ["metadata", { metadata: { a: "b" } }, carried({ metadata: { a: "b" } }), refused("metadata")],
    ["stream", { stream: true }, carried({ stream: true }), carried({ stream: true })],
    [
      "stream_options.include_obfuscation: false",
      { stream_options: { include_obfuscation: false } },
      "advice",
      "advice",
      {
        stream: true,
      },
    ],
    [
      "stream_options.include_obfuscation",
      { stream_options: { include_obfuscation: true } },
      refused("stream_options.include_obfuscation"),
      refused("stream_options.include_obfuscation"),
      { stream: true },
    ],
    ["store: false", { store: false }, "advice", "advice"],
    no("store", true),
    no("background", true),
    no("previous_response_id", "resp_1"),
    no("conversation", "conv_1"),
    no("prompt", { id: "pmpt_1" }),
    no("truncation", "auto"),
    no("service_tier", "flex"),
    no("max_tool_calls", 3),
    no("context_management", [{ type: "compaction" }]),
    no("prompt_cache_key", "k"),
    no("prompt_cache_retention", "24h"),
  ],
);
