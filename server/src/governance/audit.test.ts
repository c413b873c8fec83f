import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Context, createId, silentLogger, systemClock, systemContext } from "../core/index.ts";
import { leafOf } from "./entry.ts";
import { toHex } from "./merkle.ts";
import { createSequencer } from "./sequence-audit.ts";
import { openSigner } from "./sign-checkpoint.ts";
import { type TestGovernance, openTestGovernance } from "./test-governance.ts";
import type { Checkpoint, Governance } from "./types.ts";

let opened: TestGovernance;
/** Every test has a project, and so a log, of its own. */
let context: Context;

beforeAll(async () => {
  opened = await openTestGovernance();
});
afterAll(() => opened.close());
beforeEach(async () => {
  context = systemContext("test", createId());
  // What the test before left waiting is not counted in this one.
  await opened.governance.auditLog.sequence();
});

function write(count: number, who = context): Promise<void[]> {
  return Promise.all(
    Array.from({ length: count }, (_, index) =>
      opened.store.sql.as(who, (tx) =>
        opened.governance.audit(tx, {
          action: "test.change",
          object: `thing:${index}`,
          before: { value: index },
          after: { value: index + 1 },
        }),
      ),
    ),
  );
}

/** Changes rows of this test's project behind the module's back; `$mine` stands for the project. */
async function tamper(statement: string): Promise<void> {
  const { rowCount } = await opened.store.sql.system("maintenance", (tx) =>
    tx.client.query(statement.replace("$mine", `project_id = '${context.projectId}'`)),
  );
  expect(rowCount, statement).toBeGreaterThan(0);
}

function verify(against?: Checkpoint, node: Governance = opened.governance) {
  return node.auditLog.verify(context, against);
}

async function problems(against?: Checkpoint, node?: Governance): Promise<string> {
  const report = await verify(against, node);
  expect(report.verified).toBe(report.problems.length === 0);
  return report.problems.map((item) => `${item.index ?? "-"}: ${item.problem}`).join("\n");
}

describe("an audit entry", () => {
  test("is written with its change, or not at all", async () => {
    await write(1);
    const failing = opened.store.sql.as(context, async (tx) => {
      await opened.governance.audit(tx, { action: "test.change", object: "thing:lost" });
      throw new Error("the change failed");
    });
    await expect(failing).rejects.toThrow("the change failed");
    const { items } = await opened.governance.auditLog.list(context, { limit: 10 });
    expect(items.map((entry) => entry.object)).toEqual(["thing:0"]);
    expect(items[0]).toMatchObject({ actor: "system:test", action: "test.change", before: { value: 0 }, after: { value: 1 }, index: null });
  });

  test("cannot be changed, removed, placed or forged for another project by a request", async () => {
    await write(2);
    await opened.governance.auditLog.sequence();
    for (const statement of [
      "update governance_audit set actor = 'nobody'",
      "delete from governance_audit",
      "update governance_audit_trees set size = 0",
      "delete from governance_audit_checkpoints",
      `insert into governance_audit (project_id, id, actor, action, object) values ('${createId()}', '${createId()}', 'a', 'b', 'c')`,
    ]) {
      await expect(
        opened.store.sql.as(context, (tx) => tx.client.query(statement)),
        statement,
      ).rejects.toThrow(/permission denied|row-level security/);
    }
    expect(await problems()).toBe("");
  });

  test("is found by action and object, newest first, page by page", async () => {
    await write(5);
    await opened.store.sql.as(context, (tx) => opened.governance.audit(tx, { action: "test.other", object: "thing:1" }));
    expect((await opened.governance.auditLog.list(context, { limit: 10, action: "test.other" })).items).toHaveLength(1);
    expect((await opened.governance.auditLog.list(context, { limit: 10, object: "thing:1" })).items.map((entry) => entry.action)).toEqual([
      "test.other",
      "test.change",
    ]);
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await opened.governance.auditLog.list(context, { limit: 4, cursor });
      seen.push(...page.items.map((entry) => entry.id));
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
    expect(seen).toHaveLength(6);
    expect(seen.toSorted().toReversed()).toEqual(seen);
  });
});

