import { createHash } from "node:crypto";
import OpenAI from "openai";
import { describe, expect, test } from "vitest";
import { alice } from "../../../test/functions.ts";
import { scriptedTokens, scriptedVector } from "../../../test/scripted-vectors.ts";
import { createId } from "../../core/index.ts";
import { useDoor } from "./test-door.ts";

const door = useDoor({
  gateway(baseUrl) {
    const provider = { baseUrl, attempts: 1 };
    return {
      providers: { one: { ...provider, dialect: "openai" }, two: { ...provider, dialect: "anthropic" } },
      models: { near: "one/ok", careful: "two/ok", local: "onnx/use-lite", secret: { targets: ["two/ok"], dataClass: "secret" } },
      prices: [{ provider: "one", model: "*", from: "2020-01-01", perMillion: { input: "1", output: "0" } }],
    };
  },
});

/** The newest inference of a model, once there are as many as told. */
async function evidence(model: string, count = 1) {
  const list = async () => (await door.edge.functions.listInferences(alice, { function: `model:${model}`, limit: 10 })).items;
  await expect.poll(async () => (await list()).length).toBe(count);
  return door.edge.functions.getInference(alice, (await list())[0]!.id);
}

describe("OpenAI's client", () => {
  test("gets the vectors of its texts, and they are an inference with usage and cost", async () => {
    const input = ["one text", "another text"];
    const answer = await door.openai.embeddings.create({ model: "one/ok", input });
    const vectors = input.map((each) => scriptedVector(each));
    expect(answer.data.map(({ index, embedding }) => ({ index, embedding }))).toEqual(
      vectors.map((vector, index) => ({ index, embedding: [...vector] })),
    );
    expect(answer.usage).toEqual({ prompt_tokens: 20, total_tokens: 20 });
    const found = await evidence("one/ok");
    expect(found).toMatchObject({ status: "ok", variant: "one/ok", fallback: false, input: { input } });
    const hash = createHash("sha256");
    for (const vector of vectors) hash.update(new Uint8Array(vector.buffer));
    expect(found.output).toEqual({ count: 2, dimensions: 4, hash: hash.digest("hex") });
    expect(found.steps).toMatchObject([{ name: "one/ok", kind: "embedding", status: "ok" }]);
    expect(found.produced).toMatchObject({ usage: { input: 20, from: "provider" }, cost: { amount: "0.00002" }, remembered: 0 });
  });

  test("gets what was made already without paying again, and the evidence says so", async () => {
    for (const encoding of ["float", "base64"] as const) {
      const { data } = await door.openai.embeddings.create({
        model: "near",
        input: "the same text",
        encoding_format: encoding,
        dimensions: 3,
      });
      const { embedding } = data[0]!;
      const numbers =
        typeof embedding === "string" ? [...new Float32Array(Uint8Array.from(Buffer.from(embedding, "base64")).buffer)] : embedding;
      expect(numbers).toEqual([...scriptedVector("the same text", 3)]);
    }
    expect(door.upstream.requests).toHaveLength(1);
    expect((await evidence("near", 2)).produced).toMatchObject({ remembered: 1, usage: { input: 0 }, cost: { amount: "0" } });
  });

  test("gets errors as OpenAI words them, and what failed is an inference too", async () => {
    const wrong = door.openai.embeddings.create({ model: "near", input: [] });
    await expect(wrong).rejects.toMatchObject({ status: 400, error: { message: expect.stringContaining("input") as string } });
    await expect(door.openai.embeddings.create({ model: "two/ok", input: "x" })).rejects.toMatchObject({ status: 400 });
    await expect(door.openai.embeddings.create({ model: "nobody/ok", input: "x" })).rejects.toMatchObject({
      status: 404,
      code: "unknown_model",
    });
    await expect(door.openai.embeddings.create({ model: "one/status:429", input: "x" })).rejects.toMatchObject({ status: 429 });
    expect(await evidence("one/status:429")).toMatchObject({ status: "failed", error: "provider_busy", output: null });
  });

  test("hears what the encoder that is made here does not take", async () => {
    await expect(door.openai.embeddings.create({ model: "local", input: [[1, 2]] })).rejects.toMatchObject({
      status: 422,
      code: "untranslatable",
    });
    expect(await evidence("local")).toMatchObject({ status: "failed", error: "untranslatable", variant: "onnx/use-lite" });
  });

  test("that goes away ends the provider's work", async () => {
    const gone = new AbortController();
    const asked = door.openai.embeddings.create({ model: "one/slow-first:20000", input: "x" }, { signal: gone.signal });
    await expect.poll(() => door.upstream.requests.length).toBe(1);
    gone.abort();
    await expect(asked).rejects.toThrow();
    await expect.poll(() => door.upstream.requests[0]!.aborted).toBe(true);
    expect(await evidence("one/slow-first:20000")).toMatchObject({ status: "failed", produced: { usage: { input: 0 } } });
  });

  test("is refused without a right to the model", async () => {
    const key = await door.edge.createKey({ name: createId(), permissions: ["functions.infer"], functions: ["model:another"] });
    const other = new OpenAI({ baseURL: `${door.edge.url}/v1`, apiKey: key, maxRetries: 0 });
    await expect(other.embeddings.create({ model: "near", input: "x" })).rejects.toMatchObject({ status: 403 });
    expect(door.upstream.requests).toHaveLength(0);
  });
});

