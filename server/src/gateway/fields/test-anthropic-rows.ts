import { type Fields, call, carried, no, paper, pixel, refused, said, schema, toRows } from "./test-rows.ts";

const user = { role: "user", content: said };
const cache_control = { type: "ephemeral" };
const block = (value: Fields): Fields => ({ messages: [{ role: "user", content: [value] }] });
const tool = { name: call.name, input_schema: schema };
const calling = { role: "assistant", content: [{ type: "tool_use", id: "a", name: call.name, input: call.input }] };
const result = (value: Fields): Fields => ({
  messages: [user, calling, { role: "user", content: [{ type: "tool_result", tool_use_id: "a", ...value }] }],
});
const thought = (value: Fields): Fields => ({ messages: [user, { role: "assistant", content: [value] }] });
const at = "messages.0.content.0";
const image = { type: "image", source: { type: "base64", media_type: "image/png", data: "AA==" } };
const document = (source: Fields): Fields => block({ type: "document", title: "a.pdf", source });
export const anthropicRows = toRows(
  ["openai-chat", "openai-responses"],
  [
    ["system", { system: "Brief" }, carried({ "messages.0.content": "Brief" }), carried({ instructions: "Brief" })],
    ["messages: text", { messages: [user] }, carried({ "messages.0.content": said }), carried({ "input.0.content.0.text": said })],
    ["cache_control", block({ type: "text", text: said, cache_control }), "advice", "advice"],
    ["citations", block({ type: "text", text: said, citations: [{ type: "char_location" }] }), refused(at), refused(at)],
    [
      "messages: image, base64",
      block(image),
      carried({ [`${at}.image_url.url`]: pixel }),
      carried({ "input.0.content.0.image_url": pixel }),
    ],
    [
      "messages: image, url",
      block({ type: "image", source: { type: "url", url: "https://a.example/a.png" } }),
      carried({ [`${at}.image_url.url`]: "https://a.example/a.png" }),
      carried({ "input.0.content.0.image_url": "https://a.example/a.png" }),
    ],
    ["messages: image, file", block({ type: "image", source: { type: "file", file_id: "f" } }), refused(at), refused(at)],
    [
      "messages: document, base64",
      document({ type: "base64", media_type: "application/pdf", data: "AA==" }),
      carried({ [`${at}.file.file_data`]: paper, [`${at}.file.filename`]: "a.pdf" }),
      carried({ "input.0.content.0.file_data": paper, "input.0.content.0.filename": "a.pdf" }),
    ],
    [
      "messages: document, url",
      document({ type: "url", url: "https://a.example/a.pdf" }),
      refused(at),
      carried({ "input.0.content.0.file_url": "https://a.example/a.pdf" }),
    ],
    ["messages: document, file", document({ type: "file", file_id: "f" }), refused(at), refused(at)],
    [
      "messages: tool_use",
      { messages: [user, calling] },
      carried({ "messages.1.tool_calls.0.id": "a", "messages.1.tool_calls.0.function.arguments": call.arguments }),
      carried({ "input.1.call_id": "a", "input.1.arguments": call.arguments }),
    ],
    [
      "messages: tool_result",
      result({ content: "rain" }),
      carried({ "messages.2.content": "rain" }),
      carried({ "input.2.output": "rain" }),
    ],
    [
      "messages: tool_result, is_error",
      result({ content: "rain", is_error: true }),
      carried({ "messages.2.content": "Error: rain" }),
      carried({ "input.2.output": "Error: rain" }),
    ],
    [
      "messages: tool_result with an image",
      result({ content: [image] }),
      refused("messages.2.content.0.content.0"),
      carried({ "input.2.output.0.image_url": pixel }),
    ],
    [
      "messages: thinking of Anthropic",
      thought({ type: "thinking", thinking: "hm", signature: "sig" }),
      refused("messages.1.content.0"),
      refused("messages.1.content.0"),
    ],
    [
      "messages: thinking of OpenAI, as Millrace gave it",
      thought({ type: "thinking", thinking: "hm", signature: "openai-responses:gAAA" }),
      refused("messages.1.content.0"),
      carried({ "input.1.encrypted_content": "gAAA", "input.1.summary.0.text": "hm" }),
    ],
    [
      "messages: redacted_thinking",
      thought({ type: "redacted_thinking", data: "x" }),
      refused("messages.1.content.0"),
      refused("messages.1.content.0"),
    ],
    ["max_tokens", { max_tokens: 20 }, carried({ max_completion_tokens: 20 }), carried({ max_output_tokens: 20 })],
    ["temperature", { temperature: 0.5 }, carried({ temperature: 0.5 }), carried({ temperature: 0.5 })],
    ["top_p", { top_p: 0.5 }, carried({ top_p: 0.5 }), carried({ top_p: 0.5 })],
    no("top_k", 4),
    ["stop_sequences", { stop_sequences: ["."] }, carried({ stop: ["."] }), refused("stop_sequences")],
    [
      "tools",
      { tools: [tool] },
      carried({ "tools.0.function.name": call.name, "tools.0.function.parameters": schema }),
      carried({ "tools.0.name": call.name, "tools.0.parameters": schema }),
    ],
    [
      "tools: description",
      { tools: [{ ...tool, description: "Looks" }] },
      carried({ "tools.0.function.description": "Looks" }),
      carried({ "tools.0.description": "Looks" }),
    ],
    [
      "tools: strict",
      { tools: [{ ...tool, strict: true }] },
      carried({ "tools.0.function.strict": true }),
      carried({ "tools.0.strict": true }),
    ],
    ["tools: hosted", { tools: [{ type: "web_search_20250305", name: "web_search" }] }, refused("tools.0"), refused("tools.0")],
    [
      "tool_choice",
      { tool_choice: { type: "any" } },
      carried({ tool_choice: "required" }),
      carried({ tool_choice: "required" }),
      {
        tools: [tool],
      },
    ],
    [
      "tool_choice.disable_parallel_tool_use",
      { tool_choice: { type: "auto", disable_parallel_tool_use: true } },
      carried({ parallel_tool_calls: false }),
      carried({ parallel_tool_calls: false }),
      { tools: [tool] },
    ],
    [
      "thinking: enabled",
      { thinking: { type: "enabled", budget_tokens: 2048 } },
      refused("thinking.budget_tokens"),
      refused("thinking.budget_tokens"),
    ],
    [
      "thinking: disabled",
      { thinking: { type: "disabled" } },
      carried({ reasoning_effort: "none" }),
      carried({ "reasoning.effort": "none" }),
    ],
    ["thinking: adaptive", { thinking: { type: "adaptive" } }, refused("thinking"), refused("thinking")],
    [
      "output_config.effort",
      { output_config: { effort: "low" } },
      carried({ reasoning_effort: "low" }),
      carried({ "reasoning.effort": "low" }),
    ],
    [
      "output_config.format",
      { output_config: { format: { type: "json_schema", schema } } },
      carried({ "response_format.json_schema.schema": schema }),
      carried({ "text.format.schema": schema }),
    ],
    [
      "output_format",
      { output_format: { type: "json_schema", schema } },
      carried({ "response_format.json_schema.schema": schema }),
      carried({ "text.format.schema": schema }),
    ],
    ["metadata.user_id", { metadata: { user_id: "u-1" } }, carried({ user: "u-1" }), carried({ user: "u-1" })],
    ["metadata: others", { metadata: { a: "b" } }, refused("metadata"), refused("metadata")],
    ["stream", { stream: true }, carried({ stream: true }), carried({ stream: true })],
    no("service_tier", "auto"),
    no("container", "c"),
    no("mcp_servers", []),
    no("context_management", { edits: [] }),
  ],
);
