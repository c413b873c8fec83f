import { type Script, type ScriptedWire, callIds, openaiWire, scriptedTool } from "./scripted-answers.ts";

const argumentPieces = ['{"ci', 'ty":"Zü', 'rich","days"', ":3}"];

function response(script: Script, output: readonly unknown[], status: string): Record<string, unknown> {
  const isOver = status !== "in_progress";
  const tokens = script.finish === "tools" ? argumentPieces.length * callIds(script).length : script.words.length;
  return {
    id: "resp_scripted",
    object: "response",
    created_at: 1_700_000_000,
    status,
    error: null,
    incomplete_details: status === "incomplete" ? { reason: "max_output_tokens" } : null,
    model: script.model,
    output,
    parallel_tool_calls: true,
    tool_choice: "auto",
    tools: [],
    usage: isOver
      ? {
          input_tokens: script.inputTokens,
          input_tokens_details: { cached_tokens: 0 },
          output_tokens: tokens,
          output_tokens_details: { reasoning_tokens: 0 },
          total_tokens: script.inputTokens + tokens,
        }
      : null,
  };
}

function toolItem(text: string, status: string, { id, index }: { id: string; index: number }): Record<string, unknown> {
  const item = index === 0 ? "fc_scripted" : `fc_scripted_${index + 1}`;
  return { id: item, type: "function_call", status, call_id: id, name: scriptedTool.name, arguments: text };
}

function messageItem(content: readonly unknown[], status: string): Record<string, unknown> {
  return { id: "msg_scripted", type: "message", status, role: "assistant", content };
}

const textPart = (text: string) => ({ type: "output_text", text, annotations: [], logprobs: [] });

function output(script: Script): Record<string, unknown>[] {
  const { finish, words } = script;
  if (finish === "tools") return callIds(script).map((id, index) => toolItem(argumentPieces.join(""), "completed", { id, index }));
  return words.length === 0 ? [] : [messageItem([textPart(words.join(" "))], finish === "length" ? "incomplete" : "completed")];
}

const statusOf = ({ finish }: Script) => (finish === "length" ? "incomplete" : "completed");

/** OpenAI's responses. */
export const responsesWire: ScriptedWire = {
  events(script) {
    let sequence = 0;
    const event = (type: string, fields: Record<string, unknown>) =>
      `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: sequence++, ...fields })}\n\n`;
    const begun = { response: response(script, [], "in_progress") };
    const items = output(script);
    const inPart = { item_id: items[0]?.["id"], output_index: 0, content_index: 0 };
    const isTool = script.finish === "tools";
    const pieces = script.words.map((word, index) => (index === 0 ? word : ` ${word}`));
    return [
      event("response.created", begun),
      event("response.in_progress", begun),
      ...items.flatMap((item, index) => [
        event("response.output_item.added", {
          output_index: index,
          item: isTool ? { ...item, arguments: "", status: "in_progress" } : messageItem([], "in_progress"),
        }),
        ...(isTool
          ? [
              ...argumentPieces.map((delta) =>
                event("response.function_call_arguments.delta", { item_id: item["id"], output_index: index, delta }),
              ),
              event("response.function_call_arguments.done", {
                item_id: item["id"],
                output_index: index,
                name: scriptedTool.name,
                arguments: argumentPieces.join(""),
              }),
            ]
          : [
              event("response.content_part.added", { ...inPart, part: textPart("") }),
              ...pieces.map((delta) => event("response.output_text.delta", { ...inPart, delta, logprobs: [] })),
              event("response.output_text.done", { ...inPart, text: script.words.join(" "), logprobs: [] }),
              event("response.content_part.done", { ...inPart, part: textPart(script.words.join(" ")) }),
            ]),
        event("response.output_item.done", { output_index: index, item }),
      ]),
      event(`response.${statusOf(script)}`, { response: response(script, items, statusOf(script)) }),
    ];
  },
  answer: (script) => response(script, output(script), statusOf(script)),
  error: openaiWire.error,
  streamError: (message) =>
    `event: error\ndata: ${JSON.stringify({ type: "error", code: "server_error", message, param: null, sequence_number: 0 })}\n\n`,
};
