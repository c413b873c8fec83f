import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  createEgress,
  type Egress,
  egressConfigSchema,
  isAppError,
  readEnvironment,
  secret,
  silentLogger,
  systemClock,
} from "../../../core/index.ts";
import { sourcesSchema } from "../config.ts";
import type { Cursor, Gathered } from "../types.ts";
import { kindOf } from "./index.ts";
import { signGet } from "./sign-request.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-kinds-"));
const databaseUrl = readEnvironment("MILLRACE_TEST_DATABASE_URL") ?? "";

let answer: (request: IncomingMessage, response: ServerResponse) => void;
const asked: string[] = [];
const server = createServer((request, response) => {
  asked.push(request.url!);
  answer(request, response);
});
let base: string;
let egress: Egress;

beforeAll(async () => {
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  base = `http://127.0.0.1:${port}`;
  const hosts = [{ host: "127.0.0.1", private: true, http: true, ports: [port] }];
  egress = createEgress({ config: egressConfigSchema.parse({ hosts }), logger: silentLogger });
});
afterAll(async () => {
  await egress.close();
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Brought extends Gathered {
  /** Of the one file it wrote. */
  readonly text: string;
  readonly watermark: string | null;
  readonly cursor: Cursor;
}

async function gather(settings: object, options: { cursor?: Cursor; maxBytes?: number; signal?: AbortSignal } = {}): Promise<Brought> {
  const [source] = sourcesSchema.parse([{ name: "it", ...settings }]);
  const kind = kindOf(source!);
  const gathered = await kind.gather({
    source: source!,
    cursor: options.cursor ?? null,
    folder,
    maxBytes: options.maxBytes ?? 1e9,
    signal: options.signal ?? new AbortController().signal,
    egress,
    clock: systemClock,
    pushed: async () => [],
  });
  const path = gathered.written?.path ?? gathered.parts[0]?.path;
  const cursor = gathered.next([]);
  return { ...gathered, text: path === undefined ? "" : readFileSync(path, "utf8"), cursor, watermark: kind.describe(cursor) };
}

async function refusal(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  return promise.then(
    () => expect.fail("it was not refused"),
    (error: Error) => error,
  );
}

describe("a file over HTTP", () => {
  test("is asked for with its mark, and taken once even where the server knows no mark", async () => {
    const list = { kind: "http", url: `${base}/list.csv?key=hidden`, format: "csv", headers: { "x-key": secret("PATH") } };
    answer = ({ headers }, response) => {
      if (headers["x-key"] !== readEnvironment("PATH")) return void response.writeHead(401).end();
      if (headers["if-none-match"] === '"v1"') return void response.writeHead(304).end();
      response.writeHead(200, { etag: '"v1"' }).end("a,b\n1,x\n");
    };
    const first = await gather(list);
    expect(first).toMatchObject({ text: "a,b\n1,x\n", watermark: '"v1"', parts: [{ name: "/list.csv", format: "csv" }] });
    expect(await gather(list, first)).toMatchObject({ parts: [], cursor: first.cursor });
    answer = (_request, response) => void response.end("a,b\n1,x\n");
    expect((await gather(list, first)).parts).toEqual([]);
  });

  test("a failure of the server may pass, a refusal does not; neither shows the query", async () => {
    const list = { kind: "http", url: `${base}/list.csv?key=hidden`, format: "csv" };
    for (const [status, code] of [
      [503, "source_failed"],
      [429, "source_failed"],
      [404, "source_unreadable"],
    ] as const) {
      answer = (_request, response) => void response.writeHead(status).end();
      const error = await refusal(gather(list));
      expect([error.code, error.message]).toEqual([code, `The source it: ${base}/list.csv answered ${status}.`]);
    }
    answer = (request) => void request.socket.destroy();
    expect((await refusal(gather(list))).code).toBe("source_failed");
    answer = (_request, response) => void response.end("x".repeat(2000));
    expect((await refusal(gather(list, { maxBytes: 1000 }))).code).toBe("source_unreadable");
    expect((await refusal(gather({ ...list, url: "http://127.0.0.1:9/" }))).code).toBe("source_unreadable");
  });
});

describe("pages over HTTP", () => {
  const since = { column: "at", parameter: "since" };
  const pages = () => ({
    kind: "http",
    url: `${base}/items`,
    format: "json",
    rowsAt: "items",
    next: { field: "next", parameter: "cursor" },
    since,
  });

  test("are followed to the end; the next read asks from the highest value on and leaves out what it had", async () => {
    const items = [1, 2, 3, 3].map((at, id) => ({ at, id }));
    answer = (request, response) => {
      const query = new URL(request.url!, base).searchParams;
      const wanted = items.filter(({ at }) => at >= Number(query.get("since") ?? 0));
      const start = Number(query.get("cursor") ?? 0);
      response.end(JSON.stringify({ items: wanted.slice(start, start + 2), next: start + 2 < wanted.length ? start + 2 : null }));
    };
    const rows = ({ text }: Brought) => text.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as unknown]));
    const first = await gather(pages());
    expect(rows(first)).toEqual(items);
    items.push({ at: 3, id: 9 }, { at: 4, id: 10 });
    const second = await gather(pages(), first);
    expect(rows(second)).toEqual(items.slice(4));
    expect(second.watermark).toBe("4");
    expect(asked.at(-1)).toBe("/items?since=3&cursor=2");
    expect((await gather(pages(), second)).written!.rows).toBe(0);
  });

  test("say which row is none, and do not go round for ever", async () => {
    const said: [unknown, string][] = [
      [{ items: [{ at: 1 }, { id: 1 }] }, 'page 1, row 2: "at" is missing'],
      [{ items: [{ at: 1 }, 7] }, 'page 1, "items": row 2 is not an object'],
      [{ rows: [] }, 'page 1, "items" is not a list'],
      [{ items: [], next: "a" }, "page 2 names itself as the next one"],
    ];
    for (const [body, words] of said) {
      answer = (_request, response) => void response.end(JSON.stringify(body));
      const error = await refusal(gather(pages()));
      expect([error.code, error.message]).toEqual(["source_unreadable", expect.stringContaining(words)]);
    }
  });
});

