import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Operation, type Permission, type Route, errorTable, permissions, problemSchema, routes } from "@millrace/contract";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TestHttp, openTestHttp, sendRaw } from "../../test/http.ts";
import { type TestStore, createTestStore } from "../../test/store.ts";
import { createId, systemContext } from "../core/index.ts";

const infer = "/api/functions/triage-mail/infer";
const mail = { input: { subject: "Win $$$", body: "now" } };

let store: TestStore;
let edge: TestHttp;
beforeAll(async () => {
  store = await createTestStore();
  edge = await openTestHttp({ store, journalFolder: createId() });
});
afterAll(async () => {
  await edge.close();
  await store.close();
});

function pathOf(route: Route): string {
  return route.path.replace(":id", "01890000-0000-7000-8000-000000000000").replace(":version", "1").replace(/:\w+/g, "triage-mail");
}

function bodyOf(route: Route): Record<string, unknown> {
  if (route.body === undefined) return {};
  return route.body === "stream" ? { body: "{}\n", headers: { "content-type": "application/x-ndjson" } } : { body: {} };
}

describe("asking a function", () => {
  test("answers what the contract says, with the evidence stored", async () => {
    const key = await edge.createKey({ name: "caller", roles: ["caller"] });
    const answer = await edge.send({
      method: "POST",
      path: infer,
      key,
      body: { ...mail, occurredAt: "2002-08-01T00:00:00Z", metadata: { a: "b" } },
      headers: { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" },
    });
    expect(answer.status).toBe(200);
    const body = routes["functions.infer"].response.parse(answer.json());
    expect(body).toMatchObject({ function: "triage-mail", variant: "rules", fallback: false, output: { label: "spam" } });
    await edge.stored();
    const detail = await edge.send({ path: `/api/inferences/${body.inferenceId}`, key: edge.adminKey });
    expect(detail.json()).toMatchObject({
      status: "ok",
      occurredAt: "2002-08-01T00:00:00.000Z",
      metadata: { a: "b" },
      produced: { traceId: "0af7651916cd43dd8448eb211c80319c" },
    });
  });

  test.each([
    ["not JSON", "{", 400, "invalid_json"],
    ["empty", "", 400, "invalid_json"],
    ["an array", "[]", 400, "invalid_request"],
    ["a wrong deadline", JSON.stringify({ ...mail, deadlineMs: -1 }), 400, "invalid_request"],
    ["a time in the future", JSON.stringify({ ...mail, occurredAt: "2999-01-01T00:00:00Z" }), 400, "invalid_request"],
    ["a wrong input", JSON.stringify({ input: { subject: 1 } }), 422, "invalid_input"],
    ["a string of 5 MB", JSON.stringify({ input: { subject: "x".repeat(5_000_000), body: "" } }), 413, "body_too_large"],
  ])("refuses %s", async (_name, body, status, code) => {
    const answer = await edge.send({ method: "POST", path: infer, key: edge.adminKey, body });
    expect(answer.status).toBe(status);
    expect(answer.headers["content-type"]).toBe("application/problem+json");
    expect(problemSchema.parse(answer.json())).toMatchObject({ code, status, type: `urn:millrace:error:${code}` });
  });

  test("refuses a body over the limit that does not say how long it is", async () => {
    const chunk = `${(40_000).toString(16)}\r\n${"x".repeat(40_000)}\r\n`;
    const text = await sendRaw(
      edge.port,
      `POST ${infer} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${edge.adminKey}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}${chunk}0\r\n\r\n`,
    );
    expect(text).toMatch(/^HTTP\/1.1 413 /);
  });

  test("refuses other content types, methods, functions and keys", async () => {
    const key = edge.adminKey;
    expect(
      (await edge.send({ method: "POST", path: infer, key, body: mail, headers: { "content-type": "text/plain" } })).problem().code,
    ).toBe("unsupported_media_type");
    const get = await edge.send({ path: infer, key });
    expect([get.status, get.headers["allow"]]).toEqual([405, "POST"]);
    expect((await edge.send({ method: "POST", path: "/api/functions/nothing/infer", key, body: mail })).problem()).toMatchObject({
      status: 404,
      code: "unknown_function",
    });
    expect((await edge.send({ method: "POST", path: infer, key: "mr_unknown_key", body: mail })).problem().code).toBe("unauthenticated");
    expect((await edge.send({ method: "POST", path: infer, body: mail })).headers["www-authenticate"]).toBe("Bearer");
    expect((await edge.send({ method: "POST", path: infer, body: mail, headers: { authorization: "Basic YTpi" } })).problem().code).toBe(
      "unauthenticated",
    );
  });

  test("refuses a revoked key, and one for other functions", async () => {
    const created = (
      await edge.send({ method: "POST", path: "/api/governance/keys", key: edge.adminKey, body: { name: "short", roles: ["caller"] } })
    ).json<{ id: string; key: string }>();
    expect((await edge.send({ method: "POST", path: infer, key: created.key, body: mail })).status).toBe(200);
    await edge.send({ method: "DELETE", path: `/api/governance/keys/${created.id}`, key: edge.adminKey });
    expect((await edge.send({ method: "POST", path: infer, key: created.key, body: mail })).problem()).toMatchObject({
      status: 401,
      code: "key_revoked",
    });
    const other = await edge.createKey({ name: "other", roles: ["caller"], functions: ["something-else"] });
    expect((await edge.send({ method: "POST", path: infer, key: other, body: mail })).problem().code).toBe("forbidden");
  });

  test("answers 429 with Retry-After past the key's limit, and records it", async () => {
    const key = await edge.createKey({ name: "limited", roles: ["caller"], limit: { requests: 2, windowSeconds: 60 } });
    for (let count = 0; count < 2; count++) expect((await edge.send({ method: "POST", path: infer, key, body: mail })).status).toBe(200);
    const refused = await edge.send({ method: "POST", path: infer, key, body: mail });
    expect(refused.status).toBe(429);
    expect(Number(refused.headers["retry-after"])).toBeGreaterThanOrEqual(1);
    // Only so many refusals a second are recorded, and other tests had theirs in this one: ask until one is.
    await expect
      .poll(async () => {
        await edge.send({ method: "POST", path: infer, key, body: mail });
        await edge.stored();
        const { items } = await edge.functions.listInferences(systemContext("test"), { limit: 100, status: "refused" });
        return items.filter((item) => item.caller.startsWith("key:limited:")).map((item) => item.error);
      })
      .toContain("rate_limited");
  });

  test("a switched off function answers 503, and the switch comes before the body", async () => {
    await edge.send({
      method: "PUT",
      path: "/api/governance/switches/triage-mail",
      key: edge.adminKey,
      body: { off: true, reason: "drill" },
    });
    const answer = await edge.send({ method: "POST", path: infer, key: edge.adminKey, body: "{" });
    expect(answer.problem()).toMatchObject({ status: 503, code: "function_switched_off", details: { reason: "drill" } });
    await edge.send({ method: "PUT", path: "/api/governance/switches/*", key: edge.adminKey, body: { off: true } });
    await edge.send({ method: "PUT", path: "/api/governance/switches/triage-mail", key: edge.adminKey, body: { off: false } });
    expect((await edge.send({ method: "POST", path: infer, key: edge.adminKey, body: mail })).problem().code).toBe("function_switched_off");
    await edge.send({ method: "PUT", path: "/api/governance/switches/*", key: edge.adminKey, body: { off: false } });
  });

  test("a drill needs functions.write", async () => {
    const key = await edge.createKey({ name: "caller", roles: ["caller"] });
    expect((await edge.send({ method: "POST", path: infer, key, body: { ...mail, drill: ["rules"] } })).problem().code).toBe("forbidden");
    expect((await edge.send({ method: "POST", path: infer, key, body: { ...mail, drill: [] } })).problem().code).toBe("forbidden");
    const drilled = await edge.send({ method: "POST", path: infer, key: edge.adminKey, body: { ...mail, drill: ["rules"] } });
    expect(drilled.problem()).toMatchObject({ status: 502, code: "all_variants_failed", details: { inferenceId: expect.any(String) } });
  });

  test("the same idempotency key brings back the same bytes; another input is a conflict", async () => {
    const headers = { "idempotency-key": "order-1" };
    const first = await edge.send({ method: "POST", path: infer, key: edge.adminKey, body: mail, headers });
    const second = await edge.send({ method: "POST", path: infer, key: edge.adminKey, body: mail, headers });
    expect(second.text).toBe(first.text);
    const other = await edge.send({
      method: "POST",
      path: infer,
      key: edge.adminKey,
      body: { input: { subject: "x", body: "" } },
      headers,
    });
    expect(other.problem()).toMatchObject({ status: 409, code: "idempotency_conflict" });
    expect(
      (
        await edge.send({ method: "POST", path: infer, key: edge.adminKey, body: mail, headers: { "idempotency-key": "x".repeat(201) } })
      ).problem().code,
    ).toBe("invalid_request");
  });

  test("text the database cannot keep is refused with its place, in body, path and query alike", async () => {
    const unstorable = [
      {
        method: "POST",
        path: "/api/feedback",
        body: { items: [{ inferenceId: createId(), kind: "comment", value: "a\0b", source: "bob" }] },
      },
      {
        method: "POST",
        path: "/api/feedback",
        body: { items: [{ inferenceId: createId(), kind: "comment", value: { "x\ud800": 1 }, source: "bob" }] },
      },
      { method: "PUT", path: "/api/governance/switches/triage-mail", body: { off: true, reason: "\0" } },
      { method: "GET", path: "/api/inferences?cursor=%00" },
      { method: "GET", path: "/api/jobs/workflows/a%00b" },
    ];
    for (const request of unstorable) {
      const answer = await edge.send({ ...request, key: edge.adminKey });
      expect(answer.problem(), request.path).toMatchObject({
        status: 400,
        code: "invalid_request",
        detail: expect.stringContaining("NUL"),
      });
    }
  });

  test("keys named like a prototype change nothing", async () => {
    const answer = await edge.send({
      method: "POST",
      path: infer,
      key: edge.adminKey,
      body: '{"input":{"subject":"a","body":"b","__proto__":{"x":1}},"__proto__":{"drill":["rules"]},"constructor":{"prototype":{"y":1}}}',
    });
    expect(answer.status).toBe(200);
    expect(({} as { x?: number; y?: number }).x).toBeUndefined();
    expect(({} as { x?: number; y?: number }).y).toBeUndefined();
  });
});

describe("who may", () => {
  const guarded = (Object.entries(routes) as [Operation, Route][]).filter(([, route]) => route.permission !== "public");

  test("every route but the public ones refuses a request without a key", async () => {
    expect(guarded.length).toBeGreaterThan(50);
    for (const [operation, route] of guarded) {
      const answer = await edge.send({ method: route.method, path: pathOf(route), ...bodyOf(route) });
      expect([operation, answer.status, answer.problem().code]).toEqual([operation, 401, "unauthenticated"]);
    }
    for (const path of ["/api/openapi.json", "/api/docs", "/api/docs/"]) expect((await edge.send({ path })).status).toBe(401);
  });

  test("the OpenAPI document names every route of the table and nothing else, and says what it needs", async () => {
    const document = (await edge.send({ path: "/api/openapi.json", key: edge.adminKey })).json<{
      openapi: string;
      paths: Record<string, Record<string, { operationId: string; "x-permission"?: string; security?: unknown[] }>>;
    }>();
    expect(document.openapi).toBe("3.1.0");
    const described = Object.values(document.paths).flatMap((methods) => Object.values(methods));
    expect(described.map((each) => each.operationId).toSorted()).toEqual(Object.keys(routes).toSorted());
    for (const each of described) {
      const { permission } = routes[each.operationId as Operation] as Route;
      expect([each.operationId, each["x-permission"] ?? "public"]).toEqual([each.operationId, permission]);
    }
  });

  test("every route refuses a key that has everything but its permission", async () => {
    const keys = new Map<Permission, string>();
    for (const permission of permissions) {
      keys.set(
        permission,
        await edge.createKey({
          name: `all-but-${permission.replace(".", "-")}`,
          permissions: permissions.filter((each) => each !== permission),
        }),
      );
    }
    for (const [operation, route] of guarded) {
      if (route.permission === "any") continue;
      const answer = await edge.send({
        method: route.method,
        path: pathOf(route),
        key: keys.get(route.permission as Permission),
        ...bodyOf(route),
      });
      expect([operation, answer.status, answer.problem().code]).toEqual([operation, 403, "forbidden"]);
      expect(JSON.stringify(answer.problem().details)).toContain(route.permission);
    }
  });

  test("a key limited to some functions may touch no other, nor all of them", async () => {
    const key = await edge.createKey({ name: "narrow", roles: ["owner"], functions: ["other"] });
    for (const path of ["/api/functions/triage-mail", "/api/functions/triage-mail/series", "/api/release/functions/triage-mail"])
      expect((await edge.send({ path, key })).problem().code).toBe("forbidden");
    for (const target of ["triage-mail", "*"])
      expect(
        (await edge.send({ method: "PUT", path: `/api/governance/switches/${target}`, key, body: { off: true } })).problem().code,
      ).toBe("forbidden");
    expect((await edge.send({ method: "PUT", path: "/api/governance/switches/other", key, body: { off: true } })).status).toBe(200);
  });

  test("every route of the control API has a handler: the owner's key gets past the door", async () => {
    for (const [operation, route] of guarded) {
      if (operation === "governance.signOut") continue;
      const answer = await edge.send({ method: route.method, path: pathOf(route), key: edge.adminKey, ...bodyOf(route) });
      expect([operation, [401, 403, 405, 500].includes(answer.status)]).toEqual([operation, false]);
    }
  });
});

describe("where from", () => {
  test("refuses foreign hosts and origins everywhere but on /health", async () => {
    for (const path of ["/", infer, "/api/functions", "/api/governance/session"]) {
      for (const headers of [
        { host: "evil.example" },
        { host: `evil.example:${edge.port}` },
        { host: "localhost.evil.example" },
        { origin: "http://evil.example" },
        { origin: "null" },
      ] as Record<string, string>[]) {
        const answer = await edge.send({ method: path === "/" ? "GET" : "POST", path, key: edge.adminKey, headers });
        expect([path, headers, answer.status]).toEqual([path, headers, 403]);
        expect(answer.problem().code).toBe("foreign_host");
      }
    }
    expect((await edge.send({ path: "/health/live", headers: { host: "10.0.0.7" } })).status).toBe(200);
    expect(
      (
        await edge.send({
          path: "/api/functions",
          key: edge.adminKey,
          headers: { host: `localhost:${edge.port}`, origin: `http://localhost:${edge.port}` },
        })
      ).status,
    ).toBe(200);
  });

  test("two Host headers, a whole address as target, and broken framing are refused", async () => {
    const start = `Authorization: Bearer ${edge.adminKey}\r\n`;
    expect(await sendRaw(edge.port, `GET /api/functions HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n${start}\r\n`)).toMatch(
      /^HTTP\/1.1 40[03] /,
    );
    expect(await sendRaw(edge.port, `GET http://localhost/api/functions HTTP/1.1\r\nHost: localhost\r\n${start}\r\n`)).toMatch(
      /^HTTP\/1.1 403 /,
    );
    expect(
      await sendRaw(
        edge.port,
        `POST ${infer} HTTP/1.1\r\nHost: localhost\r\n${start}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n\r\n`,
      ),
    ).toMatch(/^HTTP\/1.1 400 /);
    expect(
      await sendRaw(edge.port, `POST ${infer} HTTP/1.1\r\nHost: localhost\r\n${start}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`),
    ).toMatch(/^HTTP\/1.1 400 /);
    expect(await sendRaw(edge.port, `GET /api/functions HTTP/1.1\r\nHost: localhost\r\nX: ${"y".repeat(20_000)}\r\n\r\n`)).toMatch(
      /^HTTP\/1.1 431 /,
    );
    const broken = await sendRaw(edge.port, "not http at all\r\n\r\n");
    expect(broken).toContain("application/problem+json");
  });

  test("a session signs in once, reads, and writes only from our own page", async () => {
    const link = (await edge.send({ method: "POST", path: "/api/governance/links", key: edge.adminKey })).json<{ url: string }>();
    const [address, token] = link.url.split("#");
    expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/sign-in$/);
    const signedIn = await edge.send({ method: "POST", path: "/api/governance/session", body: { token } });
    expect(signedIn.json()).toMatchObject({ kind: "session" });
    const setCookie = signedIn.headers["set-cookie"]![0]!;
    expect(setCookie).toMatch(/HttpOnly/);
    expect(setCookie).toMatch(/SameSite=Strict/);
    const cookie = setCookie.split(";")[0]!;
    expect((await edge.send({ path: "/api/governance/me", headers: { cookie } })).status).toBe(200);
    const own = `http://127.0.0.1:${edge.port}`;
    const write = (headers: Record<string, string>) =>
      edge.send({ method: "PUT", path: "/api/governance/switches/triage-mail", body: { off: false }, headers: { cookie, ...headers } });
    expect((await write({})).problem().code).toBe("foreign_host");
    expect((await write({ origin: "http://127.0.0.1:9" })).problem().code).toBe("foreign_host");
    expect((await write({ origin: own })).status).toBe(200);
    expect((await edge.send({ method: "POST", path: infer, body: mail, headers: { cookie } })).problem().code).toBe("foreign_host");
    expect((await edge.send({ method: "POST", path: infer, body: mail, headers: { cookie, origin: own } })).status).toBe(200);
    const out = await edge.send({ method: "DELETE", path: "/api/governance/session", headers: { cookie, origin: own } });
    expect(out.headers["set-cookie"]![0]).toContain("1970");
    expect((await edge.send({ path: "/api/governance/me", headers: { cookie } })).status).toBe(401);
    expect((await edge.send({ method: "POST", path: "/api/governance/session", body: { token } })).problem().code).toBe(
      "sign_in_link_invalid",
    );
  });
});