describe("the sequencer", () => {
  test("gives every entry one place, in order, and signs a checkpoint of it", async () => {
    await write(20);
    expect(await opened.governance.auditLog.sequence()).toBe(20);
    expect(await opened.governance.auditLog.sequence()).toBe(0);
    const { items } = await opened.governance.auditLog.list(context, { limit: 50 });
    expect(items.map((entry) => entry.index).toReversed()).toEqual([...Array(20).keys()]);
    const checkpoint = await opened.governance.auditLog.checkpoint(context);
    expect(checkpoint).toMatchObject({ size: 20 });
    expect(await verify()).toMatchObject({ verified: true, entries: 20, pending: 0, checkpoints: 1, problems: [] });
  });

  test("has nothing to sign before the first entry, and an empty log verifies", async () => {
    expect(await opened.governance.auditLog.sequence()).toBe(0);
    expect(await opened.governance.auditLog.checkpoint(context)).toBeNull();
    expect(await verify()).toEqual({
      verified: true,
      entries: 0,
      pending: 0,
      checkpoints: 0,
      anchoring: "self-consistent, not anchored",
      sinks: [],
      sealed: { hours: 0, records: 0 },
      problems: [],
    });
  });

  test("keeps one tree a project", async () => {
    const other: Context = { projectId: createId(), principalId: "system:test" };
    await write(3);
    await write(4, other);
    await opened.governance.auditLog.sequence();
    expect((await opened.governance.auditLog.checkpoint(context))?.size).toBe(3);
    expect((await opened.governance.auditLog.checkpoint(other))?.size).toBe(4);
    const foreign = (await opened.governance.auditLog.checkpoint(other))!;
    expect(await problems(foreign)).toContain("signature that does not fit");
  });

  test("leaves no gap and no double when several nodes run it while entries come in", async () => {
    const nodes = [opened.governance, (await opened.addNode()).governance, (await opened.addNode()).governance];
    let placed = 0;
    for (let round = 0; round < 6; round++) {
      const writing = write(15);
      const passes = await Promise.all(nodes.map((node) => node.auditLog.sequence()));
      placed += passes.reduce((sum, count) => sum + count, 0);
      await writing;
    }
    for (const node of nodes) placed += await node.auditLog.sequence();
    expect(placed).toBe(90);
    const report = await verify();
    expect(report).toMatchObject({ verified: true, entries: 90, pending: 0, problems: [] });
  });

  test("is followed by another node once its lease has run out, not before", async () => {
    const other = await opened.addNode();
    await write(2);
    await opened.governance.auditLog.sequence();
    await write(3);
    expect(await other.governance.auditLog.sequence()).toBe(0);
    await tamper("update governance_audit_trees set leased_until = now() - interval '1 second' where $mine");
    expect(await other.governance.auditLog.sequence()).toBe(3);
    expect(await verify()).toMatchObject({ verified: true, entries: 5, checkpoints: 2 });
  });

  test("that dies in the middle of a pass leaves nothing half placed", async () => {
    await write(10);
    const dying = createSequencer({
      sql: opened.store.sql,
      clock: systemClock,
      logger: silentLogger,
      // The last step before the commit.
      signer: {
        publicKey: "",
        source: "",
        sign: () => {
          throw new Error("killed");
        },
      },
      shipper: { ship: async () => {}, problemOf: () => null, close: async () => {} },
      holder: "dying",
    });
    await expect(dying.pass()).rejects.toThrow("killed");
    expect((await verify()).pending).toBe(10);
    expect(await opened.governance.auditLog.sequence()).toBe(10);
    expect(await verify()).toMatchObject({ verified: true, entries: 10, pending: 0, problems: [] });
  });

  test("works through a backlog larger than one transaction takes", async () => {
    for (let slice = 0; slice < 11; slice++) {
      await opened.store.sql.as(context, async (tx) => {
        for (let index = 0; index < 100; index++) await opened.governance.audit(tx, { action: "test.bulk", object: "thing" });
      });
    }
    expect(await opened.governance.auditLog.sequence()).toBe(1100);
    expect(await verify()).toMatchObject({ verified: true, entries: 1100, checkpoints: 3 });
  });

  test("appends nothing to a head that contradicts itself", async () => {
    await write(3);
    await opened.governance.auditLog.sequence();
    const damaged = context;
    await tamper("update governance_audit_trees set root_hash = repeat('00', 32) where $mine");
    await write(1);
    context = systemContext("test", createId());
    await write(1);
    await expect(opened.governance.auditLog.sequence()).rejects.toMatchObject({ code: "audit_broken" });
    expect(await verify()).toMatchObject({ verified: true, entries: 1, pending: 0 });
    context = damaged;
    expect(await problems()).toContain("head of the tree (3 entries) does not fit");
    await tamper("delete from governance_audit where $mine and tree_index is null");
  });
});

