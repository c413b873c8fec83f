import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Lake, type LakeRow, createLakeInTask } from "../../storage/index.ts";
import { type FeatureRelation, joinSql, latestSql } from "./join-repository.ts";

let folder: string;
let lake: Lake;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "millrace-test-"));
  lake = createLakeInTask({ scratchFolder: join(folder, "scratch") });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Asked {
  readonly entity: number | null;
  readonly at: number;
}
interface Known {
  readonly entity: number | null;
  readonly event: number | null;
  readonly arrival: number | null;
  readonly value: number | null;
}

const view: FeatureRelation = {
  relation: "known",
  entity: ["entity"],
  eventTime: "event",
  arrivalTime: "arrival",
  features: ["value"],
  timeToLiveSeconds: null,
  entityAsText: false,
};

const instant = (seconds: number | null) => (seconds === null ? null : new Date(seconds * 1000).toISOString());

function tables(asked: readonly Asked[], known: readonly Known[]) {
  return [
    {
      kind: "write",
      folder: folder,
      rows: asked.map(({ entity, at }) => ({ entity, at: instant(at) })),
      columns: [
        { name: "entity", type: "integer" },
        { name: "at", type: "timestamp" },
      ],
    },
    {
      kind: "write",
      folder: folder,
      rows: known.map((row) => ({ ...row, event: instant(row.event), arrival: instant(row.arrival) })),
      columns: [
        { name: "entity", type: "integer" },
        { name: "event", type: "timestamp" },
        { name: "arrival", type: "timestamp" },
        { name: "value", type: "number" },
      ],
    },
  ] as const;
}

const spine = { relation: "spine", columns: ["entity", "at"], timeColumn: "at" };
const files = { spine: { step: 0 }, known: { step: 1 } };

async function joined(asked: readonly Asked[], known: readonly Known[], views: readonly FeatureRelation[]): Promise<LakeRow[]> {
  const [, , rows] = await lake.run([...tables(asked, known), { kind: "query", sql: joinSql(spine, views), files }]);
  return rows;
}

/** The definition, row by row. */
function naive({ entity, at }: Asked, known: readonly Known[], rule: FeatureRelation): Known | null {
  const usable = known.filter(
    (row) =>
      row.entity !== null &&
      row.entity === entity &&
      row.event !== null &&
      row.event <= at &&
      (rule.arrivalTime === null || (row.arrival !== null && row.arrival <= at)),
  );
  const [best] = usable.sort(
    (a, b) =>
      b.event! - a.event! ||
      (rule.arrivalTime === null ? 0 : b.arrival! - a.arrival!) ||
      // Nulls last, which is greatest.
      (b.value ?? Infinity) - (a.value ?? Infinity) ||
      0,
  );
  if (best === undefined || (rule.timeToLiveSeconds !== null && at - best.event! > rule.timeToLiveSeconds)) return null;
  return best;
}

// Few instants, so that ties and late rows are common.
const time = fc.integer({ min: 0, max: 12 });
const entity = fc.option(fc.integer({ min: 1, max: 3 }), { freq: 9 });
const askedRow = fc.record({ entity, at: time });
const knownRow = fc.record({
  entity,
  event: fc.option(time, { freq: 9 }),
  arrival: fc.option(time, { freq: 9 }),
  value: fc.option(fc.integer({ min: 0, max: 9 }), { freq: 5 }),
});
const someTables = fc.record({
  asked: fc.array(askedRow, { minLength: 1, maxLength: 40 }),
  known: fc.array(knownRow, { minLength: 1, maxLength: 40 }),
  late: fc.boolean(),
  timeToLiveSeconds: fc.option(fc.integer({ min: 1, max: 6 })),
});

describe("a point-in-time join", () => {
  test("is the naive one, row by row, and never says what was not known yet", async () => {
    await fc.assert(
      fc.asyncProperty(someTables, async ({ asked, known, late, timeToLiveSeconds }) => {
        const rule = { ...view, arrivalTime: late ? "arrival" : null, timeToLiveSeconds };
        const rows = await joined(asked, known, [rule]);
        expect(rows).toEqual(
          asked.map((row) => ({ entity: row.entity, at: instant(row.at), value: naive(row, known, rule)?.value ?? null })),
        );
      }),
      { numRuns: 15, seed: 7 },
    );
  });

  test("of the latest rows is the join of every entity at that instant", async () => {
    await fc.assert(
      fc.asyncProperty(someTables, time, async ({ known, late, timeToLiveSeconds }, at) => {
        const rule = { ...view, arrivalTime: late ? "arrival" : null, timeToLiveSeconds };
        const query = { kind: "query", sql: latestSql(rule), files, params: { as_of: instant(at) } } as const;
        const [, , rows] = await lake.run([...tables([{ entity: 1, at }], known), query]);
        const expected = [1, 2, 3].flatMap((each) => {
          const found = naive({ entity: each, at }, known, rule);
          return found === null ? [] : [{ e0: each, f0: found.value, event: instant(found.event) }];
        });
        expect(rows).toEqual(expected);
      }),
      { numRuns: 8, seed: 8 },
    );
  });

  test("takes several views at once, each with its own rule, and entities of another type as text", async () => {
    const known = [
      { entity: 1, event: 10, arrival: 50, value: 5 },
      { entity: 1, event: 5, arrival: 5, value: 4 },
    ];
    const late = { ...view, entityAsText: true };
    const early = { ...view, arrivalTime: null, features: ["arrival"], timeToLiveSeconds: 20 };
    expect(
      await joined(
        [
          { entity: 1, at: 20 },
          { entity: 1, at: 60 },
          { entity: 2, at: 60 },
        ],
        known,
        [late, early],
      ),
    ).toEqual([
      { entity: 1, at: instant(20), value: 4, arrival: instant(50) },
      { entity: 1, at: instant(60), value: 5, arrival: null },
      { entity: 2, at: instant(60), value: null, arrival: null },
    ]);
  });
});

describe("the reference figures", () => {
  const golden = new URL("../../../../../shared/golden/pit_golden.json", import.meta.url);
  test.skipIf(!existsSync(golden))("pandas merge_asof, with and without a time to live", async () => {
    const {
      features,
      entities,
      joined_by_ttl: byTimeToLive,
    } = JSON.parse(readFileSync(golden, "utf8")) as {
      features: [number, number, number][];
      entities: [number, number][];
      joined_by_ttl: Record<string, [number, number, number | null][]>;
    };
    const known = features.map(([id, event, value]) => ({ entity: id, event, arrival: event, value }));
    const asked = entities.map(([id, at]) => ({ entity: id, at }));
    expect(Object.keys(byTimeToLive)).toHaveLength(3);
    for (const [limit, expected] of Object.entries(byTimeToLive)) {
      for (const arrivalTime of [null, "arrival"]) {
        const rows = await joined(asked, known, [{ ...view, arrivalTime, timeToLiveSeconds: limit === "None" ? null : Number(limit) }]);
        expect(rows.map((row) => row["value"])).toEqual(expected.map(([, , value]) => value));
      }
    }
  });
});
