/** What a scripted provider says, before it is put on the wire. */
export interface Script {
  readonly model: string;
  readonly words: readonly string[];
  readonly finish: "stop" | "length" | "tools";
  /** Calls of the tool, at once; absent: one. */
  readonly calls?: number;
  readonly inputTokens: number;
  /** OpenAI: whether the stream carries usage. */
  readonly includeUsage: boolean;
  /** OpenAI: whether a whole answer does. */
  readonly tellsUsage?: boolean;
  /** OpenAI: how likely each token was, where the request asks for it. */
  readonly probability?: number | undefined;
}

/** One provider's wire format. */
export interface ScriptedWire {
  /** The events of a stream, each as the text that goes out, blank line included. */
  events(script: Script): string[];
  answer(script: Script): unknown;
  error(status: number, message: string): unknown;
  /** An error in the middle of a stream. */
  streamError(message: string): string;
}

export const scriptedTool = { id: "call_scripted", name: "look_up", arguments: { city: "Zürich", days: 3 } } as const;

/** Cut where no reader would expect it. */
const argumentPieces = ['{"ci', 'ty":"Zü', 'rich","days"', ":3}"];

function outputTokens({ finish, words, calls = 1 }: Script): number {
  return finish === "tools" ? argumentPieces.length * calls : words.length;
}

/** One for each call of the tool: the first as it is alone. */
export function callIds({ calls = 1 }: Script): string[] {
  return Array.from({ length: calls }, (_, index) => (index === 0 ? scriptedTool.id : `${scriptedTool.id}_${index + 1}`));
}

/** Words with the blanks before them, so that joined they are the text. */
function pieces(words: readonly string[]): string[] {
  return words.map((word, index) => (index === 0 ? word : ` ${word}`));
}

const openaiFinish = { stop: "stop", length: "length", tools: "tool_calls" } as const;

function openaiUsage(script: Script): unknown {
  const output = outputTokens(script);
  return { prompt_tokens: script.inputTokens, completion_tokens: output, total_tokens: script.inputTokens + output };
}

function openaiLogProbabilities({ probability }: Script, tokens: readonly string[]): unknown {
  if (probability === undefined || tokens.length === 0) return null;
  return { content: tokens.map((token) => ({ token, logprob: Math.log(probability), bytes: null, top_logprobs: [] })), refusal: null };
}

export const openaiWire: ScriptedWire = {
  events(script) {
    const head = { id: "chatcmpl-scripted", object: "chat.completion.chunk", created: 1_700_000_000, model: script.model };
    const chunk = (delta: { readonly content?: string | null; readonly [field: string]: unknown }, finish: string | null = null) => {
      const logprobs = openaiLogProbabilities(script, delta.content ? [delta.content] : []);
      return `data: ${JSON.stringify({ ...head, choices: [{ index: 0, delta, logprobs, finish_reason: finish }] })}\n\n`;
    };
    const called = (id: string, index: number) => [
      { tool_calls: [{ index, id, type: "function", function: { name: scriptedTool.name, arguments: "" } }] },
      ...argumentPieces.map((text) => ({ tool_calls: [{ index, function: { arguments: text } }] })),
    ];
    const said = script.finish === "tools" ? callIds(script).flatMap(called) : pieces(script.words).map((content) => ({ content }));
    return [
      chunk({ role: "assistant", content: script.finish === "tools" ? null : "" }),
      ...said.map((delta) => chunk(delta)),
      chunk({}, openaiFinish[script.finish]),
      ...(script.includeUsage ? [`data: ${JSON.stringify({ ...head, choices: [], usage: openaiUsage(script) })}\n\n`] : []),
      "data: [DONE]\n\n",
    ];
  },
  answer(script) {
    const calls = callIds(script).map((id) => ({
      id,
      type: "function",
      function: { name: scriptedTool.name, arguments: JSON.stringify(scriptedTool.arguments) },
    }));
    const message =
      script.finish === "tools"
        ? { role: "assistant", content: null, tool_calls: calls }
        : { role: "assistant", content: pieces(script.words).join("") };
    return {
      id: "chatcmpl-scripted",
      object: "chat.completion",
      created: 1_700_000_000,
      model: script.model,
      choices: [
        {
          index: 0,
          message,
          logprobs: openaiLogProbabilities(script, pieces(script.words)),
          finish_reason: openaiFinish[script.finish],
        },
      ],
      ...(script.tellsUsage === false ? {} : { usage: openaiUsage(script) }),
    };
  },
  error: (status, message) => ({
    error: {
      message,
      type: status === 429 ? "rate_limit_error" : status < 500 ? "invalid_request_error" : "server_error",
      param: null,
      code: null,
    },
  }),
  streamError: (message) => `data: ${JSON.stringify(openaiWire.error(500, message))}\n\n`,
};

const anthropicFinish = { stop: "end_turn", length: "max_tokens", tools: "tool_use" } as const;

function anthropicEvent(data: { readonly type: string; readonly [field: string]: unknown }): string {
  return `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
}

function anthropicErrorType(status: number): string {
  const types: Record<number, string> = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
  };
  return types[status] ?? "api_error";
}

export const anthropicWire: ScriptedWire = {
  events(script) {
    const isTool = script.finish === "tools";
    const deltas = isTool
      ? argumentPieces.map((text) => ({ type: "input_json_delta", partial_json: text }))
      : pieces(script.words).map((text) => ({ type: "text_delta", text }));
    const starts = isTool
      ? callIds(script).map((id) => ({ type: "tool_use", id, name: scriptedTool.name, input: {} }))
      : [{ type: "text", text: "" }];
    const message = {
      id: "msg_scripted",
      type: "message",
      role: "assistant",
      model: script.model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { input_tokens: script.inputTokens, output_tokens: 1 },
    };
    return [
      anthropicEvent({ type: "message_start", message }),
      ...starts.flatMap((start, index) => [
        anthropicEvent({ type: "content_block_start", index, content_block: start }),
        ...deltas.map((delta) => anthropicEvent({ type: "content_block_delta", index, delta })),
        anthropicEvent({ type: "content_block_stop", index }),
      ]),
      anthropicEvent({
        type: "message_delta",
        delta: { stop_reason: anthropicFinish[script.finish], stop_sequence: null },
        usage: { output_tokens: outputTokens(script) },
      }),
      anthropicEvent({ type: "message_stop" }),
    ];
  },
  answer(script) {
    const tools = callIds(script).map((id) => ({ type: "tool_use", id, name: scriptedTool.name, input: scriptedTool.arguments }));
    return {
      id: "msg_scripted",
      type: "message",
      role: "assistant",
      model: script.model,
      content: script.finish === "tools" ? tools : script.words.length === 0 ? [] : [{ type: "text", text: pieces(script.words).join("") }],
      stop_reason: anthropicFinish[script.finish],
      stop_sequence: null,
      usage: { input_tokens: script.inputTokens, output_tokens: outputTokens(script) },
    };
  },
  error: (status, message) => ({
    type: "error",
    error: { type: anthropicErrorType(status), message, details: { error_code: `scripted_${status}` } },
    request_id: "req_scripted",
  }),
  streamError: (message) => anthropicEvent({ type: "error", error: { type: "overloaded_error", message } }),
};
