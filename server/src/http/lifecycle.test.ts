import { connect } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { alice, clearFunctions, fakeModels, mailSheet } from "../../test/functions.ts";
import { type TestHttp, type TestHttpOptions, openTestHttp, sendRaw, sendTo } from "../../test/http.ts";
import { type TestStore, createTestStore } from "../../test/store.ts";
import { AppError, createId } from "../core/index.ts";
import { defineFunction } from "../functions/index.ts";
import { httpConfigSchema } from "./config.ts";
import { isLoopback } from "./guard-origin.ts";

const infer = "/api/functions/triage-mail/infer";
const mail = { input: { subject: "Win $$$", body: "now" } };
let store: TestStore;
const open: TestHttp[] = [];
beforeAll(async () => {
  store = await createTestStore();
});
afterEach(async () => {
  for (const edge of open.splice(0)) await edge.close();
  await clearFunctions(store);
});
afterAll(() => store.close());

async function start(options: TestHttpOptions = {}): Promise<TestHttp> {
  const edge = await openTestHttp({ store, journalFolder: createId(), node: createId(), ...options });
  open.push(edge);
  return edge;
}

/** A model that answers after this long. */
function slowModels(ms: number) {
  const models = fakeModels();
  models.versions.set("triage-mail", [1]);
  models.predict = () => new Promise((resolve) => setTimeout(() => resolve({ label: "ham", confidence: 1, probabilities: {} }), ms));
  return models;
}

describe("no evidence, no answer", () => {
  test("a journal that cannot be written turns answers into 503, and they come back with it", async () => {
    let full = false;
    const edge = await start({
      wrapJournal: (journal) => ({
        ...journal,
        appendSerialized: (type, id, json) =>
          full ? Promise.reject(new AppError("evidence_unavailable", "The disk is full.")) : journal.appendSerialized(type, id, json),
      }),
    });
    const ask = () => edge.send({ method: "POST", path: infer, key: edge.adminKey, body: mail });
    expect((await ask()).status).toBe(200);
    full = true;
    const refused = await ask();
    expect(refused.problem()).toMatchObject({ status: 503, code: "evidence_unavailable" });
    expect(refused.text).not.toContain("spam");
    full = false;
    expect((await ask()).status).toBe(200);
  });

  test("a journal that says so refuses before the work is done", async () => {
    let asked = 0;
    const models = fakeModels();
    models.versions.set("triage-mail", [1]);
    models.predict = async () => {
      asked++;
      return { label: "ham", confidence: 1, probabilities: {} };
    };
    const edge = await start({ models, wrapJournal: (journal) => ({ ...journal, unavailable: () => "The journal holds all it may." }) });
    expect((await edge.send({ method: "POST", path: infer, key: edge.adminKey, body: mail })).problem().code).toBe("evidence_unavailable");
    expect(asked).toBe(0);
  });
});

describe("time", () => {
  test("a deadline that passes is 504, whatever the variant does with its signal, and the evidence says so", async () => {
    const hanging = defineFunction({
      ...mailSheet,
      name: "triage-mail",
      variants: { rules: () => new Promise<undefined>(() => {}) },
      fallback: ["rules"],
    });
    const edge = await start({ definitions: [hanging] });
    const answer = await edge.send({ method: "POST", path: infer, key: edge.adminKey, body: { ...mail, deadlineMs: 50 } });
    expect(answer.problem()).toMatchObject({ status: 504, code: "deadline_exceeded", details: { inferenceId: expect.any(String) } });
    await edge.stored();
    const detail = await edge.functions.getInference(alice, answer.problem().details!["inferenceId"] as string);
    expect(detail).toMatchObject({ status: "failed", error: "deadline_exceeded", steps: [{ status: "timeout" }] });
  });
});

