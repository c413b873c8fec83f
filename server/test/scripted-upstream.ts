import { type IncomingHttpHeaders, type IncomingMessage, type ServerResponse, createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { type Script, type ScriptedWire, anthropicWire, openaiWire } from "./scripted-answers.ts";
import { responsesWire } from "./scripted-responses.ts";
import { wholeWire } from "./scripted-vectors.ts";
import { listenOnLoopback } from "./listen-on-loopback.ts";

/** What it says unless the model's name asks for something else: nine words. */
export const scriptedText = "The quick brown fox jumps over the lazy dog.";
/** Of characters of one to four bytes; what `half-character` says. */
export const scriptedCharacters = "Grüße 你好 🌍🏳️‍🌈 é";

export interface ScriptedRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Parsed. */
  readonly body: Record<string, unknown>;
  /** The caller went away before the answer was whole. */
  aborted: boolean;
  /** Of the answer's body so far: shows whether back-pressure reached this side. */
  sentBytes: number;
}

export interface ScriptedUpstream {
  readonly port: number;
  /** `http://127.0.0.1:<port>`. */
  readonly origin: string;
  /** In the order of arrival. */
  readonly requests: ScriptedRequest[];
  close(): Promise<void>;
}

const wires: readonly (readonly [path: string, wire: ScriptedWire])[] = [
  ["/v1/chat/completions", openaiWire],
  ["/v1/responses", responsesWire],
  ["/v1/messages", anthropicWire],
];

/** One answer under way. */
interface Turn {
  readonly fault: string;
  /** What stands after the fault's name, between colons. */
  readonly values: readonly string[];
  readonly wire: ScriptedWire;
  readonly script: Script;
  readonly isStream: boolean;
  readonly response: ServerResponse;
  readonly request: ScriptedRequest;
  /** Aborted when the connection is gone. */
  readonly gone: AbortSignal;
}

/**
 * A provider on loopback that does what the model's name says, in each dialect, in a stream or whole:
 *
 * - `ok`, `echo` (the last message's text), `empty` (no words), `length` (truncated), `half-character`
 * - `tools[:<calls>]` (of `scriptedTool`), `tools-once[:<calls>]` (until the request brings a result)
 * - `slow-first:<ms>` (before the head), `late-body:<ms>` (after the head), `slow-between:<ms>`, `stall-after:<n>` events
 * - `reset` (no answer), `reset-after:<n>`, `clean-cut-after:<n>` (an end without its mark), `malformed-after:<n>`
 * - `status:<code>[:<retry-after>]`, `status-then-ok:<code>:<times>[:<retry-after>]`, `error-in-first-event`, `error-body-200`, `empty-body`
 * - `confident:<probability>` (of each token, where log probabilities are asked for)
 * - `refuses-key:<code>:<end of the key>[:<retry-after>]`: others are welcome
 * - `no-usage` (OpenAI: tells no tokens); of embeddings also `backwards` and `one-less`
 * - `redirect[:<location>]`, `huge:<bytes>`, `endless`
 *
 * A list of texts in the request's own field `script` is what it says instead: the first, and after an answer of its own the next.
 */
