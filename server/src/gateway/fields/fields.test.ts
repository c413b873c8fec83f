import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type ScriptedUpstream, startScriptedUpstream } from "../../../test/scripted-upstream.ts";
import { createEgress, egressConfigSchema, silentLogger, systemClock } from "../../core/index.ts";
import { configSchema } from "../config.ts";
import { type Gateway, createGateway } from "../create.ts";
import { dialects } from "../dialects/index.ts";
import { requestSchema as anthropicSchema } from "../dialects/anthropic-messages/request-schema.ts";
import { requestSchema as chatSchema } from "../dialects/openai-chat/request-schema.ts";
import { requestSchema as responsesSchema } from "../dialects/openai-responses/request-schema.ts";
import { renderFieldsPage } from "./test-page.ts";
import { type Fate, type FieldRow, said } from "./test-rows.ts";
import { fieldRows } from "./test-table.ts";
import type { DialectName } from "../types.ts";

type Body = Record<string, unknown>;

const names = Object.keys(fieldRows) as DialectName[];
const schemas = { "openai-chat": chatSchema, "openai-responses": responsesSchema, "anthropic-messages": anthropicSchema };
const providers = { "openai-chat": "openai", "openai-responses": "openai-responses", "anthropic-messages": "anthropic" } as const;
const bases: Readonly<Record<DialectName, Body>> = {
  "openai-chat": { messages: [{ role: "user", content: said }] },
  "openai-responses": { input: said },
  "anthropic-messages": { max_tokens: 64, messages: [{ role: "user", content: said }] },
};

let upstream: ScriptedUpstream;
let gateway: Gateway;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  const hosts = [{ host: "127.0.0.1", private: true, http: true, ports: [upstream.port] }];
  const provider = (dialect: string) => ({ dialect, baseUrl: `${upstream.origin}/v1` });
  gateway = createGateway({
    config: configSchema.parse({
      providers: Object.fromEntries(Object.entries(providers).map(([name, dialect]) => [name, provider(dialect)])),
    }),
    egress: createEgress({ config: egressConfigSchema.parse({ hosts }), logger: silentLogger }),
    clock: systemClock,
  });
});
afterEach(() => void upstream.requests.splice(0));
afterAll(() => upstream.close());

/** What the provider is sent for a body of the caller's. */
async function send(from: DialectName, to: DialectName, fields: Body): Promise<Body> {
  const body = { model: `${to}/ok`, ...bases[from], ...fields };
  const reply = await gateway.call({
    origin: { projectId: "p", principalId: "k", function: "model:ok", address: null },
    dialect: from,
    body,
    request: gateway.dialect(from).parseRequest(body),
    resolved: gateway.resolve(body.model),
    evidence: { step: () => {}, elapsed: () => 0 },
    signal: new AbortController().signal,
    startedAt: performance.now(),
    inferenceId: "i",
  });
  if (reply.kind === "stream") {
    for await (const { isLast } of reply.texts) if (isLast) break;
    await reply.leave();
  }
  return upstream.requests.at(-1)!.body;
}

function valueAt(body: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((value, key) => (value as Body | undefined)?.[key], body);
}

async function prove(row: FieldRow, fate: Fate, { from, to }: { from: DialectName; to: DialectName }): Promise<void> {
  const asked = { ...row.beside, ...row.put };
  if (fate === "advice") {
    const without = await send(from, to, { ...row.beside });
    return expect(await send(from, to, asked)).toEqual(without);
  }
  if ("refused" in fate) {
    await expect(send(from, to, asked)).rejects.toMatchObject({
      code: "untranslatable",
      details: { fields: [fate.refused] },
      message: expect.stringContaining(fate.refused),
    });
    return expect(upstream.requests).toEqual([]);
  }
  const arrived = await send(from, to, asked);
  for (const [path, value] of Object.entries(fate.carried)) expect([path, valueAt(arrived, path)]).toEqual([path, value]);
  // What is there in any case proves nothing.
  if (Object.values(fate.carried).every((value) => value === said)) return;
  const without = await send(from, to, { ...row.beside });
  for (const [path, value] of Object.entries(fate.carried)) expect([path, valueAt(without, path)]).not.toEqual([path, value]);
}

describe.each(names)("a field of %s", (from) => {
  describe.each(names.filter((to) => to !== from))("for a provider of %s", (to) => {
    test.each(fieldRows[from].map((row): [string, FieldRow] => [row.field, row]))("%s meets its fate", async (_field, row) => {
      await prove(row, row.fates[to]!, { from, to });
    });
  });

  test("goes on as it came to a provider that speaks the same", async () => {
    for (const { put, beside } of fieldRows[from]) {
      const { stream_options: options, ...arrived } = await send(from, from, { ...beside, ...put });
      const { stream_options: asked, ...fields }: Body = { ...bases[from], ...beside, ...put };
      expect(arrived).toEqual({ ...fields, model: "ok" });
      if (asked !== undefined) expect(options).toMatchObject(asked as Body);
    }
  });

  test("has a row, each that is read", () => {
    const told = new Set(fieldRows[from].flatMap(({ put, beside }) => [...Object.keys(put), ...Object.keys(beside ?? {})]));
    expect(Object.keys(schemas[from].shape).filter((field) => field !== "model" && !told.has(field))).toEqual([]);
    for (const row of fieldRows[from]) expect(Object.keys(row.fates).toSorted()).toEqual(names.filter((to) => to !== from).toSorted());
  });
});

test("every dialect has its rows", () => {
  expect(names.toSorted()).toEqual(Object.keys(dialects).toSorted());
});

/** Written anew by `vitest run server/src/gateway/fields/fields.test.ts --update`. */
test("docs/gateway-fields.md is the table", async () => {
  await expect(renderFieldsPage(fieldRows)).toMatchFileSnapshot("../../../../docs/gateway-fields.md");
});
