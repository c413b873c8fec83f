import { Agent, type IncomingMessage, request as send } from "node:http";
import { connect, createServer } from "node:net";
import { afterEach, beforeAll, afterAll, expect, test } from "vitest";
import { certificate, certificateKey } from "../../test/fixtures/upstream-certificate.ts";
import { createId } from "../core/index.ts";
import { type TestStore, createTestStore } from "../../test/store.ts";
import { type TestHttp, openTestHttp } from "../../test/http.ts";

let store: TestStore;
const open: TestHttp[] = [];
const agents: Agent[] = [];
beforeAll(async () => {
  store = await createTestStore();
});
afterEach(async () => {
  for (const agent of agents.splice(0)) agent.destroy();
  for (const edge of open.splice(0)) await edge.close();
});
afterAll(() => store.close());

async function start(http: Record<string, unknown> = {}): Promise<TestHttp> {
  const edge = await openTestHttp({ store, journalFolder: createId(), node: createId(), http: { drainMs: 2000, ...http } });
  open.push(edge);
  return edge;
}

function keepAlive(): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  agents.push(agent);
  return agent;
}

function live(port: number, agent: Agent): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    send({ port, host: "127.0.0.1", path: "/health/live", agent }, (response) => {
      response.resume().once("end", () => resolve(response));
    })
      .once("error", reject)
      .end();
  });
}

test("a connection that was idle when the server left is answered once more, and told to go", async () => {
  const edge = await start();
  const agent = keepAlive();
  expect((await live(edge.port, agent)).headers.connection).toBe("keep-alive");
  const closing = edge.http.close({ idleMs: 60_000 });
  const last = await live(edge.port, agent);
  expect([last.statusCode, last.headers.connection]).toEqual([200, "close"]);
  // Nobody is left, so nothing of the minute is waited for.
  await closing;
  expect(edge.http.socket).toBeUndefined();
});

test("connections that stay silent are closed after the time, those that never asked for anything too", async () => {
  const edge = await start();
  const agent = keepAlive();
  await live(edge.port, agent);
  const opened = connect(edge.port, "127.0.0.1");
  await new Promise((resolve) => opened.once("connect", resolve));
  const gone = new Promise((resolve) => opened.once("close", resolve));
  opened.resume();
  await edge.http.close({ idleMs: 50 });
  await gone;
});

test("a connection whose TLS handshake never ends is cut like any other", async () => {
  const edge = await start({ tls: { cert: certificate, key: certificateKey }, drainMs: 50 });
  const accepted = new Promise((resolve) => edge.http.socket!.once("connection", resolve));
  const silent = connect(edge.port, "127.0.0.1").resume();
  const gone = new Promise((resolve) => silent.once("close", resolve));
  await accepted;
  await edge.http.close();
  await gone;
});

test("it accepts on a socket that another server opened", async () => {
  const first = createServer();
  await new Promise<void>((resolve) => first.listen(0, "127.0.0.1", resolve));
  const { port } = first.address() as { port: number };
  const edge = await openTestHttp({ store, journalFolder: createId(), node: createId(), inherited: first });
  open.push(edge);
  expect(edge.port).toBe(port);
  expect((await live(port, keepAlive())).statusCode).toBe(200);
});
