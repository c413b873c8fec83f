import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Context, type Logger, createId, secret, systemContext } from "../core/index.ts";
import { configSchema } from "./config.ts";
import { type TestGovernance, openTestGovernance } from "./test-governance.ts";
import type { Checkpoint, Governance } from "./types.ts";

type Received = Checkpoint & { projectId: string };
type Behaviour = (request: IncomingMessage, response: ServerResponse) => void;

let opened: TestGovernance;
let context: Context;
let node: Governance;
let address: string;
let behaviour: Behaviour;
/** What the receiver said yes to, of this test's project. */
let kept: Received[];
let headers: IncomingMessage["headers"][];
const complaints: Record<string, unknown>[] = [];

const keep: Behaviour = (_request, response) => response.writeHead(204).end();
const refuse: Behaviour = (_request, response) => response.writeHead(503).end("later");

const receiver = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const checkpoint = JSON.parse(Buffer.concat(chunks).toString()) as Received;
    if (checkpoint.projectId !== context.projectId) return void response.end();
    response.on("finish", () => {
      if (response.statusCode < 300) kept.push(checkpoint);
    });
    headers.push(request.headers);
    behaviour(request, response);
  });
});

beforeAll(async () => {
  process.env["MILLRACE_TEST_WEBHOOK"] = "hunter2";
  await new Promise<void>((resolve) => {
    receiver.listen(0, "127.0.0.1", resolve);
  });
  const { port } = receiver.address() as AddressInfo;
  address = `http://127.0.0.1:${port}/checkpoints`;
  const note = (details: Record<string, unknown>) => complaints.push(details);
  opened = await openTestGovernance({
    egress: { hosts: [{ host: "127.0.0.1", private: true, http: true, ports: [port] }] },
    logger: { info: () => {}, warn: note, error: note } as unknown as Logger,
  });
});
afterAll(async () => {
  await opened.close();
  receiver.closeAllConnections();
  receiver.close();
});
beforeEach(async () => {
  context = systemContext("test", createId());
  [kept, headers, behaviour] = [[], [], keep];
  complaints.length = 0;
  await opened.governance.auditLog.sequence();
  node = await addNode();
});
afterEach(() => node.close());

async function addNode(): Promise<Governance> {
  const sink = { kind: "webhook", url: address, bearer: secret("MILLRACE_TEST_WEBHOOK"), name: `receiver of ${context.projectId}` };
  return (await opened.addNode({ audit: { sinks: [sink] } })).governance;
}

/** Writes entries and has them placed: one more checkpoint. */
async function advance(on = node): Promise<void> {
  await opened.store.sql.as(context, (tx) => opened.governance.audit(tx, { action: "test.change", object: "thing" }));
  await freeLease();
  expect(await on.auditLog.sequence()).toBe(1);
}

/** Whichever node comes next may place entries. */
async function freeLease(): Promise<void> {
  await opened.store.sql.system("maintenance", (tx) =>
    tx.client.query("update governance_audit_trees set holder = null where project_id = $1", [context.projectId]),
  );
}

const sizes = () => kept.map((checkpoint) => checkpoint.size);

/** As the program does once a second. */
async function passing(on = node): Promise<number[]> {
  await on.auditLog.sequence();
  return sizes();
}

async function sinkState(on = node) {
  return (await on.auditLog.verify(context)).sinks[0]!;
}

