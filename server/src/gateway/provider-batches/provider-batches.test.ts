import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { createEgress, egressConfigSchema, silentLogger, systemClock } from "../../core/index.ts";
import { configSchema } from "../config.ts";
import { createGateway } from "../create.ts";
import type { BatchProtocol } from "./types.ts";

interface Heard {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, unknown>;
  readonly text: string;
}

/** A provider that says these bodies, by path; what it heard. */
async function open(dialect: "openai" | "anthropic", says: Record<string, readonly [status: number, body: unknown]>) {
  const heard: Heard[] = [];
  const server = createServer(async (message, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of message) chunks.push(chunk as Buffer);
    const path = message.url!;
    heard.push({ method: message.method!, path, headers: message.headers, text: Buffer.concat(chunks).toString() });
    const [status, body] = says[path] ?? [404, { error: { message: "nothing here" } }];
    response.writeHead(status, { "content-type": "application/json" }).end(typeof body === "string" ? body : JSON.stringify(body));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const hosts = [{ host: "127.0.0.1", private: true, http: true, ports: [port] }];
  const egress = createEgress({ config: egressConfigSchema.parse({ hosts }), logger: silentLogger });
  const baseUrl = `http://127.0.0.1:${port}/v1`;
  const providers = { far: { dialect, baseUrl, batches: true, headers: { "x-team": "mail" } } };
  const gateway = createGateway({ config: configSchema.parse({ providers }), egress, clock: systemClock });
  onTestFinished(async () => {
    gateway.close();
    await egress.close();
    server.closeAllConnections();
    server.close();
  });
  return { heard, protocol: gateway.batches.at("far/m", new AbortController().signal) };
}

const lost = { mark: "ours", count: 2, since: Date.parse("2026-01-02T00:00:00Z"), known: ["b_known"] };
const listed = (id: string, created_at: string, succeeded: number) => ({
  id,
  created_at,
  processing_status: "in_progress",
  request_counts: { processing: 0, succeeded },
});
const after = "2026-01-02T00:00:05Z";
const list = (...data: unknown[]) => ({ "/v1/messages/batches?limit=100": [200, { data, has_more: false }] as const });

describe("a lost batch", () => {
  test("at Anthropic is the one of its size and its time that nobody else of ours has", async () => {
    const others = [listed("b_known", after, 2), listed("b_small", after, 1), listed("b_before", "2026-01-01T00:00:00Z", 2)];
    const found = await open("anthropic", list(listed("b_ours", after, 2), ...others));
    expect(await found.protocol.find(lost)).toBe("b_ours");
    expect(await (await open("anthropic", list(...others))).protocol.find(lost)).toBe(null);
  });

  test("at Anthropic is not guessed where there are two like it", async () => {
    const { protocol } = await open("anthropic", list(listed("b_1", after, 2), listed("b_2", after, 2)));
    await expect(protocol.find(lost)).rejects.toMatchObject({ code: "conflict", details: { alike: ["b_1", "b_2"] } });
  });

  test("at OpenAI is the one with our mark, on whichever page of the list", async () => {
    const batch = (id: string, mark: string | null) => ({
      id,
      status: "validating",
      metadata: mark === null ? null : { millrace_batch: mark },
    });
    const { protocol, heard } = await open("openai", {
      "/v1/batches?limit=100": [200, { data: [batch("b_1", null), batch("b_2", "theirs")], has_more: true }],
      "/v1/batches?limit=100&after=b_2": [200, { data: [batch("b_3", "ours")], has_more: false }],
    });
    expect(await protocol.find(lost)).toBe("b_3");
    expect(await protocol.find({ ...lost, mark: "nobody's" })).toBe(null);
    expect(heard.every(({ headers }) => headers["x-team"] === "mail")).toBe(true);
  });
});

test("OpenAI gets the questions as a file, and a batch of a day over it", async () => {
  const { protocol, heard } = await open("openai", {
    "/v1/files": [200, { id: "file_1" }],
    "/v1/batches": [200, { id: "b_1", status: "validating" }],
  });
  const questions = [1, 2].map((row) => ({ id: `ours-${row}`, body: `{"model":"m","messages":[{"role":"user","content":"ü ${row}"}]}` }));
  expect(await protocol.submit({ mark: "ours", questions })).toBe("b_1");
  const [file, batch] = heard as [Heard, Heard];
  const form = await new Response(file.text, { headers: { "content-type": String(file.headers["content-type"]) } }).formData();
  expect(form.get("purpose")).toBe("batch");
  const lines = (await (form.get("file") as File).text()).trim().split("\n");
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(
    questions.map(({ id, body }) => ({ custom_id: id, method: "POST", url: "/v1/chat/completions", body: JSON.parse(body) as unknown })),
  );
  expect(JSON.parse(batch.text)).toEqual({
    input_file_id: "file_1",
    endpoint: "/v1/chat/completions",
    completion_window: "24h",
    metadata: { millrace_batch: "ours" },
  });
});

test("a batch that OpenAI takes none of is over, and says why", async () => {
  const { protocol } = await open("openai", {
    "/v1/batches/b_1": [200, { id: "b_1", status: "failed", errors: { data: [{ message: "line 3 is too long" }] } }],
  });
  expect(await protocol.state("b_1")).toEqual({ ended: true, status: "failed", refused: "line 3 is too long" });
});

test.each<[string, (protocol: BatchProtocol) => Promise<unknown>, Record<string, readonly [number, unknown]>, string]>([
  [
    "a refusal",
    (protocol) => protocol.state("b_1"),
    { "/v1/messages/batches/b_1": [400, { error: { type: "invalid_request_error", message: "no" } }] },
    "provider_refused",
  ],
  [
    "a full provider",
    (protocol) => protocol.state("b_1"),
    { "/v1/messages/batches/b_1": [529, { error: { type: "overloaded_error", message: "no" } }] },
    "provider_busy",
  ],
  ["what is no JSON", (protocol) => protocol.state("b_1"), { "/v1/messages/batches/b_1": [200, "<html>"] }, "provider_failed"],
  [
    "a batch without its status",
    (protocol) => protocol.state("b_1"),
    { "/v1/messages/batches/b_1": [200, { id: "b_1" }] },
    "provider_failed",
  ],
  [
    "half a line of results",
    (protocol) => protocol.replies("b_1"),
    { "/v1/messages/batches/b_1/results": [200, '{"custom_id":"o-1","res'] },
    "provider_failed",
  ],
])("%s is an error of ours", async (_what, ask, says, code) => {
  const { protocol } = await open("anthropic", says);
  await expect(ask(protocol)).rejects.toMatchObject({ code });
});