export async function startScriptedUpstream(): Promise<ScriptedUpstream> {
  const requests: ScriptedRequest[] = [];
  const refusals = new Map<string, number>();
  const server = createServer((message, response) => {
    answer(message, response).catch((error: unknown) => {
      if (!response.destroyed) response.destroy(error as Error);
    });
  });

  async function answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    const chunks: Buffer[] = [];
    for await (const chunk of message) chunks.push(chunk as Buffer);
    const path = message.url ?? "";
    const text = Buffer.concat(chunks).toString();
    const body = (text === "" ? {} : JSON.parse(text)) as Record<string, unknown>;
    const request: ScriptedRequest = { path, headers: message.headers, body, aborted: false, sentBytes: 0 };
    requests.push(request);
    const wire = wires.find(([end]) => path.endsWith(end))?.[1] ?? wholeWire(path, body);
    response.on("close", () => {
      request.aborted = !response.writableFinished && !cut.has(response);
      gone.abort();
    });
    if (wire === undefined) {
      response.writeHead(404).end();
      return;
    }
    const model = typeof body["model"] === "string" ? body["model"] : "";
    const [fault = "", ...values] = model.split(":");
    const isStream = body["stream"] === true;
    const turn = { fault, values, wire, script: scriptOf([fault, ...values], body), isStream, response, request, gone: gone.signal };
    if (fault === "refuses-key") {
      const [code = "401", end = "", ...rest] = values;
      const key = String(message.headers.authorization ?? message.headers["x-api-key"]);
      return play({ ...turn, fault: key.endsWith(end) ? "status" : "ok", values: [code, ...rest] });
    }
    if (fault !== "status-then-ok") return play(turn);
    const [code = "500", times = "1", ...rest] = values;
    const refused = refusals.get(model) ?? 0;
    refusals.set(model, refused + 1);
    return play({ ...turn, fault: refused < Number(times) ? "status" : "ok", values: [code, ...rest] });
  }

  return { ...(await listenOnLoopback(server)), requests };
}

/** Answers whose connection this side destroyed. */
const cut = new WeakSet<ServerResponse>();

function destroy({ response }: Turn): void {
  cut.add(response);
  response.socket?.resetAndDestroy();
}

function scriptOf([fault = "", value]: readonly string[], body: Record<string, unknown>): Script {
  const words: Record<string, string> = { empty: "", echo: lastText(body), "half-character": scriptedCharacters };
  const text = scriptedTurn(body) ?? words[fault] ?? scriptedText;
  const callsTools = fault === "tools" || (fault === "tools-once" && !bringsResult(body));
  const options = body["stream_options"] as { include_usage?: boolean } | undefined;
  return {
    model: String(body["model"]),
    words: text === "" ? [] : text.split(" "),
    finish: fault === "length" ? "length" : callsTools ? "tools" : "stop",
    calls: callsTools ? Number(value ?? 1) : 1,
    probability: body["logprobs"] === true && fault === "confident" ? Number(value) : undefined,
    inputTokens: JSON.stringify(body["messages"] ?? body["input"] ?? []).split(/\s+/).length,
    includeUsage: options?.include_usage === true && fault !== "no-usage",
    tellsUsage: fault !== "no-usage",
  };
}

/** Of a tool, in any of the dialects. */
function bringsResult({ messages, input }: Record<string, unknown>): boolean {
  return /"role":"tool"|"type":"(?:tool_result|function_call_output)"/.test(JSON.stringify(messages ?? input ?? []));
}

/** The text that the request itself brings along for this turn. */
function scriptedTurn({ script, messages }: Record<string, unknown>): string | undefined {
  if (!Array.isArray(script)) return undefined;
  const turn = ((messages ?? []) as { role?: unknown }[]).filter(({ role }) => role === "assistant").length;
  return String(script[turn] ?? script.at(-1));
}

function lastText(body: Record<string, unknown>): string {
  const messages = (body["messages"] ?? body["input"] ?? []) as string | { content?: unknown }[];
  if (typeof messages === "string") return messages;
  const content = messages.at(-1)?.content;
  if (typeof content === "string") return content;
  return ((content ?? []) as { text?: string }[]).map((part) => part.text ?? "").join("");
}