describe("verification finds", () => {
  beforeEach(async () => {
    for (const size of [4, 5, 6]) {
      await write(size);
      await opened.governance.auditLog.sequence();
    }
    expect(await verify()).toMatchObject({ verified: true, entries: 15, checkpoints: 3, anchoring: "self-consistent, not anchored" });
  });

  test("a deleted entry, by its index", async () => {
    await tamper("delete from governance_audit where $mine and tree_index = 7");
    expect(await problems()).toBe("7: The entry with index 7 is missing.");
  });

  test("a deleted end of the log", async () => {
    await tamper("delete from governance_audit where $mine and tree_index >= 12");
    expect(await problems()).toContain("12: The entries with the indexes 12 to 14 are missing.");
  });

  test("a changed column, by its entry", async () => {
    for (const column of ["actor", "action", "object", "before_hash", "after_hash"]) {
      await tamper(`update governance_audit set ${column} = 'x' || ${column} where $mine and tree_index = 3`);
      expect(await problems(), column).toContain("3: The entry was altered");
      await tamper(`update governance_audit set ${column} = substr(${column}, 2) where $mine and tree_index = 3`);
      expect(await problems(), column).toBe("");
    }
  });

  test("changed plain text, by its entry", async () => {
    await tamper(`update governance_audit set after_text = '{"value":99}' where $mine and tree_index = 9`);
    expect(await problems()).toBe("9: The plain text of `after` was altered: it no longer has its salted hash.");
  });

  test("two entries that changed places", async () => {
    await tamper(
      `update governance_audit set tree_index = case tree_index when 5 then 105 else 106 end where $mine and tree_index in (5, 6)`,
    );
    await tamper(
      `update governance_audit set tree_index = case tree_index when 105 then 6 else 5 end where $mine and tree_index in (105, 106)`,
    );
    expect(await problems()).toContain("between index 4 and 8 one was replaced, altered or moved");
  });

  test("an entry replaced together with its leaf", async () => {
    const [actor, index] = ["system:somebody-else", 10];
    const entry = (await opened.governance.auditLog.list(context, { limit: 50 })).items.find((item) => item.index === index)!;
    const { rows } = await opened.store.sql.system("maintenance", (tx) =>
      tx.client.query<Record<string, string | null>>("select * from governance_audit where id = $1", [entry.id]),
    );
    const [row] = rows;
    const sealed = (name: string) => ({ hash: row![`${name}_hash`]!, salt: row![`${name}_salt`]!, text: row![`${name}_text`]! });
    const leaf = leafOf({
      id: entry.id,
      projectId: context.projectId,
      actor,
      action: entry.action,
      object: entry.object,
      before: sealed("before"),
      after: sealed("after"),
    });
    await tamper(`update governance_audit set actor = '${actor}', leaf_hash = '${toHex(leaf)}' where $mine and tree_index = ${index}`);
    expect(await problems()).toContain("between index 9 and 14 one was replaced");
  });

  test("a forged checkpoint: altered, or signed with another key", async () => {
    const real = (await opened.governance.auditLog.checkpoint(context))!;
    expect(await problems({ ...real, size: 9 })).toContain("given has a signature that does not fit");
    const forger = openSigner(join(opened.dataFolder, "..", "forger"));
    expect(await problems(forger.sign(context.projectId, real))).toContain("given is signed with a key that is not ours");
    await tamper("update governance_audit_checkpoints set root_hash = repeat('00', 32) where $mine and size = 9");
    expect(await problems()).toContain("of 9 entries in the database has a signature that does not fit");
  });

  test("a log cut back together with its head and checkpoints, against a checkpoint kept elsewhere", async () => {
    const kept = (await opened.governance.auditLog.checkpoint(context))!;
    expect(await verify(kept)).toMatchObject({ verified: true, anchoring: "anchored" });
    await tamper("delete from governance_audit where $mine and tree_index >= 9");
    await tamper("delete from governance_audit_checkpoints where $mine and size > 9");
    const { rows } = await opened.store.sql.system("maintenance", (tx) =>
      tx.client.query<{ root_hash: string }>("select root_hash from governance_audit_checkpoints where project_id = $1 and size = 9", [
        context.projectId,
      ]),
    );
    await tamper(`update governance_audit_trees set size = 9, root_hash = '${rows[0]!.root_hash}' where $mine`);
    expect(await problems()).toBe("");
    expect(await problems(kept)).toContain("of 15 entries given is of a longer log: this one holds 9");
  });

  test("nothing wrong after text was erased, and the erasure is in the log", async () => {
    const entry = (await opened.governance.auditLog.list(context, { limit: 1 })).items[0]!;
    await opened.governance.auditLog.erase(context, entry.id);
    const erased = (await opened.governance.auditLog.list(context, { limit: 2 })).items;
    expect(erased[0]).toMatchObject({ action: "governance.erase-audit-text", object: `audit:${entry.id}`, actor: "system:test" });
    expect(erased[1]).toMatchObject({ id: entry.id, before: { erased: true, hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string } });
    await opened.governance.auditLog.sequence();
    expect(await problems()).toBe("");
    await expect(opened.governance.auditLog.erase(systemContext("test", createId()), entry.id)).rejects.toMatchObject({
      code: "not_found",
    });
  });
});

