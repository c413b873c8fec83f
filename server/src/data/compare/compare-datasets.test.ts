import type { ColumnContract } from "@millrace/contract";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createRandom } from "../../core/index.ts";
import { createLakeInTask } from "../../storage/index.ts";
import type { DatasetDetail } from "../types.ts";
import { compareDatasets } from "./compare-datasets.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "millrace-compare-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function column(name: string, type: ColumnContract["type"], more: Partial<ColumnContract> = {}): ColumnContract {
  return { name, type, nullable: true, unique: false, minimum: null, maximum: null, maxLength: null, values: null, ...more };
}
const columns = [
  column("id", "text", { unique: true }),
  column("amount", "number"),
  column("noise", "number"),
  column("colour", "text"),
  column('odd "name', "text"),
  column("flag", "boolean"),
];

function rows(seed: number, shift: { amount: number; red: number; nulls: number }) {
  const random = createRandom(seed);
  return Array.from({ length: 400 }, (_, index) => ({
    id: `${seed}-${index}`,
    amount: random.next() < shift.nulls ? null : random.next() + shift.amount,
    noise: random.next(),
    colour: random.next() < shift.red ? "red" : "blue",
    'odd "name': `${"x".repeat(random.integer(60))} ${index}`,
    flag: random.next() < 0.5,
  }));
}
type Rows = ReturnType<typeof rows>;

function detail(version: number, data: Rows, more: Partial<DatasetDetail> = {}): DatasetDetail {
  const red = data.filter(({ colour }) => colour === "red").length;
  return {
    reference: `shop@${version}`,
    hash: `${version}`.repeat(64),
    rows: 410,
    kept: data.length,
    exactDuplicates: 4,
    nearDuplicates: 0,
    quarantined: 6,
    timeColumn: null,
    labelColumn: "colour",
    featureColumns: ["amount", "noise"],
    contract: { columns },
    labels: [
      { label: "red", rows: red },
      { label: "blue", rows: data.length - red },
    ],
    split: { kind: "random", seed: 0 },
    splits: [{ name: "train", rows: 320, from: null, to: null }],
    ...more,
  } as DatasetDetail;
}

async function compare(from: [Rows, Partial<DatasetDetail>?], to: [Rows, Partial<DatasetDetail>?]) {
  const lake = createLakeInTask({ scratchFolder: folder });
  const types = columns.map(({ name, type }) => ({ name, type: type as "text" | "number" | "boolean" }));
  const [before, after] = await lake.run([
    { kind: "write", rows: from[0], columns: types, folder },
    { kind: "write", rows: to[0], columns: types, folder },
  ]);
  return compareDatasets(detail(1, from[0], from[1]), detail(2, to[0], to[1]), {
    lake,
    files: { before: before.path, after: after.path },
    timeoutMs: 60_000,
  });
}

describe("two versions", () => {
  const first = rows(1, { amount: 0, red: 0.5, nulls: 0 });

  test("differ most where the rows do, and chance is no difference", async () => {
    const second = rows(2, { amount: 0.5, red: 0.3, nulls: 0.1 });
    const { columns: compared, labels, same, breaking, rows: shared } = await compare([first], [second]);
    expect(compared.map(({ name, by, level }) => [name, by, level])).toEqual([
      ["amount", "number", "changed"],
      ["colour", "value", "moved"],
      ...compared.slice(2).map(({ name, by }) => [name, by, "same"]),
    ]);
    expect(
      compared
        .slice(2)
        .map(({ name, by }) => `${name} ${by}`)
        .sort(),
    ).toEqual(["flag value", "noise number", 'odd "name length']);
    const [amount, colour] = [compared[0]!, compared[1]!];
    expect(amount.nulls.from).toBe(0);
    expect(amount.nulls.to).toBeCloseTo(second.filter((row) => row.amount === null).length / 400, 9);
    expect(amount.most!.what).toMatch(/^over 0\.\d+$/);
    expect(amount.chance).toBeLessThan(1e-6);
    // By hand, from the shares of the two values.
    const red = [first, second].map((data) => data.filter((row) => row.colour === "red").length / 400) as [number, number];
    const psi = (red[1] - red[0]) * Math.log(red[1] / red[0]) + (red[0] - red[1]) * Math.log((1 - red[1]) / (1 - red[0]));
    expect(colour.psi).toBeCloseTo(psi, 9);
    expect(labels[0]!.from.value).toBeCloseTo(labels[0]!.label === "red" ? red[0] : 1 - red[0], 9);
    expect({ same, breaking, shared }).toEqual({ same: false, breaking: false, shared: { shared: 0, added: 400, removed: 400 } });
  });

  test("share the rows that both have, in whatever order, and say which roles and columns changed", async () => {
    const grown = [...rows(3, { amount: 0, red: 0.5, nulls: 0 }).slice(0, 50), ...first.slice(100).toReversed()];
    const answer = await compare(
      [first],
      [
        grown,
        {
          featureColumns: ["amount"],
          contract: { columns: columns.map((each) => (each.name === "flag" ? { ...each, nullable: false } : each)) },
        },
      ],
    );
    expect(answer.rows).toEqual({ shared: 300, added: 50, removed: 100 });
    expect(answer.changes).toEqual([
      { column: "noise", change: "is no feature any more", breaking: true },
      { column: "flag", change: "null is not allowed any more", breaking: true },
    ]);
    expect(answer.columns.every(({ level }) => level === "same")).toBe(true);
    expect(answer.counts.find(({ name }) => name === "kept")).toEqual({ name: "kept", from: 400, to: 350 });
  });
});