describe("the control API", () => {
  test("answers unknown paths with 404 and other methods with 405 and Allow, as problems", async () => {
    const unknown = await edge.send({ path: "/api/nothing", key: edge.adminKey });
    expect(unknown.problem()).toMatchObject({ status: 404, code: "not_found" });
    const method = await edge.send({ method: "PUT", path: "/api/functions/triage-mail", key: edge.adminKey });
    expect([method.status, method.headers["allow"]]).toEqual([405, "GET"]);
    const both = await edge.send({ method: "PUT", path: "/api/governance/session", key: edge.adminKey });
    expect(both.headers["allow"]).toBe("POST, DELETE");
  });

  test("names what is wrong in path, query and body", async () => {
    const key = edge.adminKey;
    expect((await edge.send({ path: "/api/inferences?limit=0", key })).problem()).toMatchObject({
      code: "invalid_request",
      details: { issues: [{ path: "limit" }] },
    });
    expect((await edge.send({ path: "/api/inferences/not-an-id", key })).problem().code).toBe("invalid_request");
    expect((await edge.send({ method: "POST", path: "/api/governance/keys", key, body: "{" })).problem().code).toBe("invalid_json");
    expect((await edge.send({ method: "POST", path: "/api/governance/keys", key, body: { name: "NOT A NAME" } })).problem().code).toBe(
      "invalid_request",
    );
    expect(
      (await edge.send({ method: "POST", path: "/api/governance/keys", key, body: "x", headers: { "content-type": "text/xml" } })).problem()
        .code,
    ).toBe("unsupported_media_type");
    expect(
      (await edge.send({ method: "POST", path: "/api/governance/keys", key, body: { name: "a".repeat(2_000_000) } })).problem(),
    ).toMatchObject({ status: 413, code: "body_too_large" });
    expect(
      (await edge.send({ method: "POST", path: "/api/governance/keys", key, body: '{"name":"k","__proto__":{"roles":["owner"]}}' })).status,
    ).toBe(201);
  });

  test("lists functions, one function, its series and its inferences as the contract says", async () => {
    const key = edge.adminKey;
    await edge.send({ method: "POST", path: infer, key, body: mail });
    await edge.stored();
    for (const path of [
      "/api/functions",
      "/api/functions/triage-mail",
      "/api/functions/triage-mail/series?buckets=3",
      "/api/inferences?fallback=false&misread=true",
      "/api/governance/keys",
      "/api/governance/audit",
      "/api/governance/switches",
      "/api/governance/me",
    ]) {
      const answer = await edge.send({ path, key });
      expect([path, answer.status, answer.headers["cache-control"]]).toEqual([path, 200, "no-store"]);
    }
  });

  test("what is ours alone stays inside: an unexpected error shows no text of its own", async () => {
    const broken = await openTestHttp({
      store,
      journalFolder: createId(),
      node: "second",
      ports: { jobs: { nodes: () => Promise.reject(new Error("password=hunter2")) } as never },
    });
    const answer = await broken.send({ path: "/api/jobs/nodes", key: edge.adminKey });
    expect(answer.problem()).toMatchObject({ status: 500, code: "internal", detail: errorTable.internal.title });
    expect(answer.text).not.toContain("hunter2");
    await broken.close();
  });

  test("streams an upload and cuts it off at its cap", async () => {
    let bytes = 0;
    const upload = async ({ body }: { body: AsyncIterable<Uint8Array> }) => {
      for await (const chunk of body) bytes += chunk.length;
      return { id: createId(), hash: "a".repeat(64), bytes, rows: 1 };
    };
    const other = await openTestHttp({
      store,
      journalFolder: createId(),
      node: "second",
      http: { maxUploadBytes: 100_000 },
      ports: { data: { upload } as never },
    });
    const headers = { "content-type": "application/x-ndjson" };
    const small = await other.send({
      method: "POST",
      path: "/api/data/uploads",
      key: edge.adminKey,
      body: '{"a":1}\n'.repeat(1000),
      headers,
    });
    expect([small.status, small.json()["bytes"]]).toEqual([201, 8000]);
    const large = await other.send({ method: "POST", path: "/api/data/uploads", key: edge.adminKey, body: "x".repeat(100_001), headers });
    expect(large.problem()).toMatchObject({ status: 413, code: "body_too_large" });
    const chunk = `${(60_000).toString(16)}\r\n${"x".repeat(60_000)}\r\n`;
    const chunked = await sendRaw(
      other.port,
      `POST /api/data/uploads HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${edge.adminKey}\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}${chunk}0\r\n\r\n`,
    );
    expect(chunked).toMatch(/^HTTP\/1.1 413 /);
    expect((await other.send({ method: "POST", path: "/api/data/uploads", key: edge.adminKey, body: "{}" })).problem().code).toBe(
      "unsupported_media_type",
    );
    await other.close();
  });
});