describe("a bucket", () => {
  // The examples of "Authenticating Requests: Using the Authorization Header" in the Amazon S3 API Reference.
  const key = { id: "AKIAIOSFODNN7EXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" };
  const now = Date.parse("2013-05-24T00:00:00Z");

  test("is asked with the signature of Amazon's own examples", () => {
    const signatures = ["?lifecycle=", "?max-keys=2&prefix=J"].map((query) =>
      signGet(new URL(`https://examplebucket.s3.amazonaws.com/${query}`), { key, region: "us-east-1", now })["authorization"]!.slice(-64),
    );
    expect(signatures).toEqual([
      "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
      "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    ]);
  });

  test("is listed page by page; each version of an object is read once, and one that may not be read does not stop the others", async () => {
    const objects = new Map([
      ["in/a b+c'.csv", "a\n1\n"],
      ["in/locked.csv", ""],
      ["in/z.csv", "a\n2\n"],
    ]);
    let version = 1;
    answer = (request, response) => {
      const url = new URL(request.url!, base);
      expect(request.headers["authorization"]).toContain("Credential=AKIA/");
      if (url.pathname === "/bucket") {
        const start = Number(url.searchParams.get("continuation-token") ?? 0);
        const [name] = [...objects.keys()].slice(start);
        const entry = `<Contents><Key>${encodeURIComponent(name!).replaceAll("%20", "+")}</Key><ETag>&quot;${version}&quot;</ETag><Size>4</Size></Contents>`;
        const isLast = start === objects.size - 1;
        const rest = isLast ? "" : `<NextContinuationToken>${start + 1}</NextContinuationToken>`;
        return void response.end(`<ListBucketResult><IsTruncated>${String(!isLast)}</IsTruncated>${rest}${entry}</ListBucketResult>`);
      }
      const name = decodeURIComponent(url.pathname.slice("/bucket/".length));
      if (name === "in/locked.csv") return void response.writeHead(403).end();
      response.end(objects.get(name));
    };
    const bucket = { kind: "s3", url: `${base}/bucket`, prefix: "in/", key: { id: "AKIA", secret: secret("PATH") } };
    const first = await gather(bucket);
    expect(first.parts.map(({ name, path }) => [name, readFileSync(path, "utf8")])).toEqual([
      ["in/a b+c'.csv", "a\n1\n"],
      ["in/z.csv", "a\n2\n"],
    ]);
    expect(first.refused).toEqual([{ name: "in/locked.csv", reason: `The source it: ${base}/bucket/in/locked.csv answered 403.` }]);
    const cursor = first.next(first.parts.map(({ name }) => ({ name, rows: 1, notes: [] })));
    expect((await gather(bucket, { cursor })).parts).toEqual([]);
    version = 2;
    expect((await gather(bucket, { cursor })).parts).toHaveLength(2);
  });
});

describe("a command", () => {
  const node = { kind: "command", command: process.execPath };

  test("is told the cursor and has its own environment and no other", async () => {
    const args = ["-e", "console.log(JSON.stringify(process.env))"];
    const { text } = await gather({ ...node, args, environment: { TOKEN: secret("HOME") } }, { cursor: { page: 7 } });
    const environment = JSON.parse(text) as Record<string, string>;
    expect(environment).toMatchObject({ TOKEN: readEnvironment("HOME"), MILLRACE_CURSOR: '{"page":7}' });
    expect(Object.keys(environment).filter((name) => !["TOKEN", "MILLRACE_CURSOR", "MILLRACE_CURSOR_FILE", "PATH"].includes(name))).toEqual(
      [],
    );
  });

  test("may write any format, and its cursor into a file", async () => {
    const script = (text: string, cursor: string) => ["-c", `printf '${text}'; printf '${cursor}' > "$MILLRACE_CURSOR_FILE"`];
    const shell = { kind: "command", command: "/bin/sh", format: "csv" };
    const first = await gather({ ...shell, args: script("a,b\\n1,2\\n", '{"offset":7}') });
    expect(first).toMatchObject({ text: "a,b\n1,2\n", cursor: { offset: 7 }, watermark: '{"offset":7}', parts: [{ format: "csv" }] });
    expect(await gather({ ...shell, args: script("", "") }, first)).toMatchObject({ parts: [], cursor: { offset: 7 } });
    const broken = await refusal(gather({ ...shell, args: script("", "{") }));
    expect(broken.message).toContain("the cursor its program wrote is not JSON");
  });

  test("that ends badly, writes without end or cannot be started may be tried again", async () => {
    const exits = await refusal(gather({ ...node, args: ["-e", "console.log('{}'); console.error('no such table'); process.exit(3)"] }));
    expect(exits.message).toContain("ended with 3: no such table");
    const endless = `setInterval(() => console.log("x".repeat(1000)), 1)`;
    expect((await refusal(gather({ ...node, args: ["-e", endless] }, { maxBytes: 1000 }))).message).toContain("more than 1000 bytes");
    const missing = await refusal(gather({ kind: "command", command: "/no/such/program" }));
    expect(isAppError(missing, "source_failed")).toBe(true);
  });

  test("ends with what it started when the read is cancelled", async () => {
    const cancelled = new AbortController();
    const args = ["-c", "sleep 60 & wait"];
    const reading = gather({ kind: "command", command: "/bin/sh", args }, { signal: cancelled.signal });
    setTimeout(() => cancelled.abort(new Error("cancelled")), 50);
    expect((await refusal(reading)).message).toBe("cancelled");
  });
});

describe.skipIf(databaseUrl === "")("PostgreSQL", () => {
  const table = "millrace_source_test.orders";
  const url = secret("MILLRACE_TEST_DATABASE_URL");
  const client = new pg.Client(databaseUrl);
  beforeAll(async () => {
    await client.connect();
    await client.query("drop schema if exists millrace_source_test cascade; create schema millrace_source_test");
    await client.query(`create table ${table} (id bigint, price numeric, changed timestamptz)`);
    await client.query("create sequence millrace_source_test.counter");
  });
  afterAll(async () => {
    await client.query("drop schema millrace_source_test cascade");
    await client.end();
  });
  const orders = { kind: "postgres", url, query: `select * from ${table}`, watermark: "changed" };
  const add = (id: string, price: string | null, changed: number) =>
    client.query(`insert into ${table} values ($1, $2, $3)`, [id, price, `2026-01-01T00:00:00.00000${changed}Z`]);

  test("is read beyond the watermark with every digit; rows of one value stay together at the bound of a read", async () => {
    await add("9007199254740993", "1.10", 1);
    await add("2", null, 2);
    await add("3", null, 2);
    await add("4", "5", 3);
    const first = await gather(orders, { maxBytes: 100 });
    expect(first.text.split("\n")).toEqual([
      '{"id":9007199254740993,"price":1.10,"changed":"2026-01-01T00:00:00.000001+00:00"}',
      '{"id":2,"price":null,"changed":"2026-01-01T00:00:00.000002+00:00"}',
      '{"id":3,"price":null,"changed":"2026-01-01T00:00:00.000002+00:00"}',
      "",
    ]);
    expect(first).toMatchObject({ more: true, watermark: "changed 2026-01-01 00:00:00.000002+00" });
    const second = await gather(orders, first);
    expect(second).toMatchObject({ more: false, text: expect.stringContaining('{"id":4,') });
    expect((await gather(orders, second)).written!.rows).toBe(0);
  });

  test("says what is wrong with a query, and may not be written to", async () => {
    const said: [object, string][] = [
      [{ query: "select 1 as a, 2 as a" }, 'two columns are named "a"'],
      [{ query: "select nextval('millrace_source_test.counter') as n" }, "read-only transaction"],
      [{ query: "select 1 as a; drop schema millrace_source_test" }, "syntax error"],
      [{ query: "select * from no_such_table" }, '"no_such_table" does not exist'],
      [{ query: "select 1 as a", watermark: "b" }, "b does not exist"],
    ];
    for (const [settings, words] of said) {
      const error = await refusal(gather({ kind: "postgres", url, ...settings }));
      expect([error.code, error.message]).toEqual(["source_unreadable", expect.stringContaining(words)]);
    }
  });
});