describe("clients that misbehave", () => {
  test("one that goes away in the middle of its body hurts nobody", async () => {
    const edge = await start();
    for (let count = 0; count < 20; count++) {
      await new Promise<void>((resolve) => {
        const socket = connect(edge.port, "127.0.0.1", () => {
          socket.write(
            `POST ${infer} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${edge.adminKey}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"input"`,
            () => socket.destroy(),
          );
        });
        socket.on("close", () => resolve());
      });
    }
    expect((await edge.send({ method: "POST", path: infer, key: edge.adminKey, body: mail })).status).toBe(200);
  });

  test("one that goes away before its answer leaves the evidence of it", async () => {
    const edge = await start({ models: slowModels(100) });
    const text = JSON.stringify(mail);
    await new Promise<void>((resolve) => {
      const socket = connect(edge.port, "127.0.0.1", () => {
        socket.write(
          `POST ${infer} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${edge.adminKey}\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
        );
        setTimeout(() => socket.destroy(), 30);
      });
      socket.on("close", () => resolve());
    });
    await expect.poll(() => edge.journal.stats().accepted, { timeout: 5000 }).toBe(1);
    await edge.stored();
    expect((await edge.functions.listInferences(alice, { limit: 10 })).items).toMatchObject([{ status: "ok", variant: "learned" }]);
  });

  test("one whose body never ends is answered 408 and cut off", async () => {
    const edge = await start({ http: { requestTimeoutMs: 300 } });
    const head = `POST ${infer} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${edge.adminKey}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"input"`;
    const answer = await sendRaw(edge.port, head, 5000);
    expect(answer).toMatch(/^HTTP\/1.1 408 /);
    expect(answer).toContain("application/problem+json");
  });

  test("requests in a pipeline are answered in order", async () => {
    const edge = await start();
    const get = `GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n`;
    const answer = await sendRaw(edge.port, get + get);
    expect(answer.match(/HTTP\/1.1 200/g)).toHaveLength(2);
  });
});

describe("listening", () => {
  test("beyond loopback without TLS or a proxy is refused", async () => {
    await expect(start({ http: { host: "0.0.0.0" } })).rejects.toMatchObject({ code: "listen_refused" });
    expect(["127.0.0.1", "localhost", "::1", "127.8.8.8"].every(isLoopback)).toBe(true);
    expect(["0.0.0.0", "192.168.0.1", "::", "127.evil.example"].some(isLoopback)).toBe(false);
  });

  test("behind a proxy it answers for the configured names, and cookies are secure", async () => {
    const edge = await start({ http: { host: "0.0.0.0", trustProxy: true, hosts: ["mill.example"] } });
    const link = await edge.send({ method: "POST", path: "/api/governance/links", key: edge.adminKey, headers: { host: "mill.example" } });
    const { url } = link.json<{ url: string }>();
    expect(url).toMatch(/^https:\/\/mill\.example\/sign-in#/);
    const signedIn = await edge.send({
      method: "POST",
      path: "/api/governance/session",
      body: { token: url.split("#")[1] },
      headers: { host: "mill.example" },
    });
    expect(signedIn.headers["set-cookie"]![0]).toContain("Secure");
    expect((await edge.send({ path: "/api/functions", key: edge.adminKey, headers: { host: "0.0.0.0" } })).status).toBe(403);
  });

  test("a taken port is named", async () => {
    const edge = await start();
    await expect(start({ http: { port: edge.port } })).rejects.toMatchObject({ code: "port_in_use", details: { port: edge.port } });
  });

  test("the configuration refuses what it does not know", () => {
    expect(httpConfigSchema.parse({})).toMatchObject({ host: "127.0.0.1", port: 7070 });
    expect(httpConfigSchema.safeParse({ prot: 1 }).success).toBe(false);
  });
});

describe("health and the end", () => {
  test("ready says why not", async () => {
    const edge = await start({ ports: { readiness: () => ["The model is loading."] } });
    const answer = await edge.send({ path: "/health/ready" });
    expect([answer.status, answer.json()]).toEqual([503, { status: "unready", reasons: ["The model is loading."] }]);
    expect((await edge.send({ path: "/health/live" })).json()).toEqual({ status: "ok", reasons: [] });
  });

  test("a request in flight ends, a new one finds nobody", async () => {
    const edge = await start({ models: slowModels(150) });
    const answer = edge.send({ method: "POST", path: infer, key: edge.adminKey, body: mail, headers: { connection: "keep-alive" } });
    await new Promise((resolve) => setTimeout(resolve, 50));
    const closing = edge.http.close();
    expect((await answer).status).toBe(200);
    await closing;
    await expect(sendTo(edge.port, { path: "/health/live" })).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  test("what does not end in time is cut off", async () => {
    const edge = await start({ models: slowModels(60_000), http: { drainMs: 100 } });
    const answer = edge
      .send({ method: "POST", path: infer, key: edge.adminKey, body: { ...mail, deadlineMs: 60_000 } })
      .catch((error: { code?: string }) => error.code);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await edge.http.close();
    expect(await answer).toSatisfy((given: unknown) => given === "ECONNRESET" || (given as { status: number }).status === 200);
  });
});

describe("restart", () => {
  test("an idempotency key holds across it, with the same bytes", async () => {
    const journalFolder = createId();
    const headers = { "idempotency-key": "order-7" };
    const first = await start({ journalFolder });
    const key = first.adminKey;
    const before = await first.send({ method: "POST", path: infer, key, body: mail, headers });
    await first.stored();
    await first.close();
    open.splice(open.indexOf(first), 1);
    const second = await start({ journalFolder });
    await expect
      .poll(async () => (await second.send({ method: "POST", path: infer, key, body: mail, headers })).text, { timeout: 5000 })
      .toBe(before.text);
    expect(
      (await second.send({ method: "POST", path: infer, key, body: { input: { subject: "", body: "" } }, headers })).problem().code,
    ).toBe("idempotency_conflict");
    await second.stored();
    expect((await second.functions.listInferences(alice, { limit: 10, status: "ok" })).items).toHaveLength(1);
  });
});
