import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { describe, expect, test } from "vitest";
import { alice } from "../../../test/functions.ts";
import { scriptedText } from "../../../test/scripted-upstream.ts";
import { useDoor } from "./test-door.ts";

const door = useDoor({
  gateway(baseUrl) {
    const provider = { baseUrl, attempts: 1, clocks: { totalMs: 30_000 } };
    return {
      providers: {
        one: { ...provider, dialect: "openai" },
        two: { ...provider, dialect: "anthropic", headers: { "Anthropic-Beta": "configured-1" } },
        own: { ...provider, dialect: "openai-responses" },
      },
      models: { small: "one/ok" },
      budgets: [{ name: "hourly", per: "principal", match: { model: "one/once" }, windowSeconds: 3600, limits: { requests: 1 } }],
    };
  },
});

/** Both clients, and how often they have asked. */
function open({ apiKey = door.edge.adminKey, maxRetries = 0 }: { apiKey?: string; maxRetries?: number }) {
  const asked = { times: 0 };
  const counting: typeof fetch = (...request) => {
    asked.times++;
    return fetch(...request);
  };
  return {
    openai: new OpenAI({ baseURL: `${door.edge.url}/v1`, apiKey, maxRetries, fetch: counting }),
    anthropic: new Anthropic({ baseURL: door.edge.url, apiKey, maxRetries, fetch: counting }),
    asked,
  };
}

const messages = [{ role: "user" as const, content: "Hello" }];

/** A call of each kind. */
const kinds = ["chat completions", "responses", "messages"] as const;
type Kind = (typeof kinds)[number];
const providerOf = { "chat completions": "one", responses: "own", messages: "two" } as const;

interface Asked {
  readonly model: string;
  readonly clients?: { readonly openai: OpenAI; readonly anthropic: Anthropic };
  readonly options?: { readonly timeout?: number; readonly signal?: AbortSignal };
}

async function ask(kind: Kind, { model, clients = door, options = {} }: Asked): Promise<string | null> {
  if (kind === "messages") {
    const { content } = await clients.anthropic.messages.create({ model, max_tokens: 20, messages }, options);
    return content.map((block) => (block.type === "text" ? block.text : "")).join("");
  }
  if (kind === "responses") return (await clients.openai.responses.create({ model, input: "Hello" }, options)).output_text;
  return (await clients.openai.chat.completions.create({ model, messages }, options)).choices[0]!.message.content;
}

async function thrownBy(asked: Promise<unknown>): Promise<unknown> {
  return asked.then(
    () => "an answer",
    (error: unknown) => error,
  );
}

function nameOf(what: string, kind: Kind): string {
  return `${what}-${kind.replace(" ", "-")}`;
}

/** How the only inference of a model ended. */
async function endOf(model: string) {
  const list = async () => (await door.edge.functions.listInferences(alice, { function: `model:${model}`, limit: 10 })).items;
  await expect.poll(async () => (await list()).map(({ status }) => status)).not.toContain("interrupted");
  await expect.poll(async () => (await list()).length).toBe(1);
  return door.edge.functions.getInference(alice, (await list())[0]!.id);
}