describe("pages", () => {
  test("without a built console, says how to build it", async () => {
    const page = await edge.send({ path: "/" });
    expect(page.status).toBe(200);
    expect(page.text).toContain("npm run build");
    expect(page.headers["content-security-policy"]).toContain("default-src 'self'");
  });

  test("serves the console's files, and its first page for deep links", async () => {
    const publicFolder = join(store.dataFolder, createId());
    await mkdir(join(publicFolder, "assets"), { recursive: true });
    await writeFile(join(publicFolder, "index.html"), "<!doctype html><title>console</title>");
    await writeFile(join(publicFolder, "assets", "app-abc.js"), "export {};");
    const other = await openTestHttp({ store, journalFolder: createId(), node: "second", publicFolder });
    for (const path of ["/", "/sign-in", "/functions/triage-mail?tab=traffic"]) {
      const page = await other.send({ path });
      expect([path, page.status, page.text]).toEqual([path, 200, "<!doctype html><title>console</title>"]);
      expect(page.headers["content-security-policy"]).toContain("script-src 'self';");
    }
    const asset = await other.send({ path: "/assets/app-abc.js" });
    expect([asset.status, asset.headers["cache-control"]]).toEqual([200, "public, max-age=31536000, immutable"]);
    expect(asset.headers["content-type"]).toContain("javascript");
    for (const path of ["/../package.json", "/%2e%2e/%2e%2e/package.json", "/assets/..%2f..%2fdatabase.js"])
      expect((await other.send({ path })).text).not.toContain("dependencies");
    expect((await other.send({ path: "/api/nothing" })).status).toBe(404);
    expect((await other.send({ path: "/assets/gone.js" })).problem().code).toBe("not_found");
    await other.close();
  });

  test("the reference page loads nothing from elsewhere", async () => {
    const page = await edge.send({ path: "/api/docs/", key: edge.adminKey });
    expect(page.status).toBe(200);
    expect(page.text).toContain("/api/openapi.json");
    expect(page.text).not.toMatch(/(src|href)="https?:/);
    expect(page.headers["content-security-policy"]).toContain("default-src 'self'");
    const script = await edge.send({ path: "/api/docs/js/scalar.js", key: edge.adminKey });
    expect([script.status, script.text.length > 1_000_000]).toEqual([200, true]);
  });
});