describe("Anthropic's client", () => {
  const messages = [{ role: "user" as const, content: "hello world" }];

  test("gets the count of a model's own provider, asked of it natively", async () => {
    const { data, response } = await door.anthropic.messages
      .countTokens({ model: "careful", messages, system: "Be brief." })
      .withResponse();
    expect(data).toEqual({ input_tokens: scriptedTokens });
    expect(response.headers.get("x-millrace-counted-by")).toBe("provider");
    expect(door.upstream.requests).toMatchObject([
      { path: "/v1/messages/count_tokens", body: { model: "ok", messages, system: "Be brief." } },
    ]);
    expect(door.upstream.requests[0]!.body).not.toHaveProperty("max_tokens");
    expect(await evidence("careful")).toMatchObject({
      status: "ok",
      output: { input_tokens: scriptedTokens },
      produced: { countedBy: "provider" },
    });
  });

  test("gets the count of what it wrote for a beta of Anthropic's, whose name goes along", async () => {
    const asked = door.anthropic.beta.messages.countTokens({ model: "careful", messages, betas: ["context-1m-2025-08-07"] });
    const { response } = await asked.withResponse();
    expect(door.upstream.requests[0]!.headers["anthropic-beta"]).toContain("context-1m-2025-08-07");
    const id = response.headers.get("x-millrace-inference")!;
    const stored = () => door.edge.functions.getInference(alice, id).catch(() => null);
    await expect.poll(stored).toMatchObject({ produced: { betas: expect.arrayContaining(["context-1m-2025-08-07"]) as string[] } });
    const bad = door.anthropic.messages.countTokens({ model: "careful", messages }, { headers: { "anthropic-beta": "a b" } });
    await expect(bad).rejects.toMatchObject({ status: 400 });
  });

  test.each(["one/ok", "two/status:500"])("gets a count of ours for %s, and it is marked", async (model) => {
    const { data, response } = await door.anthropic.messages.countTokens({ model, messages }).withResponse();
    // Two words, four for the message, four for the whole.
    expect(data).toEqual({ input_tokens: 10 });
    expect(response.headers.get("x-millrace-counted-by")).toBe("tokenizer");
  });

  test("gets a count of ours where the provider may not see the prompt, which stays here", async () => {
    const { response } = await door.anthropic.messages.countTokens({ model: "secret", messages }).withResponse();
    expect(response.headers.get("x-millrace-counted-by")).toBe("tokenizer");
    expect(door.upstream.requests).toHaveLength(0);
  });

  test("gets the provider's refusal, and errors as Anthropic words them", async () => {
    await expect(door.anthropic.messages.countTokens({ model: "two/status:400", messages })).rejects.toMatchObject({
      status: 400,
      error: { type: "error", error: { type: "invalid_request_error" } },
    });
    await expect(door.anthropic.messages.countTokens({ model: "nobody/ok", messages })).rejects.toMatchObject({ status: 404 });
  });
});
