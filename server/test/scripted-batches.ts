import { once } from "node:events";
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type ScriptedWire, anthropicWire, openaiWire } from "./scripted-answers.ts";

export interface ScriptedBatch {
  readonly id: string;
  readonly createdAt: string;
  readonly requests: readonly { readonly id: string; readonly body: Record<string, unknown> }[];
  readonly metadata: unknown;
  /** Looks at it until it has ended. */
  looks: number;
  cancelled: boolean;
}

export interface ScriptedBatches {
  readonly port: number;
  /** `http://127.0.0.1:<port>`. */
  readonly origin: string;
  readonly batches: ScriptedBatch[];
  /** `POST /v1/files`, in the order of arrival. */
  readonly requests: string[];
  /** Looks that a new batch takes; a batch without an end takes `Infinity`. */
  looks: number;
  /** So many batches are taken without a word: the connection is cut before the answer. */
  cutAfterSubmit: number;
  /** Before the answer to a batch that was taken. */
  onTaken: (batch: ScriptedBatch) => void;
  close(): Promise<void>;
}

/**
 * The batch APIs of both dialects on loopback. What is asked decides what comes of it: a question with the word `wrong` in it is an
 * error, one with `late` finds no time, and every other is answered with its own text as JSON of a label. Asked by themselves, all are.
 */
export async function startScriptedBatches(): Promise<ScriptedBatches> {
  const files = new Map<string, string>();
  let taken = 0;
  const server = createServer((message, response) => {
    answer(message, response).catch((error: unknown) => response.destroy(error as Error));
  });
  const world: Omit<ScriptedBatches, "port" | "origin" | "close"> = {
    batches: [],
    requests: [],
    looks: 2,
    cutAfterSubmit: 0,
    onTaken: () => {},
  };

  function take(requests: ScriptedBatch["requests"], metadata: unknown): ScriptedBatch {
    const batch = { id: `batch_${++taken}`, createdAt: new Date().toISOString(), requests, metadata, looks: world.looks, cancelled: false };
    world.batches.push(batch);
    return batch;
  }

  function submitted(batch: ScriptedBatch, response: ServerResponse, body: unknown): void {
    world.onTaken(batch);
    if (world.cutAfterSubmit === 0) return send(response, body);
    world.cutAfterSubmit--;
    response.socket?.resetAndDestroy();
  }

  async function answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of message) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const path = (message.url ?? "").split("?")[0]!.replace(/^\/v1/, "");
    world.requests.push(`${message.method} ${path}`);
    const [, first, second, third, fourth] = path.split("/");
    if (first === "chat") return send(response, answerOf(openaiWire, { id: "", body: JSON.parse(text) as Record<string, unknown> }));
    if (first === "messages") return anthropic({ method: message.method!, id: third, action: fourth, text }, response);
    if (first === "files" && second === undefined) {
      const id = `file_${files.size + 1}`;
      files.set(id, text.split("\r\n").findLast((part) => part.startsWith("{")) ?? "");
      return send(response, { id, object: "file", purpose: "batch" });
    }
    if (first === "files") return void response.end(files.get(second!));
    return openai({ method: message.method!, id: second, action: third, text }, response);
  }

  function openai({ method, id, action, text }: Asked, response: ServerResponse): void {
    if (id === undefined && method === "GET") return send(response, { data: world.batches.map(openaiView), has_more: false });
    if (id === undefined) {
      const { input_file_id, metadata } = JSON.parse(text) as { input_file_id: string; metadata: unknown };
      const lines = files
        .get(input_file_id)!
        .split("\n")
        .filter((line) => line !== "");
      const requests = lines.map((line) => JSON.parse(line) as { custom_id: string; body: Record<string, unknown> });
      const batch = take(
        requests.map(({ custom_id, body }) => ({ id: custom_id, body })),
        metadata,
      );
      return submitted(batch, response, openaiView(batch));
    }
    const batch = world.batches.find((each) => each.id === id);
    if (batch === undefined) return send(response, openaiWire.error(404, "no such batch"), 404);
    look(batch, action);
    const view = openaiView(batch);
    if (batch.looks > 0) return send(response, view);
    files.set(
      `${id}_output`,
      linesOf(batch, "fine", (each) => ({ response: { status_code: 200, body: answerOf(openaiWire, each) }, error: null })),
    );
    files.set(
      `${id}_error`,
      linesOf(batch, "wrong", () => ({ response: { status_code: 400, body: openaiWire.error(400, "it is wrong") }, error: null })) +
        linesOf(batch, "late", () => ({ response: null, error: { code: "batch_expired", message: "no time was left" } })),
    );
    send(response, { ...view, output_file_id: `${id}_output`, error_file_id: `${id}_error` });
  }

  function anthropic({ method, id, action, text }: Asked, response: ServerResponse): void {
    if (id === undefined && method === "GET")
      return send(response, { data: world.batches.map(anthropicView), has_more: false, last_id: null });
    if (id === undefined) {
      const { requests } = JSON.parse(text) as { requests: { custom_id: string; params: Record<string, unknown> }[] };
      const batch = take(
        requests.map(({ custom_id, params }) => ({ id: custom_id, body: params })),
        null,
      );
      return submitted(batch, response, anthropicView(batch));
    }
    const batch = world.batches.find((each) => each.id === id);
    if (batch === undefined) return send(response, anthropicWire.error(404, "no such batch"), 404);
    if (action !== "results") {
      look(batch, action);
      return send(response, anthropicView(batch));
    }
    const error = { type: "error", error: { type: "invalid_request_error", message: "it is wrong" } };
    response.end(
      linesOf(batch, "fine", (each) => ({ result: { type: "succeeded", message: answerOf(anthropicWire, each) } })) +
        linesOf(batch, "wrong", () => ({ result: { type: "errored", error } })) +
        linesOf(batch, "late", () => ({ result: { type: "expired" } })),
    );
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return Object.assign(world, {
    port,
    origin: `http://127.0.0.1:${port}`,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  });
}