async function play(turn: Turn): Promise<void> {
  const { fault, values, wire, response, gone, isStream } = turn;
  const value = Number(values[0] ?? 0);
  switch (fault) {
    case "status":
      return fail(turn, value, values[1]);
    case "error-body-200":
      return sendJson(turn, 200, wire.error(500, "scripted"));
    case "empty-body":
      response.writeHead(200, { "content-type": isStream ? "text/event-stream" : "application/json" }).end();
      return;
    case "redirect":
      response.writeHead(307, { location: values.length === 0 ? `/elsewhere${turn.request.path}` : values.join(":") }).end();
      return;
    case "reset":
      return destroy(turn);
    case "slow-first":
      await sleep(value, undefined, { signal: gone });
  }
  const start = { "content-type": isStream ? "text/event-stream; charset=utf-8" : "application/json", "x-request-id": "scripted" };
  response.writeHead(200, start).flushHeaders();
  if (fault === "late-body") await sleep(value, undefined, { signal: gone });
  if (fault === "huge" || fault === "endless") return sendMuch(turn, fault === "huge" ? value : Number.POSITIVE_INFINITY);
  if (fault === "error-in-first-event") {
    await write(turn, isStream ? wire.streamError("scripted") : JSON.stringify(wire.error(500, "scripted")));
    response.end();
    return;
  }
  return sendPieces(turn, isStream ? wire.events(turn.script) : inPieces(JSON.stringify(wire.answer(turn.script))));
}

async function sendPieces(turn: Turn, pieces: readonly string[]): Promise<void> {
  const { fault, response, gone, isStream } = turn;
  const value = Number(turn.values[0] ?? 0);
  for (const [index, piece] of pieces.entries()) {
    if (fault.endsWith("-after") && index === value) {
      if (fault === "reset-after") return destroy(turn);
      if (fault === "clean-cut-after") break;
      if (fault === "stall-after") await new Promise((_resolve, reject) => gone.addEventListener("abort", () => reject(new Error("gone"))));
      await write(turn, isStream ? 'data: {"id": "broken\n\n' : '{"');
    }
    if (fault === "slow-between" && index > 0) await sleep(value, undefined, { signal: gone });
    if (fault !== "half-character") await write(turn, piece);
    else for (const half of halves(piece)) await write(turn, half).then(() => sleep(2));
  }
  response.end();
}

/** Cut inside every character of more than one byte. */
function halves(text: string): Buffer[] {
  const bytes = Buffer.from(text);
  const cuts = [...bytes.keys()].filter((index) => (bytes[index]! & 0xc0) === 0x80);
  return [0, ...cuts].map((from, index) => bytes.subarray(from, cuts[index] ?? bytes.length));
}

function inPieces(text: string): string[] {
  const size = Math.ceil(text.length / 8);
  return Array.from({ length: 8 }, (_, index) => text.slice(index * size, (index + 1) * size)).filter((piece) => piece !== "");
}

async function sendMuch(turn: Turn, bytes: number): Promise<void> {
  const { wire, script, isStream } = turn;
  const filler = "x".repeat(16_384);
  const marked = { ...script, words: ["<filler>"] };
  // The first event that carries text comes after those that open the answer.
  const whole = isStream ? wire.events(marked) : [JSON.stringify(wire.answer(marked))];
  const at = whole.findIndex((event) => event.includes("<filler>"));
  const [before, after] = whole[at]!.split("<filler>") as [string, string];
  for (const event of whole.slice(0, at)) await write(turn, event);
  if (!isStream) await write(turn, before);
  for (let sent = 0; sent < bytes; sent += filler.length) {
    const text = filler.slice(0, Math.min(filler.length, bytes - sent));
    await write(turn, isStream ? before + text + after : text);
  }
  if (!isStream) await write(turn, after);
  for (const event of whole.slice(at + 1)) await write(turn, event);
  turn.response.end();
}

/** Settles when the bytes have left: each piece is a packet of its own, and it waits while the other side does not read. */
async function write({ response, request, gone }: Turn, data: string | Buffer): Promise<void> {
  if (gone.aborted) throw new Error("gone");
  request.sentBytes += Buffer.byteLength(data);
  await new Promise<void>((resolve, reject) => {
    response.write(data, (error) => (error ? reject(error) : resolve()));
  });
}

function fail(turn: Turn, status: number, retryAfter: string | undefined): void {
  sendJson(turn, status, turn.wire.error(status, "scripted"), retryAfter === undefined ? {} : { "retry-after": retryAfter });
}

function sendJson({ response }: Turn, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}