describe.each(kinds)("the official client of %s", (kind) => {
  const provider = providerOf[kind];
  const classes = kind === "messages" ? Anthropic : OpenAI;

  test.each([
    ["BadRequestError", 400, "status:400"],
    ["NotFoundError", 404, "status:404"],
    ["UnprocessableEntityError", 422, "status:422"],
    ["RateLimitError", 429, "status:429:7"],
    ["InternalServerError", 503, "status:503:7"],
    ["InternalServerError", 502, "status:500"],
    ["InternalServerError", 502, "status:401"],
    ["InternalServerError", 502, "reset"],
  ] as const)("throws its %s (%i) for a provider that does %s", async (name, status, model) => {
    const thrown = await thrownBy(ask(kind, { model: `${provider}/${model}` }));
    expect(thrown).toBeInstanceOf(classes[name]);
    expect(thrown).toMatchObject({ status });
    const { headers } = thrown as { headers: Headers };
    expect(headers.get("retry-after")).toBe(model.endsWith(":7") ? "7" : null);
    expect(headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("throws its own classes for a key that is unknown, one that may not, and a model that is not there", async () => {
    const stranger = open({ apiKey: "mr_wrong" });
    expect(await thrownBy(ask(kind, { model: "small", clients: stranger }))).toBeInstanceOf(classes.AuthenticationError);
    const held = open({ apiKey: await door.edge.createKey({ name: nameOf("held", kind), roles: ["caller"], functions: ["model:small"] }) });
    expect(await thrownBy(ask(kind, { model: `${provider}/ok`, clients: held }))).toBeInstanceOf(classes.PermissionDeniedError);
    expect(await thrownBy(ask(kind, { model: "nobody/ok" }))).toBeInstanceOf(classes.NotFoundError);
    expect(door.upstream.requests).toEqual([]);
  });

  test("runs out of its own time: the provider is cancelled at once, and the record says who went away", async () => {
    const model = `${provider}/slow-first:20000`;
    const thrown = await thrownBy(ask(kind, { model, options: { timeout: 300 } }));
    expect(thrown).toBeInstanceOf(classes.APIConnectionTimeoutError);
    await expect.poll(() => door.upstream.requests.map(({ aborted }) => aborted)).toEqual([true]);
    expect(await endOf(model)).toMatchObject({ status: "failed", error: "client_gone" });
  });

  test("is aborted before its answer: the same", async () => {
    const model = `${provider}/late-body:20000`;
    const abort = new AbortController();
    const asked = thrownBy(ask(kind, { model, options: { signal: abort.signal } }));
    await expect.poll(() => door.upstream.requests.length).toBe(1);
    abort.abort();
    expect(await asked).toBeInstanceOf(classes.APIUserAbortError);
    await expect.poll(() => door.upstream.requests[0]!.aborted).toBe(true);
    expect(await endOf(model)).toMatchObject({ status: "failed", error: "client_gone" });
  });

  test("asks again by itself as long as we tell it to wait, and then gets its answer", async () => {
    const apiKey = await door.edge.createKey({
      name: nameOf("limited", kind),
      roles: ["caller"],
      limit: { requests: 1, windowSeconds: 1 },
    });
    const clients = open({ apiKey, maxRetries: 1 });
    // Left to itself it would ask again within half a second, and be refused again.
    for (let call = 0; call < 2; call++) expect(await ask(kind, { model: `${provider}/ok`, clients })).toBe(scriptedText);
    expect(clients.asked.times).toBe(3);
  });

  test("asks again after a 503 of ours", async () => {
    const clients = open({ maxRetries: 1 });
    expect(await ask(kind, { model: `${provider}/status-then-ok:503:1:1:${nameOf("of", kind)}`, clients })).toBe(scriptedText);
    expect(clients.asked.times).toBe(2);
  });

  test("does not ask again where waiting is of no use within its time", async () => {
    const apiKey = await door.edge.createKey({ name: nameOf("spent", kind), roles: ["caller"] });
    const clients = open({ apiKey, maxRetries: 2 });
    await thrownBy(ask(kind, { model: "one/once", clients }));
    clients.asked.times = 0;
    expect(await thrownBy(ask(kind, { model: "one/once", clients }))).toBeInstanceOf(classes.RateLimitError);
    expect(clients.asked.times).toBe(1);
  });
});

describe("a stream that its client aborts", () => {
  const begin = {
    async "chat completions"(signal: AbortSignal) {
      return door.openai.chat.completions.create({ model: "one/slow-between:200", messages, stream: true }, { signal });
    },
    async responses(signal: AbortSignal) {
      return door.openai.responses.create({ model: "own/slow-between:200", input: "Hello", stream: true }, { signal });
    },
    async messages(signal: AbortSignal) {
      return door.anthropic.messages.create({ model: "two/slow-between:200", max_tokens: 20, messages, stream: true }, { signal });
    },
  } as const;

  test.each(kinds)("(%s) cancels the provider, and what came is on the record", async (kind) => {
    const abort = new AbortController();
    const stream: AsyncIterable<unknown> = await begin[kind](abort.signal);
    let seen = "";
    const read = async () => {
      for await (const event of stream) {
        seen += JSON.stringify(event);
        if (seen.includes("The")) abort.abort();
      }
    };
    await thrownBy(read());
    await expect.poll(() => door.upstream.requests[0]!.aborted).toBe(true);
    const found = await endOf(`${providerOf[kind]}/slow-between:200`);
    expect(found).toMatchObject({ status: "failed", error: "client_gone" });
    expect(JSON.stringify(found.output)).toContain("The");
  });
});

test("what a provider of Anthropic's says beside its words reaches its client; of our own key nothing does", async () => {
  const refused = await thrownBy(ask("messages", { model: "two/status:400" }));
  expect(refused).toMatchObject({ error: { error: { type: "invalid_request_error", details: { error_code: "scripted_400" } } } });
  expect(JSON.stringify(await thrownBy(ask("messages", { model: "two/status:401" })))).not.toContain("scripted_401");
});

describe("what Anthropic's client says in its header of betas", () => {
  const asked = { max_tokens: 20, messages };

  test("reaches a provider that is asked in its dialect, with those that are configured, and the record", async () => {
    const betas = ["context-1m-2025-08-07", "files-api-2025-04-14"];
    await door.anthropic.beta.messages.create({ model: "two/ok", ...asked, betas });
    expect(door.upstream.requests[0]!.headers["anthropic-beta"]).toBe("configured-1,context-1m-2025-08-07,files-api-2025-04-14");
    const { data, response } = await door.anthropic.beta.messages.create({ model: "two/ok:betas", ...asked, betas }).withResponse();
    expect(data.content).toMatchObject([{ type: "text", text: scriptedText }]);
    const id = response.headers.get("x-millrace-inference")!;
    await expect
      .poll(() =>
        door.edge.functions.getInference(alice, id).then(
          ({ produced }) => produced["betas"],
          () => null,
        ),
      )
      .toEqual(betas);
  });

  test("reaches no other, and is refused where it is no list of names", async () => {
    const { content } = await door.anthropic.beta.messages.create({ model: "one/ok", ...asked, betas: ["context-1m-2025-08-07"] });
    expect(content).toMatchObject([{ type: "text", text: scriptedText }]);
    expect(door.upstream.requests[0]!.headers["anthropic-beta"]).toBeUndefined();
    const wrong = door.anthropic.beta.messages.create({ model: "two/ok", ...asked, betas: ["a b"] });
    expect(await thrownBy(wrong)).toBeInstanceOf(Anthropic.BadRequestError);
    expect(door.upstream.requests).toHaveLength(1);
  });
});

describe("what OpenAI's client asks for that lies at OpenAI", () => {
  test("is not here, and it is told what to do instead", async () => {
    const told = async (asked: Promise<unknown>) => {
      const thrown = await thrownBy(asked);
      expect(thrown).toBeInstanceOf(OpenAI.NotFoundError);
      return (thrown as Error).message;
    };
    expect(await told(door.openai.responses.retrieve("resp_1"))).toContain("/api/inferences/<id>");
    expect(await told(door.openai.conversations.retrieve("conv_1"))).toContain("send the earlier items");
    expect(await told(door.openai.files.list())).toContain("as data in the message");
    expect(await told(door.openai.batches.list())).toContain("/api/functions/<name>/batches");
    expect(await told(door.openai.moderations.create({ input: "Hello" }))).toContain("/v1/chat/completions");
  });

  test.each([
    ["previous_response_id", { previous_response_id: "resp_1" }, "send the earlier items"],
    ["conversation", { conversation: "conv_1" }, "send the earlier items"],
    ["background", { background: true }, "stream what takes long"],
    ["store", { store: true }, "/api/inferences/"],
  ] as const)("(%s) is refused by its name where the provider has it not, with what to do instead", async (field, fields, instead) => {
    for (const provider of ["one", "two"]) {
      const thrown = await thrownBy(door.openai.responses.create({ model: `${provider}/ok`, input: "Hello", ...fields }));
      expect(thrown).toBeInstanceOf(OpenAI.UnprocessableEntityError);
      expect((thrown as Error).message).toMatch(new RegExp(`cannot carry ${field}\\b`));
      expect((thrown as Error).message).toContain(instead);
    }
    expect(door.upstream.requests).toEqual([]);
  });

  test("one model by its name is here", async () => {
    expect(await door.openai.models.retrieve("small")).toMatchObject({ id: "small", owned_by: "one" });
    expect(await door.anthropic.models.retrieve("small")).toMatchObject({ id: "small", type: "model" });
    await expect(door.openai.models.retrieve("large")).rejects.toThrow(/No model has the name large/);
  });
});