interface Asked {
  readonly method: string;
  readonly id: string | undefined;
  readonly action: string | undefined;
  readonly text: string;
}

type Kind = "fine" | "wrong" | "late";

function look(batch: ScriptedBatch, action: string | undefined): void {
  if (action === "cancel") [batch.cancelled, batch.looks] = [true, 0];
  else if (batch.looks > 0) batch.looks--;
}

function statusOf(batch: ScriptedBatch): string {
  if (batch.looks > 0) return "in_progress";
  if (batch.cancelled) return "cancelled";
  return batch.requests.some((each) => kindOf(each) === "late") ? "expired" : "completed";
}

function openaiView(batch: ScriptedBatch) {
  return { id: batch.id, object: "batch", status: statusOf(batch), metadata: batch.metadata, output_file_id: null, error_file_id: null };
}

function anthropicView(batch: ScriptedBatch) {
  const processing = batch.looks > 0 ? batch.requests.length : 0;
  return {
    id: batch.id,
    type: "message_batch",
    created_at: batch.createdAt,
    processing_status: batch.looks > 0 ? "in_progress" : "ended",
    request_counts: { processing, succeeded: batch.requests.length - processing, errored: 0, canceled: 0, expired: 0 },
  };
}

function questionOf({ body }: ScriptedBatch["requests"][number]): string {
  const { content } = (body["messages"] as { content: string | { text: string }[] }[]).at(-1)!;
  return typeof content === "string" ? content : content.map(({ text }) => text).join("");
}

function kindOf(request: ScriptedBatch["requests"][number]): Kind {
  const question = questionOf(request);
  return question.includes("wrong") ? "wrong" : question.includes("late") ? "late" : "fine";
}

/** Backwards: nobody promises the order of the questions. */
function linesOf(batch: ScriptedBatch, kind: Kind, give: (request: ScriptedBatch["requests"][number]) => object): string {
  const chosen = batch.requests.filter((each) => kindOf(each) === kind).toReversed();
  return chosen.map((each) => `${JSON.stringify({ custom_id: each.id, ...give(each) })}\n`).join("");
}

function answerOf(wire: ScriptedWire, request: ScriptedBatch["requests"][number]): unknown {
  const text = JSON.stringify({ label: questionOf(request), confidence: 1 });
  return wire.answer({ model: String(request.body["model"]), words: [text], finish: "stop", inputTokens: 10, includeUsage: true });
}

function send(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
