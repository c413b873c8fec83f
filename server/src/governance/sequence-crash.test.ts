import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createId, systemContext } from "../core/index.ts";
import { type TestGovernance, openTestGovernance } from "./test-governance.ts";

describe("the sequencer under a database that dies", () => {
  let opened: TestGovernance;
  beforeAll(async () => {
    opened = await openTestGovernance();
  });
  afterAll(() => opened.close());

  test("loses no entry and places none twice, wherever in a pass it happens", async ({ skip }) => {
    if (opened.store.kind !== "embedded") return skip("only the embedded store can be crashed from inside");
    const context = systemContext("test", createId());
    const { crash } = opened.store.sql as unknown as { crash(): Promise<void> };
    let written = 0;
    for (let round = 0; round < 3; round++) {
      for (let index = 0; index < 40; index++) {
        await opened.store.sql.as(context, (tx) =>
          opened.governance.audit(tx, { action: "test.change", object: `thing:${round}-${index}`, after: index }),
        );
        written += 1;
      }
      const passing = opened.governance.auditLog.sequence().catch((error: unknown) => error);
      await new Promise((resolve) => setTimeout(resolve, round * 8));
      await crash();
      await passing;
      await opened.store.sql.health().catch(() => {
        // The next round waits for it.
      });
    }
    await opened.governance.auditLog.sequence();
    expect(await opened.governance.auditLog.verify(context)).toMatchObject({ verified: true, entries: written, pending: 0, problems: [] });
  });
});
