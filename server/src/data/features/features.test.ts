import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type DataParts, createDataParts } from "../../../test/data.ts";
import { isAppError, systemClock } from "../../core/index.ts";
import { createLakeInTask } from "../../storage/index.ts";
import { type FeatureView, featureViewsSchema } from "./config.ts";
import { defineViews } from "./define-views.ts";
import type { JoinedRows } from "./join-views.ts";

const hour = 3_600_000;
const start = Math.floor(systemClock.now() / hour) * hour - 100 * hour;
const at = (hours: number) => new Date(start + hours * hour).toISOString();

/** Customer, event, arrival, amount: customer 3's last is older than the time to live, customer 1's last but one came late. */
const payments = [
  ["1", 10, 10, 5],
  ["1", 60, 90, 7],
  ["1", 80, 80, 9],
  ["2", 70, 70, null],
  ["3", 1, 1, 4],
] as const;

let folder: string;
let paymentsPath: string;
let parts: DataParts;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "millrace-test-"));
  paymentsPath = join(folder, "payments.parquet");
  await writePayments(payments);
  parts = await createDataParts({ config: { features: views() } });
  await parts.data.features.define(parts.context);
});
afterAll(async () => {
  await parts.close();
  await rm(folder, { recursive: true, force: true });
});

async function writePayments(rows: readonly (readonly [string, number, number, number | null])[]): Promise<void> {
  await mkdir(join(folder, "scratch"), { recursive: true });
  const { path } = await createLakeInTask({ scratchFolder: join(folder, "scratch") }).writeParquet({
    rows: rows.map(([customer, event, arrival, amount]) => ({ customer, paid_at: at(event), known_at: at(arrival), amount })),
    columns: [
      { name: "customer", type: "text" },
      { name: "paid_at", type: "timestamp" },
      { name: "known_at", type: "timestamp" },
      { name: "amount", type: "number" },
    ],
    folder,
  });
  await rename(path, paymentsPath);
}

function views() {
  const payment = { source: { parquet: paymentsPath }, entity: "customer", eventTime: "paid_at", timeToLiveSeconds: 50 * 3600 };
  return [
    { ...payment, name: "payments", version: 1, arrivalTime: "known_at", columns: ["amount"], materialiseEveryMinutes: 60 },
    {
      ...payment,
      name: "spend",
      version: 2,
      sql: "select customer, paid_at, sum(amount) over (partition by customer order by paid_at) as spent from source",
    },
    {
      ...payment,
      name: "thief",
      version: 1,
      sql: "select customer, paid_at, (select content from read_text('/etc/hostname')) as x from source",
    },
    { ...payment, name: "twice", version: 1, sql: "select customer, paid_at, 1 as x from source; drop table source" },
    { ...payment, name: "misspelt", version: 1, columns: ["amuont"] },
  ];
}

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

async function materialise(view: string): Promise<unknown> {
  const { workflowId } = await parts.data.features.materialise(parts.context, view, undefined);
  return parts.jobs.result(workflowId);
}

describe("the online table", () => {
  test("serves the newest values that are known, says when they are too old, and how fresh a view is", async () => {
    expect(await materialise("payments")).toEqual({ view: "payments@1", entities: 2 });
    const read = (entity: string) => parts.data.features.values(parts.context, { view: "payments", entity });
    expect(await read("1")).toMatchObject({ view: "payments@1", status: "fresh", values: { amount: 9 }, eventTime: at(80) });
    expect(await read("2")).toMatchObject({ status: "fresh", values: { amount: null } });
    expect(await read("3")).toMatchObject({ status: "unknown", values: null });
    const [status] = await parts.data.features.list(parts.context);
    expect(status).toMatchObject({ reference: "payments@1", entities: 2, freshness: [{ feature: "amount", newest: at(80) }] });
    expect(await parts.audited()).toContain("data.read-features features:payments@1");
    expect(isAppError(await rejection(parts.data.features.values(parts.context, { view: "none", entity: "1" })), "not_found")).toBe(true);
  });

  test("agrees with the join until the source is rewritten under it; the next materialisation heals it and forgets the gone", async () => {
    await materialise("spend");
    const check = () => parts.data.features.check(parts.context, "spend", { version: undefined, sample: 100 });
    expect(await check()).toMatchObject({
      view: "spend@2",
      compared: 2,
      different: 0,
      onlineEntities: 2,
      offlineEntities: 2,
      skewed: false,
    });
    await writePayments([["1", 5, 5, 100], ...payments.filter(([customer]) => customer !== "2")]);
    expect(await check()).toMatchObject({
      different: 1,
      features: [{ feature: "spent", different: 1 }],
      examples: [{ entity: ["1"], feature: "spent", online: 21, offline: 121 }],
      offlineEntities: 1,
      skewed: true,
    });
    await materialise("spend");
    expect(await check()).toMatchObject({ compared: 1, different: 0, skewed: false });
    await writePayments(payments);
  });

  test("is written on the schedule of its view", async () => {
    const found = async () => (await parts.jobs.schedules()).find(({ name }) => name === "data.materialise-features.payments@1");
    await expect.poll(found, { timeout: 10_000 }).toMatchObject({ everySeconds: 3600 });
  });

  test("is not compared before there is one", async () => {
    expect(isAppError(await rejection(parts.data.features.check(parts.context, "twice", { version: 1, sample: 1 })), "conflict")).toBe(
      true,
    );
  });
});

