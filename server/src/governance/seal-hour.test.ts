import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createId, sha256, systemContext } from "../core/index.ts";
import { type TestGovernance, openTestGovernance } from "./test-governance.ts";

let opened: TestGovernance;
beforeAll(async () => {
  opened = await openTestGovernance();
});
afterAll(() => opened.close());

function recordsOf(count: number) {
  return Array.from({ length: count }, (_, index) => ({ id: createId(), hash: sha256(`record ${index}`) }));
}

describe("an hour of evidence", () => {
  const hour = { subject: "inferences" as const, hour: "2026-11-21T10" };

  test("is sealed once, by an entry of the audit log", async () => {
    const context = systemContext("test", createId());
    const records = recordsOf(2500);
    expect(await opened.governance.seals.checkHour(context, { ...hour, records })).toBe("unsealed");
    const seal = await opened.governance.seals.sealHour(context, { ...hour, records });
    expect(seal).toMatchObject({ records: 2500, isNew: true });
    expect((await opened.governance.seals.sealHour(context, { ...hour, records })).isNew).toBe(false);
    const { items } = await opened.governance.auditLog.list(context, { limit: 10 });
    expect(items).toMatchObject([
      { action: "governance.seal", object: "inferences:2026-11-21T10", after: { records: 2500, rootHash: seal.rootHash } },
    ]);
    expect(await opened.governance.seals.checkHour(context, { ...hour, records })).toBe("intact");
  });

  test("no longer fits its seal when a record is changed, removed, added or moved", async () => {
    const context = systemContext("test", createId());
    const records = recordsOf(10);
    await opened.governance.seals.sealHour(context, { ...hour, records });
    const [first, second, ...rest] = records;
    for (const changed of [
      [{ ...first!, hash: sha256("other") }, second!, ...rest],
      records.slice(1),
      [...records, ...recordsOf(1)],
      [second!, first!, ...rest],
      [],
    ]) {
      expect(await opened.governance.seals.checkHour(context, { ...hour, records: changed })).toBe("changed");
    }
  });

  test("sealed again after a late record keeps the seal before it in the log", async () => {
    const context = systemContext("test", createId());
    const records = recordsOf(3);
    const before = await opened.governance.seals.sealHour(context, { ...hour, records });
    await opened.governance.seals.sealHour(context, { ...hour, records: [...records, ...recordsOf(1)] });
    const { items } = await opened.governance.auditLog.list(context, { limit: 10 });
    expect(items[0]).toMatchObject({ before: { records: 3, rootHash: before.rootHash }, after: { records: 4 } });
  });

  test("takes an empty hour, and refuses a time that is no hour", async () => {
    const context = systemContext("test", createId());
    expect(await opened.governance.seals.sealHour(context, { ...hour, records: [] })).toMatchObject({ records: 0, isNew: true });
    await expect(opened.governance.seals.sealHour(context, { ...hour, hour: "2026-11-21T10:00", records: [] })).rejects.toMatchObject({
      code: "internal",
    });
  });
});