describe("a webhook", () => {
  test("gets every checkpoint in order, says who sends it, and need not be asked what it has", async () => {
    for (let round = 0; round < 3; round++) await advance();
    await expect.poll(() => passing()).toEqual([1, 2, 3]);
    expect(headers[0]).toMatchObject({
      authorization: "Bearer hunter2",
      "content-type": "application/json",
      "idempotency-key": `${context.projectId}:1`,
    });
    await expect
      .poll(() => sinkState())
      .toEqual({ name: `receiver of ${context.projectId}`, kind: "webhook", size: 3, behind: 0, problem: null });
    expect(complaints).toEqual([]);
  });

  test("is what a log that was rewritten is told from, with what it received", async () => {
    for (let round = 0; round < 2; round++) await advance();
    await expect.poll(() => passing()).toEqual([1, 2]);
    const received = kept.at(-1)!;
    expect(await node.auditLog.verify(context, received)).toMatchObject({ verified: true, anchoring: "anchored" });
    for (const statement of [
      "delete from governance_audit where project_id = $1 and tree_index = 1",
      "delete from governance_audit_checkpoints where project_id = $1",
      "update governance_audit set tree_index = null, leaf_hash = null where project_id = $1",
      "delete from governance_audit_trees where project_id = $1",
    ])
      await opened.store.sql.system("maintenance", (tx) => tx.client.query(statement, [context.projectId]));
    expect(await opened.governance.auditLog.sequence()).toBe(1);
    expect((await node.auditLog.verify(context)).verified).toBe(true);
    expect(await node.auditLog.verify(context, received)).toMatchObject({
      verified: false,
      problems: [{ problem: expect.stringContaining("of 2 entries given is of a longer log") as string }],
    });
  });

  test("that refuses is told of, holds nothing up, and gets all of it later, in order", async () => {
    behaviour = refuse;
    await advance();
    await expect.poll(async () => (await sinkState()).problem).toMatch(/answered 503/);
    for (let round = 0; round < 3; round++) await advance();
    expect(await sinkState()).toMatchObject({ size: 0, behind: 4, problem: expect.stringMatching(/503/) as string });
    expect(complaints[0]).toMatchObject({ sink: `receiver of ${context.projectId}` });
    expect(JSON.stringify(complaints)).not.toContain("hunter2");
    expect(await node.auditLog.verify(context)).toMatchObject({ verified: true, entries: 4, pending: 0 });
    behaviour = keep;
    await expect.poll(() => passing(), { interval: 100 }).toEqual([1, 2, 3, 4]);
    await expect.poll(() => sinkState()).toMatchObject({ size: 4, behind: 0, problem: null });
  });

  test("that never answers holds nothing up, not even the end of the program", async () => {
    behaviour = () => {};
    await advance();
    await expect.poll(() => headers.length).toBe(1);
    for (let round = 0; round < 3; round++) await advance();
    expect(await sinkState()).toMatchObject({ size: 0, behind: 4 });
    await node.close();
    // Being stopped is no fault of the sink.
    expect(await sinkState()).toMatchObject({ size: 0, behind: 4, problem: null });
    behaviour = keep;
    const next = await addNode();
    await expect.poll(() => passing(next)).toEqual([1, 2, 3, 4]);
  });

  test("that fails in the middle gets the rest, and what it had only if that could not be noted", async () => {
    behaviour = refuse;
    for (let round = 0; round < 30; round++) await advance();
    let taken = 0;
    behaviour = (request, response) => (++taken > 25 ? refuse : keep)(request, response);
    await expect.poll(() => passing(), { interval: 100 }).toHaveLength(25);
    await expect.poll(() => sinkState()).toMatchObject({ size: 25, behind: 5 });
    behaviour = keep;
    await expect.poll(() => passing(), { interval: 100 }).toEqual([...Array(30).keys()].map((index) => index + 1));
  });

  test("gets from another node what the one that placed it did not bring", async () => {
    behaviour = refuse;
    await advance();
    await expect.poll(() => headers.length).toBe(1);
    await node.close();
    behaviour = keep;
    const next = await addNode();
    await expect.poll(() => passing(next)).toEqual([1]);
  });

  test("gets from several nodes at once every checkpoint, none of them twice", async () => {
    const nodes = [node, await addNode(), await addNode()];
    for (let round = 0; round < 9; round++) await advance(nodes[round % 3]);
    await expect.poll(() => Promise.all(nodes.map((each) => passing(each))).then(() => sizes().toSorted((a, b) => a - b))).toHaveLength(9);
    expect(sizes()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test("that redirects elsewhere is not followed", async () => {
    behaviour = (_request, response) => response.writeHead(307, { location: "http://169.254.169.254/" }).end();
    await advance();
    await expect.poll(async () => (await sinkState()).problem).toMatch(/redirects/);
  });
});

describe("the setting of a webhook", () => {
  const problemsOf = (...sinks: unknown[]) =>
    configSchema
      .safeParse({ audit: { sinks } })
      .error?.issues.map((issue) => issue.message)
      .join() ?? "";

  test("takes a secret by name and no text, an address, and one name each", () => {
    const url = "https://audit.example.com/hook";
    expect(problemsOf({ kind: "webhook", url, bearer: secret("X") })).toBe("");
    expect(problemsOf({ kind: "webhook", url, bearer: "hunter2" })).toContain('secret("NAME")');
    expect(problemsOf({ kind: "webhook", url: "audit" })).toContain("URL");
    expect(problemsOf({ kind: "webhook", url }, { kind: "webhook", url: `${url}?b` })).toContain("give it a name of its own");
    expect(problemsOf({ kind: "webhook", url }, { kind: "webhook", url, name: "second" })).toBe("");
  });

  test("whose host egress does not allow fails the start, and says which setting is missing", async () => {
    await expect(opened.addNode({ audit: { sinks: [{ kind: "webhook", url: "https://audit.example.com/" }] } })).rejects.toMatchObject({
      code: "egress_refused",
      details: { host: "audit.example.com", setting: "egress.hosts" },
    });
  });
});
