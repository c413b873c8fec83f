import { routes } from "@millrace/contract";
import { afterAll, beforeAll, expect, test } from "vitest";
import { alice } from "../../test/functions.ts";
import { type TestHttp, openTestHttp } from "../../test/http.ts";
import { type TestStore, createTestStore } from "../../test/store.ts";
import { createId } from "../core/index.ts";

const path = "/api/functions/triage-mail/infer-many";
const mail = (subject: string) => ({ subject, body: "now" });

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

test("each input of a body is answered in its place and is an inference of its own; a wrong one touches no other", async () => {
  const key = await edge.createKey({ name: "caller", roles: ["caller"] });
  const inputs = [
    ...Array.from({ length: 19 }, (_, row) => mail(row % 3 === 0 ? "Win $$$" : "Hello")),
    { subject: 7 },
    mail("x".repeat(70_000)),
    mail("Last $"),
  ];
  const answer = await edge.send({ method: "POST", path, key, body: { inputs, metadata: { from: "test" } } });
  expect(answer.status).toBe(200);
  const { items } = routes["functions.inferMany"].response.parse(answer.json());
  expect(items.map((item) => ("error" in item ? item.error.code : (item.output as { label: string }).label))).toEqual([
    ...Array.from({ length: 19 }, (_, row) => (row % 3 === 0 ? "spam" : "ham")),
    "invalid_input",
    "body_too_large",
    "spam",
  ]);
  await edge.stored();
  const ids = items.flatMap((item) => ("error" in item ? [] : [item.inferenceId]));
  const stored = await edge.functions.listInferences(alice, { status: "ok", limit: 100 });
  expect(stored.items.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
  expect(await edge.functions.getInference(alice, ids.at(-1)!)).toMatchObject({ input: mail("Last $"), metadata: { from: "test" } });
  const { items: refused } = await edge.functions.listInferences(alice, { status: "refused", limit: 10 });
  expect(refused.map(({ error }) => error).toSorted()).toEqual(["body_too_large", "invalid_input"]);
});

test("every input counts in the key's limit: those past it are refused, each by itself", async () => {
  const key = await edge.createKey({ name: "three", roles: ["caller"], limit: { requests: 3, windowSeconds: 60 } });
  const answer = await edge.send({ method: "POST", path, key, body: { inputs: Array.from({ length: 5 }, () => mail("Hello")) } });
  const { items } = routes["functions.inferMany"].response.parse(answer.json());
  expect(items.map((item) => ("error" in item ? item.error.code : "ok"))).toEqual(["ok", "ok", "ok", "rate_limited", "rate_limited"]);
  const again = await edge.send({ method: "POST", path, key, body: { inputs: [mail("Hello")] } });
  expect([again.status, again.problem().code]).toEqual([429, "rate_limited"]);
});

test("takes 1 to 256 inputs, of who may ask the function", async () => {
  for (const inputs of [[], Array.from({ length: 257 }, () => 1)])
    expect((await edge.send({ method: "POST", path, key: edge.adminKey, body: { inputs } })).problem().code).toBe("invalid_request");
  const viewer = await edge.createKey({ name: "viewer", roles: ["viewer"] });
  expect((await edge.send({ method: "POST", path, key: viewer, body: { inputs: [mail("Hello")] } })).status).toBe(403);
});