describe("a join to a dataset", () => {
  const request = { name: "visits", timeColumn: "seen", featureColumns: ["page"], labelColumn: "bought", keyColumn: "key" };
  const visits = Array.from({ length: 30 }, (_, index) => ({
    key: `v${index}`,
    customer: ["1", "2", "3"][index % 3]!,
    seen: at(60 + index),
    page: `page number ${index * 7919} of ${index % 5}`,
    bought: index % 2 === 0 ? "yes" : "no",
  }));

  test("gives each row what had arrived by its own time, as a blob and as a dataset", async () => {
    const reference = await parts.build(visits, request);
    const { workflowId } = await parts.data.features.join(parts.context, {
      dataset: reference,
      views: ["payments@1", "spend"],
      name: "joined",
    });
    const result = await parts.jobs.result<JoinedRows & { built: string }>(workflowId);
    expect(result).toMatchObject({ built: "joined@1", rows: 30, features: ["amount", "spent"], views: ["payments@1", "spend@2"] });
    const rows = await parts.lake.readParquet(await parts.blobs.path(parts.context, result.hash));
    const of = (customer: string) => rows.filter((row) => row["customer"] === customer);
    // Until hour 80 the payment of hour 60 has not arrived and that of hour 10 is the last; from 61 on it is too old.
    expect(of("1").map((row) => row["amount"])).toEqual(
      visits.filter(({ customer }) => customer === "1").map(({ seen }) => (seen <= at(60) ? 5 : seen < at(80) ? null : 9)),
    );
    expect(of("3").map((row) => row["amount"])).toEqual(of("3").map(() => null));
    expect(result.missing["amount"]).toBeCloseTo(rows.filter((row) => row["amount"] === null).length / 30, 12);
    const detail = await parts.data.get(parts.context, "joined@1");
    expect(detail).toMatchObject({ featureColumns: ["page", "amount", "spent"], labelColumn: "bought", timeColumn: "seen" });
    expect(detail.lineage).toMatchObject({ parent: "visits@1", sources: [{ kind: "dataset", reference: "visits@1", rows: 30 }] });
  });

  test("says which column is missing or meant twice, and lets SQL reach nothing but its source", async () => {
    const join = async (...asked: string[]) => {
      const { workflowId } = await parts.data.features.join(parts.context, { dataset: "visits@1", views: asked });
      return String(await rejection(parts.jobs.result(workflowId)));
    };
    expect(await join("misspelt")).toContain('names the column "amuont", which its rows do not have');
    expect(await join("payments", "payments")).toContain('"amount" of payments@1 is a column of payments@1 already');
    expect(await join("thief")).toContain("/etc/hostname");
    expect(await join("twice")).toContain("Only one SELECT statement");
  });
});

describe("a profile", () => {
  test("counts the columns, and the rows that break the contract of another version", async () => {
    const spoilt = (parts: object) => ({ key: "v1", customer: "1", seen: at(1), page: "one page", bought: "yes", ...parts });
    const contract = {
      columns: [
        { ...text("key"), unique: true },
        text("customer"),
        { ...text("seen"), type: "instant" as const },
        text("page"),
        text("bought"),
      ],
    };
    await parts.build(
      [
        spoilt({}),
        spoilt({ key: "v2", bought: "perhaps", page: "another text", seen: at(2) }),
        spoilt({ key: "v3", bought: null, page: "a third one", seen: at(3) }),
      ],
      { name: "spoilt", timeColumn: "seen", featureColumns: ["page"], contract },
    );
    const profile = await parts.data.profile(parts.context, "spoilt@1", "visits@1");
    expect(profile).toMatchObject({ reference: "spoilt@1", contract: "visits@1", rows: 3 });
    expect(profile.columns.find(({ name }) => name === "bought")).toMatchObject({
      count: 2,
      nulls: 1,
      distinct: 2,
      min: "perhaps",
      max: "yes",
    });
    expect(profile.rules.filter(({ broken }) => broken !== 0)).toEqual([
      { column: "bought", rule: "null", broken: 1 },
      { column: "bought", rule: "values", broken: 1 },
    ]);
    expect((await parts.data.profile(parts.context, "spoilt@1")).rules.filter(({ broken }) => broken !== 0)).toEqual([]);
    expect(await parts.audited()).toContain("data.profile dataset:spoilt@1");
  });

  function text(name: string) {
    return { name, type: "text" as const, nullable: true, unique: false, minimum: null, maximum: null, maxLength: null, values: null };
  }
});

describe("a definition", () => {
  test("is kept under its version: another is refused with what changed, another version is taken", async () => {
    const [payment] = featureViewsSchema.parse(views()) as [FeatureView];
    const deps = { sql: parts.store.sql, audit: parts.governance.audit.bind(parts.governance), clock: systemClock };
    await defineViews(parts.context, [{ ...payment, description: "other words", materialiseEveryMinutes: 5 }], deps);
    const changed = { ...payment, timeToLiveSeconds: 60, arrivalTime: undefined };
    const error = await rejection(defineViews(parts.context, [changed], deps));
    expect(isAppError(error, "config_invalid")).toBe(true);
    expect(String(error)).toContain(
      "timeToLiveSeconds, arrivalTime changed. Declare the new definition as version 2, or restore the old one.",
    );
    await defineViews(parts.context, [{ ...changed, version: 7 }], deps);
    expect((await parts.audited()).filter((entry) => entry.startsWith("data.define-features"))).toHaveLength(views().length + 1);
  });

  test("is checked where it is written", () => {
    const [payment] = views();
    const problem = (change: object) => featureViewsSchema.safeParse([{ ...payment, ...change }]).error?.issues[0]?.message;
    expect(problem({})).toBeUndefined();
    expect(problem({ sql: "select 1" })).toBe("give either columns or sql");
    expect(problem({ columns: ["customer"] })).toContain("a column has one role");
    expect(problem({ extra: 1 })).toContain("extra");
    expect(featureViewsSchema.safeParse([payment, payment]).error?.issues[0]?.message).toBe("payments@1 is declared twice");
  });
});
