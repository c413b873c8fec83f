import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chunks, createDataParts, type DataParts } from "../../test/data.ts";
import { isAppError } from "../core/index.ts";

let parts: DataParts;
beforeAll(async () => {
  parts = await createDataParts();
});
afterAll(() => parts.close());

const words = [
  "river",
  "stone",
  "lamp",
  "cloud",
  "paper",
  "engine",
  "garden",
  "window",
  "silver",
  "harbour",
  "candle",
  "forest",
  "mirror",
  "bridge",
  "winter",
  "copper",
];

/** Messages that have little in common, one an hour from `start` on. */
function messages(count: number, start = Date.parse("2026-01-01T00:00:00Z")): Record<string, unknown>[] {
  return Array.from({ length: count }, (_, index) => {
    const text = Array.from(
      { length: 20 },
      (_, place) => `${words[(index * 7 + place * (3 + (index % 11))) % words.length]}${(index * 31 + place * 17) % 97}`,
    ).join(" ");
    return { key: `m${index}`, at: new Date(start + index * 3_600_000).toISOString(), text, label: index % 3 === 0 ? "yes" : "no" };
  });
}

const request = {
  name: "notes",
  timeColumn: "at",
  labelColumn: "label",
  featureColumns: ["text"],
  keyColumn: "key",
  description: "Notes for a test.",
};

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe("a dataset version", () => {
  test("accounts for every row, keeps its snapshot by hash and says where it came from", async () => {
    const good = messages(100);
    const lines = [
      ...good.map((row) => JSON.stringify(row)),
      JSON.stringify({ ...good[5], key: "copy" }),
      JSON.stringify({ ...good[6], key: "edited", text: `${String(good[6]!["text"])} indeed` }),
      "{ not json",
      "[1, 2]",
      JSON.stringify({ ...good[7], key: "undated", at: null, text: "no time at all\u2028in this one" }),
      JSON.stringify({ ...good[7], key: "late", at: "2999-01-01T00:00:00Z", text: "from the far future" }),
      JSON.stringify({ ...good[8], key: "m7", text: "a key that is taken by another row" }),
      JSON.stringify({ ...good[8], key: "odd", label: "perhaps", text: "a label of its own" }),
      "",
      "   ",
    ];
    const reference = await parts.build(lines.join("\n"), request);
    expect(reference).toBe("notes@1");
    const detail = await parts.data.get(parts.context, reference);
    expect(detail).toMatchObject({ rows: 108, kept: 100, exactDuplicates: 1, nearDuplicates: 1, duplicates: 2, quarantined: 6 });
    expect(detail.rows).toBe(detail.kept + detail.duplicates + detail.quarantined);
    expect(detail.quarantine.map(({ reason }) => reason).sort()).toEqual([
      "at: must not be in the future",
      "at: must not be null",
      "key: must be unique",
      "label: must be one of its 2 known values",
      "not JSON",
      "not an object",
    ]);
    expect(detail.splits).toEqual([
      { name: "train", rows: 80, from: "2026-01-01T00:00:00.000Z", to: "2026-01-04T07:00:00.000Z" },
      { name: "holdout", rows: 20, from: "2026-01-04T08:00:00.000Z", to: "2026-01-05T03:00:00.000Z" },
    ]);
    expect(detail.leakage).toMatchObject({ checked: true, problems: [], features: [{ name: "text", suspicious: false }] });
    expect(detail.labels).toEqual([
      { label: "no", rows: 66 },
      { label: "yes", rows: 34 },
    ]);
    expect(detail.lineage.sources).toEqual([{ kind: "upload", reference: expect.any(String), rows: 108 }]);
    for (const heading of ["Motivation", "Composition", "Collection process", "Preprocessing", "Uses", "Distribution", "Maintenance"])
      expect(detail.datasheet).toContain(`## ${heading}`);
    expect(detail.datasheet).toContain("108 rows = 100 kept + 1 exact duplicates + 1 near duplicates + 6 quarantined");

    const holdout = await parts.data.rows(parts.context, reference, { offset: 5, limit: 3, split: "holdout" });
    expect(holdout.total).toBe(20);
    expect(holdout.rows.map((row) => row["key"])).toEqual(["m85", "m86", "m87"]);
    const quarantined = await parts.data.quarantine(parts.context, reference, { limit: 50 });
    expect(quarantined.map(({ line }) => line)).toEqual([103, 104, 105, 106, 107, 108]);
    expect(quarantined[4]!.reason).toBe('key: must be unique; line 107 repeats "m7" of line 8');
    expect(quarantined[2]!.reason).toBe("at: must not be null; line 105 has null");

    const traced = await parts.data.trace(parts.context, reference, 5);
    expect(traced).toMatchObject({ row: 5, line: 101, raw: { key: "copy" }, duplicates: [{ line: 6, kind: "exact", raw: good[5] }] });
    expect(traced.values["key"]).toBe("copy");
    expect((await parts.data.trace(parts.context, reference, 99)).line).toBe(100);
    expect(isAppError(await rejection(parts.data.trace(parts.context, reference, 100)), "not_found")).toBe(true);

    const again = await parts.build(lines.toReversed().join("\n"), request);
    const other = await parts.data.get(parts.context, again);
    expect(again).toBe("notes@2");
    expect(other.hash).toBe(detail.hash);
    expect(await parts.data.snapshotPath(parts.context, "notes")).toContain(detail.hash);
    expect((await parts.data.list(parts.context, { limit: 1 })).items[0]!.reference).toBe("notes@2");
    expect(await parts.audited()).toEqual(
      expect.arrayContaining(["data.create dataset:notes@1", "data.read-rows dataset:notes@1", "data.read-quarantine dataset:notes@1"]),
    );
    const tag = (version: number | null) => parts.data.setTag(parts.context, { name: "notes", tag: "golden", version });
    expect(await tag(1)).toEqual({ name: "notes", tag: "golden", version: 1, before: null });
    expect(await tag(2)).toMatchObject({ version: 2, before: 1 });
    const tagged = async () => (await parts.data.list(parts.context, { limit: 9, tag: "golden" })).items.map(({ version }) => version);
    expect([await tagged(), (await parts.data.get(parts.context, "notes@2")).tags]).toEqual([[2], ["golden"]]);
    expect(await tag(null)).toMatchObject({ version: null, before: 2 });
    expect(await tagged()).toEqual([]);
    expect(isAppError(await rejection(tag(null)), "not_found")).toBe(true);
    expect(isAppError(await rejection(tag(9)), "unknown_dataset")).toBe(true);
    expect((await parts.audited()).filter((entry) => entry.endsWith("-tag dataset:notes"))).toHaveLength(3);
    const { items: events } = await parts.jobs.events(parts.context, { limit: 10 });
    expect(events.map(({ type, subject }) => [type, subject])).toEqual([
      ["data.dataset-created", "notes@2"],
      ["data.dataset-created", "notes@1"],
    ]);
  });

  test("keeps awkward text as it is: NUL, quotes, emoji, other scripts; half a surrogate pair becomes a mark; what is said about it is what SQL can hold", async () => {
    const awkward = [
      "before\u0000after",
      'quotes " and \\ and \t',
      "naïve 👩‍👩‍👧 עברית",
      "half \ud83d pair",
      "",
      "line\nbreaks\r\nof both kinds",
    ];
    const rows = messages(120).map((row, index) => ({
      ...row,
      text: awkward[index] ?? row["text"],
      label: index % 3 === 0 ? "yes\u0000" : "no\ud800",
    }));
    const reference = await parts.build([...rows, { ...rows[9], key: "x\u0000", at: "a\u0000" }], { ...request, name: "awkward" });
    const read = await parts.data.rows(parts.context, reference, { offset: 0, limit: awkward.length });
    expect(read.rows.map((row) => row["text"])).toEqual(awkward.map((text) => text.toWellFormed()));
    const detail = await parts.data.get(parts.context, reference);
    expect(detail.labels.map(({ label }) => label)).toEqual(["no\ufffd", "yes "]);
    expect(detail.quarantined).toBe(1);
  });

  test("inherits the contract of the version before it, and quarantines what breaks it", async () => {
    await parts.build(messages(120), { ...request, name: "grown" });
    const later = messages(40, Date.parse("2026-03-01T00:00:00Z")).map((row, index) => ({
      ...row,
      key: `n${index}`,
      text: `${String(row["text"])} march`,
      label: index === 3 ? "new-label" : row["label"],
      extra: { nested: true },
    }));
    const reference = await parts.build(later, { ...request, name: "grown", contract: "inherit" });
    const detail = await parts.data.get(parts.context, reference);
    expect(detail.quarantine).toEqual([{ reason: "label: must be one of its 2 known values", rows: 1 }]);
    expect(detail.contract).toEqual((await parts.data.get(parts.context, "grown@1")).contract);
    expect(detail.datasheet).toContain("Columns the contract does not name were left out: extra.");
  });

  test("stops for a rule that must hold, looks into the dataset it refers to, and numbers its contract", async () => {
    const rows = messages(60).map((row, index) => ({ ...row, owner: `o${index % 7}` }));
    const owners = Array.from({ length: 6 }, (_, index) => ({ id: `o${index}`, words: `owner ${words[index]}`, since: "2026-01-01" }));
    await parts.build(owners, { name: "owners", featureColumns: ["words"], keyColumn: "id" });
    expect((await parts.data.get(parts.context, "owners")).splits).toMatchObject([{ rows: 5, from: null }, { rows: 1 }]);
    await parts.build(rows, { ...request, name: "owned" });
    const { contract } = await parts.data.get(parts.context, "owned@1");
    const withReference = (policy: "fail" | "quarantine"): typeof contract => ({
      columns: contract.columns.map((column) =>
        column.name === "owner" ? { ...column, reference: { dataset: "owners@1", column: "id" }, policies: { reference: policy } } : column,
      ),
    });
    const failed = await rejection(parts.build(rows, { ...request, name: "owned", contract: withReference("fail") }));
    expect(isAppError(failed, "contract_failed")).toBe(true);
    expect(String(failed)).toContain('"owner: must be a "id" of owners@1" (8 of 60 rows, first line 7)');
    await parts.build(rows, { ...request, name: "owned", contract: withReference("quarantine") });
    const detail = await parts.data.get(parts.context, "owned");
    expect(detail).toMatchObject({ version: 2, quarantined: 8, contractVersion: "1.1" });
    expect(detail.contractChanges.map(({ change }) => change)).toEqual([
      'the reference was none and is "id" of owners@1',
      "what happens to broken rules was quarantine and is reference: quarantine",
    ]);
    const narrower = { columns: contract.columns.filter(({ name }) => name !== "owner") };
    const again = { ...request, name: "owned", contract: narrower };
    expect(isAppError(await rejection(parts.build(rows, again)), "contract_breaking")).toBe(true);
    expect(await parts.build(rows, { ...again, breaking: true })).toBe("owned@3");
    expect((await parts.data.get(parts.context, "owned")).contractVersion).toBe("2.0");
    const compared = await parts.data.compare(parts.context, "owned@2", "owned@3");
    expect(compared).toMatchObject({ breaking: true, changes: [{ column: "owner" }], rows: { shared: 52, added: 8, removed: 0 } });
    expect(compared.columns.map(({ level }) => level)).toEqual(["same", "same"]);
    expect(await parts.data.lineage(parts.context, "owned@2")).toMatchObject({ reference: "owned@2", ancestors: [], descendants: [] });
  });

  test("says what is wrong when no row can be kept", async () => {
    const noRows = await rejection(parts.build([{ at: "yesterday", text: "x", label: "a", key: "1" }], request));
    expect(String(noRows)).toContain("at: must be an instant");
    expect(isAppError(noRows, "contract_violated")).toBe(true);
  });

  test("refuses a feature that is the time, the label or the key, before anything starts", async () => {
    for (const column of ["at", "label", "key"]) {
      const error = await rejection(parts.build(messages(5), { ...request, featureColumns: ["text", column] }));
      expect(isAppError(error, "invalid_request")).toBe(true);
      expect(String(error)).toContain(`"${column}" cannot be a feature`);
    }
  });

  test("refuses unknown uploads, unknown datasets and names that are none", async () => {
    const { context, data } = parts;
    const missing = {
      ...request,
      uploadId: "01900000-0000-7000-8000-000000000000",
      contract: "infer" as const,
      holdout: 0.2,
      description: "",
    };
    expect(isAppError(await rejection(data.create(context, missing)), "not_found")).toBe(true);
    expect(isAppError(await rejection(data.get(context, "nothing@1")), "unknown_dataset")).toBe(true);
    expect(isAppError(await rejection(data.get(context, "Not A Name")), "invalid_request")).toBe(true);
    expect(isAppError(await rejection(data.upload(context, chunks(" \n\n"))), "invalid_request")).toBe(true);
  });

  test("gives two workflows of one name two versions, invisible to another project", async () => {
    const references = await Promise.all([
      parts.build(messages(20), { ...request, name: "twins" }),
      parts.build(messages(21), { ...request, name: "twins" }),
    ]);
    expect(references.sort()).toEqual(["twins@1", "twins@2"]);
    const other = { projectId: "01900000-0000-7000-8000-00000000000f", principalId: "key:other" };
    expect(isAppError(await rejection(parts.data.get(other, "twins@1")), "unknown_dataset")).toBe(true);
    expect((await parts.data.list(other, { limit: 10 })).items).toEqual([]);
  });
});

describe("a build that is cut short", () => {
  test("leaves no version; resumed, it leaves exactly one", async () => {
    const upload = await parts.data.upload(
      parts.context,
      chunks(
        messages(400)
          .map((row) => JSON.stringify(row))
          .join("\n"),
      ),
    );
    const { workflowId } = await parts.data.create(parts.context, {
      ...request,
      name: "cut",
      uploadId: upload.id,
      contract: "infer",
      holdout: 0.2,
    });
    await expect.poll(async () => (await parts.jobs.get(parts.context, workflowId)).status).toBe("running");
    await parts.jobs.cancel(parts.context, workflowId);
    expect(isAppError(await rejection(parts.data.get(parts.context, "cut")), "unknown_dataset")).toBe(true);
    await parts.jobs.resume(parts.context, workflowId);
    expect(await parts.jobs.result(workflowId)).toBe("cut@1");
    expect((await parts.data.list(parts.context, { limit: 50 })).items.filter(({ name }) => name === "cut")).toHaveLength(1);
    expect((await parts.audited()).filter((entry) => entry === "data.create dataset:cut@1")).toHaveLength(1);
  });
});
