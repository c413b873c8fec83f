import { createId } from "../core/index.ts";
import { describe, expect, test } from "vitest";
import { alice, principalWith, type TestFunctions, useFunctions } from "../../test/functions.ts";

const running = useFunctions();
const end = { status: "ok", error: null, variant: "two/small", output: '{"content":"yes"}', produced: { usage: { input: 3 } } } as const;

function call(open: TestFunctions, name: string) {
  return open.functions.openModelCall({
    caller: alice,
    function: open.functions.admitModel(principalWith(["functions.infer"]), name),
    variant: "one/small",
    input: '{"messages":["hello"]}',
    startedAt: performance.now(),
    traceId: undefined,
    budgetMs: 1000,
  });
}

async function only(open: TestFunctions) {
  const { items } = await open.functions.listInferences(alice, { limit: 10 });
  expect(items).toHaveLength(1);
  return open.functions.getInference(alice, items[0]!.id);
}

describe("a call of a foundation model", () => {
  test("is one inference of the function that its name is, whole or opened and closed", async () => {
    const open = await running.start();
    for (const isStream of [false, true]) {
      const opened = call(open, `careful-${isStream}`);
      if (isStream) await opened.open();
      await opened.close(end);
      await opened.close(end);
      await open.stored();
      await expect
        .poll(() => open.functions.getInference(alice, opened.id).catch(() => null))
        .toMatchObject({
          function: `model:careful-${isStream}`,
          status: "ok",
          variant: "two/small",
          fallback: true,
          input: { messages: ["hello"] },
          output: { content: "yes" },
          produced: { usage: { input: 3 } },
        });
    }
    expect((await open.functions.listInferences(alice, { limit: 10 })).items).toHaveLength(2);
  });

  test("that its process did not live to close is interrupted, with what went in", async () => {
    const journalFolder = createId();
    const first = await running.start({ journalFolder });
    await call(first, "careful").open();
    await first.close();
    const second = await running.start({ journalFolder });
    await second.stored();
    expect(await only(second)).toMatchObject({
      function: "model:careful",
      status: "interrupted",
      input: { messages: ["hello"] },
      output: null,
    });
  });

  test("is admitted by permission and by the functions a key is held to", async () => {
    const { functions } = await running.start();
    expect(() => functions.admitModel(principalWith([]), "careful")).toThrow(expect.objectContaining({ code: "forbidden" }));
    const held = principalWith(["functions.infer"], { functions: new Set(["model:careful"]) });
    expect(functions.admitModel(held, "careful")).toBe("model:careful");
    expect(() => functions.admitModel(held, "one/large")).toThrow(expect.objectContaining({ code: "forbidden" }));
  });
});
