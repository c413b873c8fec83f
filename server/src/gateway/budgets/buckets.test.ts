import fc from "fast-check";
import { expect, test } from "vitest";
import { type Spender, bucketOf, holdsFor, networkOf } from "./buckets.ts";
import { budgetSchema, budgetsSchema } from "./config.ts";
import { countBudget } from "./counted-budget.ts";
import { formatKey, parseKey } from "./keys.ts";

const ada: Spender = {
  projectId: "project",
  principalId: "key:ada",
  function: "model:small",
  models: ["small", "openai/gpt-5-mini"],
  address: "192.0.2.7",
  user: "u-1",
  tags: { team: "blue", ["__proto__"]: "x" },
};

function budget(more: Record<string, unknown>) {
  return budgetSchema.parse({ name: "b", per: "project", windowSeconds: 60, limits: { requests: 1 }, ...more });
}

test("each combination of what a budget tells apart is a count of its own", () => {
  expect(bucketOf(budget({ per: ["principal", "user", "tag:team", "function", "address"] }), ada)).toEqual({
    principal: "key:ada",
    user: "u-1",
    "tag:team": "blue",
    function: "model:small",
    address: "192.0.2.7",
  });
});

test("who leaves out what a budget goes by shares one count with all who do", () => {
  const per = ["user", "tag:team", "tag:toString", "address"];
  expect(bucketOf(budget({ per }), { ...ada, user: null, tags: {}, address: null })).toEqual({
    user: "",
    "tag:team": "",
    "tag:toString": "",
    address: "",
  });
});

test("a value of any length makes a key of bounded length, and different ones make different keys", () => {
  const of = (user: string) => bucketOf(budget({ per: "user" }), { ...ada, user })["user"]!;
  fc.assert(
    fc.property(fc.string({ maxLength: 400 }), fc.string({ maxLength: 400 }), (one, other) => {
      expect(of(one).length).toBeLessThanOrEqual(128);
      expect(of(one) === of(other)).toBe(one === other);
    }),
  );
});

test("what is remembered of spenders is what each of them counts in, in any order and however many there are", () => {
  const config = budget({ per: ["user", "tag:team"], limits: { costUsd: "2.50", requests: 7 } });
  const { limits, countsOf } = countBudget(config);
  expect(limits).toEqual([
    { kind: "requests", limit: 7 },
    { kind: "costUsd", limit: 2_500_000_000 },
  ]);
  const expected = (spender: Spender) => {
    const bucket = bucketOf(config, spender);
    const key = (kind: "requests" | "costUsd") => formatKey({ projectId: spender.projectId, budget: "b", kind, bucket });
    return { bucket, keys: [key("requests"), key("costUsd")] };
  };
  const part = fc.oneof(fc.constantFrom("", "1", "1 a", "a", "a1 ", " "), fc.string({ maxLength: 600 }));
  fc.assert(
    fc.property(fc.array(fc.tuple(part, part, part), { maxLength: 20 }), (all) => {
      for (const [projectId, user, team] of [...all, ...all]) {
        const spender = { ...ada, projectId, user, tags: { team } };
        expect(countsOf(spender)).toEqual(expected(spender));
      }
    }),
  );
  for (let index = 0; index < 1100; index++) countsOf({ ...ada, user: `u-${index}` });
  expect(countsOf(ada)).toEqual(expected(ada));
});

test("a budget holds for the functions and models it names, by any name of the model", () => {
  expect(holdsFor(budget({}), ada)).toBe(true);
  for (const model of ["small", "openai/gpt-5-mini", "openai/*"]) expect(holdsFor(budget({ match: { model } }), ada)).toBe(true);
  for (const model of ["large", "anthropic/*", "openai/gpt-5"]) expect(holdsFor(budget({ match: { model } }), ada)).toBe(false);
  expect(holdsFor(budget({ match: { function: "model:*", model: "small" } }), ada)).toBe(true);
  expect(holdsFor(budget({ match: { function: "triage", model: "small" } }), ada)).toBe(false);
});

test.each([
  ["192.0.2.7", "192.0.2.7"],
  ["::ffff:192.0.2.7", "192.0.2.7"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:db8:1:2::1", "2001:db8:1:2::/64"],
  ["2001:DB8::1", "2001:db8:0:0::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
])("the network of %s is %s", (address, network) => {
  expect(networkOf(address)).toBe(network);
});

test("all addresses of one subscriber are one network", () => {
  const groups = fc.array(fc.nat(0xffff), { minLength: 8, maxLength: 8 });
  fc.assert(
    fc.property(groups, fc.array(fc.nat(0xffff), { minLength: 4, maxLength: 4 }), (all, rest) => {
      const write = (list: number[]) => list.map((each) => each.toString(16)).join(":");
      expect(networkOf(write(all))).toBe(networkOf(write([...all.slice(0, 4), ...rest])));
      expect(networkOf(write(all))).toBe(`${write(all.slice(0, 4))}::/64`);
    }),
  );
});

test("a key is read as it was written, and another's key as none", () => {
  fc.assert(
    fc.property(fc.string(), fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true }), (name, bucket) => {
      const count = { projectId: name, budget: name, kind: "tokens" as const, bucket };
      if (!Object.hasOwn(bucket, "__proto__")) expect(parseKey(formatKey(count))).toEqual(count);
    }),
  );
  for (const text of ["", "{}", "[1]", '["a","b","euros",{}]']) expect(parseKey(text)).toBeNull();
});

test.each([
  ["no limit", { limits: {} }],
  ["a limit of nothing", { limits: { requests: 0 } }],
  ["dollars that are no decimal text", { limits: { costUsd: "1e3" } }],
  ["dollars with more digits than are counted", { limits: { costUsd: "0.0000000001" } }],
  ["more dollars than are counted", { limits: { costUsd: "9000001" } }],
  ["nobody to count", { per: [] }],
  ["something to count by that is not known", { per: "country" }],
  ["a window of more than a month", { windowSeconds: 3_000_000 }],
  ["a misspelt word", { perUser: true }],
])("a budget with %s is refused at the start", (_, more) => {
  const given = { name: "b", per: "project", windowSeconds: 60, limits: { requests: 1 }, ...more };
  expect(budgetSchema.safeParse(given).success).toBe(false);
});

test("two budgets of one name are refused at the start", () => {
  const given = { name: "b", per: "project", windowSeconds: 60, limits: { requests: 1 } };
  expect(budgetsSchema.safeParse([given, given]).error?.issues).toMatchObject([{ path: [1, "name"] }]);
});
