import { type IncomingMessage, type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createClient } from "./client.ts";
import { MillraceError } from "./error.ts";
import { waitForWorkflow } from "./wait.ts";

interface Seen {
  method: string;
  url: string;
  headers: IncomingMessage["headers"];
  body: string;
}

const seen: Seen[] = [];
let answer: (request: Seen) => { status: number; headers?: Record<string, string>; body: string } = () => ({ status: 200, body: "{}" });
let server: Server;
let url: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const entry = {
        method: request.method ?? "",
        url: request.url ?? "",
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
      };
      seen.push(entry);
      const { status, headers, body } = answer(entry);
      response.writeHead(status, headers).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});

afterAll(() => {
  server.close();
});

describe("the client", () => {
  test("hands a file on as its bytes, and the refusal of one as an error", async () => {
    const bytes = '{"row":1}\n{"row":2}\n';
    const parameters = { name: "triage-mail", id: "0198c5a2-7d1e-7abc-8def-0123456789ab" };
    answer = () => ({ status: 200, headers: { "content-type": "application/x-ndjson" }, body: bytes });
    const stream = await createClient({ url }).call("batches.result", { parameters, query: { format: "jsonl" } });
    expect(await new Response(stream).text()).toBe(bytes);
    answer = () => ({ status: 500, body: "not a problem document" });
    await expect(createClient({ url }).call("batches.result", { parameters })).rejects.toBeInstanceOf(MillraceError);
  });

  test("sends the key, fills the path and encodes the query", async () => {
    answer = () => ({ status: 200, body: JSON.stringify({ points: [] }) });
    const result = await createClient({ url, key: "mr_test" }).call("functions.series", {
      parameters: { name: "triage-mail" },
      query: { buckets: 5, from: "2002-08-01T00:00:00+00:00" },
    });
    expect(result).toEqual({ points: [] });
    expect(seen.at(-1)).toMatchObject({
      method: "GET",
      url: "/api/functions/triage-mail/series?buckets=5&from=2002-08-01T00%3A00%3A00%2B00%3A00",
      headers: { authorization: "Bearer mr_test" },
    });
  });

  test("escapes what would leave the path", async () => {
    answer = () => ({ status: 200, body: "{}" });
    await createClient({ url }).call("jobs.get", { parameters: { id: "a/../b?c" } });
    expect(seen.at(-1)?.url).toBe("/api/jobs/workflows/a%2F..%2Fb%3Fc");
  });

  test("posts JSON and passes the idempotency key on", async () => {
    answer = () => ({ status: 200, body: "{}" });
    await createClient({ url }).call(
      "functions.infer",
      { parameters: { name: "f" }, body: { input: { text: "é" } } },
      { idempotencyKey: "once" },
    );
    expect(seen.at(-1)).toMatchObject({
      body: '{"input":{"text":"é"}}',
      headers: { "content-type": "application/json", "idempotency-key": "once" },
    });
  });

  test("streams an upload as it is", async () => {
    answer = () => ({ status: 201, body: "{}" });
    await createClient({ url }).call("data.upload", { body: '{"a":1}\n' });
    expect(seen.at(-1)).toMatchObject({ body: '{"a":1}\n', headers: { "content-type": "application/x-ndjson" } });
  });

  test("turns a problem document into an error that says what to do", async () => {
    const problem = {
      type: "urn:millrace:error:rate_limited",
      title: "t",
      status: 429,
      detail: "Key reader is over 10 in 60 s.",
      code: "rate_limited",
      fix: "Wait.",
      details: { limit: 10 },
    };
    answer = () => ({
      status: 429,
      headers: { "retry-after": "7", "content-type": "application/problem+json" },
      body: JSON.stringify(problem),
    });
    const error = await createClient({ url })
      .call("functions.list", {})
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(MillraceError);
    expect(error).toMatchObject({
      code: "rate_limited",
      status: 429,
      message: problem.detail,
      fix: "Wait.",
      retryAfterSeconds: 7,
      details: { limit: 10 },
    });
  });

  test("keeps the status of an answer that is no problem document", async () => {
    answer = () => ({ status: 502, body: "<html>" });
    await expect(createClient({ url }).call("functions.list", {})).rejects.toMatchObject({ code: "internal", status: 502 });
  });

  test("names a server that does not answer", async () => {
    await expect(createClient({ url: "http://127.0.0.1:1" }).call("functions.list", {})).rejects.toMatchObject({
      code: "server_unreachable",
    });
  });

  test("names a server that went away in the middle of its answer", async () => {
    const dying = createServer((_request, response) => {
      response.writeHead(200, { "content-length": "100" }).write('{"status":');
      setTimeout(() => response.destroy(), 20);
    });
    await new Promise<void>((resolve) => dying.listen(0, "127.0.0.1", resolve));
    const there = `http://127.0.0.1:${(dying.address() as AddressInfo).port}`;
    await expect(createClient({ url: there }).call("health.live", {})).rejects.toMatchObject({ code: "server_unreachable", status: 503 });
    dying.close();
  });

  test("waits until a workflow has ended and reports each look", async () => {
    let looks = 0;
    answer = () => ({ status: 200, body: JSON.stringify({ status: ++looks < 3 ? "running" : "succeeded", output: "mail@1" }) });
    const statuses: string[] = [];
    const workflow = await waitForWorkflow(createClient({ url }), "w", { pollMs: 1, onStatus: (each) => statuses.push(each.status) });
    expect(workflow.output).toBe("mail@1");
    expect(statuses).toEqual(["running", "running", "succeeded"]);
  });

  test("stops waiting when aborted", async () => {
    answer = () => ({ status: 200, body: JSON.stringify({ status: "running" }) });
    await expect(waitForWorkflow(createClient({ url }), "w", { pollMs: 1, signal: AbortSignal.timeout(50) })).rejects.toThrow();
  });
});