describe("a file sink", () => {
  let path: string;
  let node: Governance;
  beforeEach(async () => {
    path = join(opened.store.dataFolder, `elsewhere-${context.projectId}`, "checkpoints.jsonl");
    node = await nodeWithSink();
  });

  async function nodeWithSink(): Promise<Governance> {
    return (await opened.addNode({ audit: { sinks: [{ kind: "file", path }] } })).governance;
  }

  function sizesInSink(): number[] {
    return readFileSync(path, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { size: number; projectId: string })
      .filter((line) => line.projectId === context.projectId)
      .map((line) => line.size);
  }

  test("holds every checkpoint and anchors the log", async () => {
    for (const size of [2, 3]) {
      await write(size);
      await node.auditLog.sequence();
    }
    expect(sizesInSink()).toEqual([2, 5]);
    expect(await verify(undefined, node)).toMatchObject({ verified: true, anchoring: "anchored" });
    expect(await verify()).toMatchObject({ verified: true, anchoring: "self-consistent, not anchored" });
  });

  test("tells a rewritten database from the one that was", async () => {
    await write(5);
    await node.auditLog.sequence();
    await tamper("delete from governance_audit where $mine and tree_index = 4");
    await tamper("delete from governance_audit_checkpoints where $mine");
    await tamper("update governance_audit set tree_index = null, leaf_hash = null where $mine");
    await tamper("delete from governance_audit_trees where $mine");
    const forged = createSequencer({
      sql: opened.store.sql,
      clock: systemClock,
      logger: silentLogger,
      signer: openSigner(opened.dataFolder),
      shipper: { ship: async () => {}, problemOf: () => null, close: async () => {} },
      holder: "forger",
    });
    expect(await forged.pass()).toBe(4);
    expect(await problems()).toBe("");
    expect(await problems(undefined, node)).toContain("of 5 entries in the sink file");
  });

  test("gets at the next start what a crash kept from it, and survives a torn last line", async () => {
    await write(2);
    await node.auditLog.sequence();
    writeFileSync(path, "");
    await (await nodeWithSink()).auditLog.sequence();
    expect(sizesInSink()).toEqual([2]);
    appendFileSync(path, '{"projectId":"torn');
    const next = await nodeWithSink();
    await tamper("update governance_audit_trees set leased_until = now() - interval '1 second' where $mine");
    await write(1);
    await next.auditLog.sequence();
    expect(await verify(undefined, next)).toMatchObject({ verified: true, anchoring: "anchored", entries: 3 });
  });

  test("that cannot be written holds nothing up", async () => {
    const blocked = (await opened.addNode({ audit: { sinks: [{ kind: "file", path: "/dev/null/checkpoints.jsonl" }] } })).governance;
    await write(2);
    expect(await blocked.auditLog.sequence()).toBe(2);
    expect(await verify(undefined, blocked)).toMatchObject({
      verified: true,
      entries: 2,
      sinks: [
        {
          name: "file /dev/null/checkpoints.jsonl",
          kind: "file",
          size: 0,
          behind: 1,
          problem: expect.stringMatching(/ENOTDIR|EEXIST/) as string,
        },
      ],
    });
  });

  test("that could not be written gets all it missed, in order, with no new entry to wake it", async () => {
    const folder = join(path, "..");
    writeFileSync(folder, "in the way");
    for (const size of [2, 1, 1]) {
      await write(size);
      await node.auditLog.sequence();
    }
    expect((await verify(undefined, node)).sinks[0]).toMatchObject({ behind: 3 });
    rmSync(folder);
    await expect.poll(() => node.auditLog.sequence().then(() => existsSync(path)), { interval: 100 }).toBe(true);
    expect(sizesInSink()).toEqual([2, 3, 4]);
    expect((await verify(undefined, node)).sinks[0]).toMatchObject({ size: 4, behind: 0, problem: null });
  });
});
