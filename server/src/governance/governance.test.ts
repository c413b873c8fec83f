import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Permission, permissions, roles } from "@millrace/contract";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Context, createId, createManualClock, defaultProjectId, systemContext } from "../core/index.ts";
import { killFilePath, setLocalSwitch } from "./kill-file.ts";
import { type TestGovernance, openTestGovernance } from "./test-governance.ts";
import type { Governance } from "./types.ts";

const clock = createManualClock(Date.now());
const admin = systemContext("test");
let opened: TestGovernance;
let governance: Governance;

beforeAll(async () => {
  opened = await openTestGovernance({ clock, config: { sessionHours: 1, linkMinutes: 10 } });
  governance = opened.governance;
});
afterAll(() => opened.close());

function refusal(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return (error as { code?: string }).code;
  }
}

function contextOf(bearer: string): Context {
  return { projectId: defaultProjectId, principalId: governance.authenticate({ bearer }).id };
}

async function actionsOn(object: string): Promise<string[]> {
  return (await governance.auditLog.list(admin, { limit: 50, object })).items.map((entry) => entry.action);
}

describe("keys", () => {
  test("work at once, carry their project, permissions, functions and limit, and say who they are", async () => {
    const key = await governance.keys.create(admin, {
      name: "mail-gateway",
      roles: ["caller"],
      permissions: ["data.read"],
      functions: ["triage-mail"],
      limit: { requests: 10, windowSeconds: 60 },
    });
    const principal = governance.authenticate({ bearer: key.key });
    expect(principal).toMatchObject({
      kind: "key",
      name: "mail-gateway",
      projectId: defaultProjectId,
      limit: { requests: 10, windowSeconds: 60 },
    });
    expect(principal.id).toBe(`key:mail-gateway:${key.prefix.slice(3)}`);
    expect([...principal.permissions].toSorted()).toEqual(["data.read", "feedback.write", "functions.infer"]);
    expect([...principal.functions!]).toEqual(["triage-mail"]);
    expect(governance.authenticate({ bearer: key.key })).toBe(principal);
  });

  test("are stored as a hash only: no row of the database holds the secret", async () => {
    const key = await governance.keys.create(admin, { name: "secretive", roles: ["caller"] });
    const secret = key.key.slice(-43);
    for (const table of ["governance_keys", "governance_audit"]) {
      const { rows } = await opened.store.sql.system("maintenance", (tx) => tx.client.query(`select * from ${table}`));
      expect(rows.length).toBeGreaterThan(0);
      expect(JSON.stringify(rows)).not.toContain(secret);
    }
  });

  test("that are unknown, malformed, altered or absent are unauthenticated; revoked ones are told so", async () => {
    const key = await governance.keys.create(admin, { name: "short-lived", roles: ["caller"] });
    const altered = key.key.slice(0, -1) + (key.key.endsWith("A") ? "B" : "A");
    for (const bearer of ["", "nonsense", `mr_0123456789ab_${"a".repeat(43)}`, altered])
      expect(
        refusal(() => governance.authenticate({ bearer })),
        bearer,
      ).toBe("unauthenticated");
    expect(refusal(() => governance.authenticate({}))).toBe("unauthenticated");
    const revoked = await governance.keys.revoke(admin, key.id);
    expect(revoked.revokedAt).not.toBeNull();
    expect(refusal(() => governance.authenticate({ bearer: key.key }))).toBe("key_revoked");
    expect(refusal(() => governance.authenticate({ bearer: altered }))).toBe("unauthenticated");
  });

  test("revoked twice stay revoked as they were, with one audit entry; an unknown id is not found", async () => {
    const key = await governance.keys.create(admin, { name: "twice", roles: ["caller"] });
    const first = await governance.keys.revoke(admin, key.id);
    expect(await governance.keys.revoke(admin, key.id)).toEqual(first);
    expect(await actionsOn(`key:${key.id}`)).toEqual(["governance.revoke-key", "governance.create-key"]);
    await expect(governance.keys.revoke(admin, createId())).rejects.toMatchObject({ code: "not_found" });
  });

  test("revoked on one node are refused on another by its own polling", async () => {
    const other = await opened.addNode();
    const key = await governance.keys.create(admin, { name: "everywhere", roles: ["caller"] });
    await vi.waitFor(() => expect(other.governance.authenticate({ bearer: key.key }).name).toBe("everywhere"));
    await governance.keys.revoke(admin, key.id);
    await vi.waitFor(() => expect(refusal(() => other.governance.authenticate({ bearer: key.key }))).toBe("key_revoked"));
  });

  test("are listed newest first, page by page, without their secrets", async () => {
    for (const name of ["page-1", "page-2", "page-3"]) await governance.keys.create(admin, { name, roles: ["viewer"] });
    const first = await governance.keys.list(admin, { limit: 2 });
    expect(first.items.map((key) => key.name)).toEqual(["page-3", "page-2"]);
    const second = await governance.keys.list(admin, { limit: 2, cursor: first.next! });
    expect(second.items[0]!.name).toBe("page-1");
    expect(JSON.stringify(first)).not.toContain("secret");
  });

  test("of one project are not seen, listed or revoked from another", async () => {
    const elsewhere: Context = { projectId: createId(), principalId: "system:test" };
    const key = await governance.keys.create(elsewhere, { name: "foreign", roles: ["owner"] });
    expect(governance.authenticate({ bearer: key.key }).projectId).toBe(elsewhere.projectId);
    expect((await governance.keys.list(admin, { limit: 500 })).items.map((item) => item.name)).not.toContain("foreign");
    await expect(governance.keys.revoke(admin, key.id)).rejects.toMatchObject({ code: "not_found" });
    expect((await governance.auditLog.list(elsewhere, { limit: 10 })).items.map((entry) => entry.action)).toEqual([
      "governance.create-key",
    ]);
  });

  test("never grant more than their creator has", async () => {
    await fc.assert(
      fc.asyncProperty(fc.subarray([...permissions]), fc.subarray([...permissions], { minLength: 1 }), async (has, wants) => {
        const granted = [...new Set<Permission>([...has, "governance.write"])];
        const creator = contextOf((await governance.keys.create(admin, { name: "creator", permissions: granted })).key);
        const creating = governance.keys.create(creator, { name: "created", permissions: wants });
        if (wants.every((permission) => granted.includes(permission))) {
          expect([...governance.authenticate({ bearer: (await creating).key }).permissions].toSorted()).toEqual(wants.toSorted());
        } else {
          await expect(creating).rejects.toMatchObject({ code: "forbidden" });
        }
      }),
      { numRuns: 25 },
    );
  });

  test("limited to functions pass on those functions at most", async () => {
    const creator = contextOf((await governance.keys.create(admin, { name: "limited", roles: ["owner"], functions: ["rank"] })).key);
    await expect(governance.keys.create(creator, { name: "all", roles: ["caller"] })).rejects.toMatchObject({ code: "forbidden" });
    await expect(
      governance.keys.create(creator, { name: "other", roles: ["caller"], functions: ["rank", "triage-mail"] }),
    ).rejects.toMatchObject({ code: "forbidden" });
    expect((await governance.keys.create(creator, { name: "same", roles: ["caller"], functions: ["rank"] })).functions).toEqual(["rank"]);
  });

  test("of an unknown principal create nothing", async () => {
    const nobody: Context = { projectId: defaultProjectId, principalId: "key:nobody:000000000000" };
    await expect(governance.keys.create(nobody, { name: "sneaky", permissions: ["functions.infer"] })).rejects.toMatchObject({
      code: "forbidden",
    });
    await expect(governance.sessions.createLink(nobody)).rejects.toMatchObject({ code: "forbidden" });
  });
});

describe("the admin key", () => {
  test("is written once for its owner only, works, and is replaced when it is lost or unknown", async () => {
    const first = await governance.ensureAdminKey();
    const path = join(opened.dataFolder, "admin.key");
    expect(first).toEqual({ path, created: true });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const key = readFileSync(path, "utf8").trim();
    expect([...governance.authenticate({ bearer: key }).permissions].toSorted()).toEqual([...roles.owner].toSorted());
    expect(await governance.ensureAdminKey()).toEqual({ path, created: false });
    writeFileSync(path, "mr_000000000000_unknown");
    expect((await governance.ensureAdminKey()).created).toBe(true);
    rmSync(path);
    expect((await governance.ensureAdminKey()).created).toBe(true);
    expect(existsSync(`${path}.new`)).toBe(false);
  });

  test("that was revoked is not quietly replaced", async () => {
    const path = join(opened.dataFolder, "admin.key");
    await governance.ensureAdminKey();
    const prefix = readFileSync(path, "utf8").slice(0, 15);
    const key = (await governance.keys.list(admin, { limit: 500 })).items.find((item) => item.prefix === prefix)!;
    await governance.keys.revoke(admin, key.id);
    expect((await governance.ensureAdminKey()).created).toBe(false);
    rmSync(path);
  });
});

describe("sign-in", () => {
  test("spends a link once and opens a session with its creator's permissions", async () => {
    const { token } = await governance.sessions.createLink(admin);
    const { session, principal } = await governance.sessions.signIn(token);
    expect(principal.kind).toBe("session");
    expect(governance.authenticate({ session })).toEqual(principal);
    expect(principal.permissions.size).toBe(permissions.length);
    await expect(governance.sessions.signIn(token)).rejects.toMatchObject({ code: "sign_in_link_invalid" });
  });

  test("lets one of many who use the same link at once in", async () => {
    const { token } = await governance.sessions.createLink(admin);
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => governance.sessions.signIn(token)));
    expect(results.filter((result) => result.status === "fulfilled")).toHaveLength(1);
  });

  test("refuses links that are expired, altered or invented", async () => {
    const { token } = await governance.sessions.createLink(admin);
    await expect(governance.sessions.signIn(token.slice(0, -1) + (token.endsWith("A") ? "B" : "A"))).rejects.toMatchObject({
      code: "sign_in_link_invalid",
    });
    await expect(governance.sessions.signIn("hello")).rejects.toMatchObject({ code: "sign_in_link_invalid" });
    clock.advance(11 * 60_000);
    await expect(governance.sessions.signIn(token)).rejects.toMatchObject({ code: "sign_in_link_invalid" });
  });

  test("ends with sign-out, with time, and with the key that made the link", async () => {
    const byTime = await governance.sessions.signIn((await governance.sessions.createLink(admin)).token);
    const byHand = await governance.sessions.signIn((await governance.sessions.createLink(admin)).token);
    await governance.sessions.signOut(byHand.session);
    await governance.sessions.signOut(byHand.session);
    expect(refusal(() => governance.authenticate({ session: byHand.session }))).toBe("unauthenticated");
    const inForce = ({ principal }: { principal: { projectId: string; id: string } }) =>
      governance.principal({ projectId: principal.projectId, principalId: principal.id })?.id ?? null;
    expect([inForce(byHand), inForce(byTime)]).toEqual([null, byTime.principal.id]);

    const key = await governance.keys.create(admin, { name: "opener", roles: ["viewer"], permissions: ["governance.write"] });
    const opener = contextOf(key.key);
    const spare = await governance.sessions.createLink(opener);
    const byKey = await governance.sessions.signIn((await governance.sessions.createLink(opener)).token);
    expect(byKey.principal.permissions.has("data.write")).toBe(false);
    await governance.keys.revoke(admin, key.id);
    expect(refusal(() => governance.authenticate({ session: byKey.session }))).toBe("unauthenticated");
    await expect(governance.sessions.signIn(spare.token)).rejects.toMatchObject({ code: "sign_in_link_invalid" });

    expect(governance.authenticate({ session: byTime.session }).id).toBe(byTime.principal.id);
    clock.advance(61 * 60_000);
    expect(refusal(() => governance.authenticate({ session: byTime.session }))).toBe("unauthenticated");
    expect(inForce(byTime)).toBeNull();
  });

  test("stores no token", async () => {
    const { token } = await governance.sessions.createLink(admin);
    const { session } = await governance.sessions.signIn(token);
    for (const table of ["governance_links", "governance_sessions", "governance_audit"]) {
      const { rows } = await opened.store.sql.system("maintenance", (tx) => tx.client.query(`select * from ${table}`));
      expect(JSON.stringify(rows)).not.toContain(token.slice(-43));
      expect(JSON.stringify(rows)).not.toContain(session.slice(-43));
    }
  });
});

describe("kill switches", () => {
  const on = { off: false, reason: null, by: null };

  test("switch one function off and on, at once, with the reason and who it was", async () => {
    expect(governance.switches.check(defaultProjectId, "triage-mail")).toEqual(on);
    await governance.switches.set(admin, "triage-mail", { off: true, reason: "wrong answers" });
    expect(governance.switches.check(defaultProjectId, "triage-mail")).toEqual({ off: true, reason: "wrong answers", by: "system:test" });
    expect(governance.switches.check(defaultProjectId, "rank")).toEqual(on);
    expect(governance.switches.check(createId(), "triage-mail")).toEqual(on);
    await governance.switches.set(admin, "triage-mail", { off: false });
    expect(governance.switches.check(defaultProjectId, "triage-mail")).toEqual(on);
    expect(await actionsOn("function:triage-mail")).toEqual(["governance.switch-on", "governance.switch-off"]);
  });

  test("switch every function off with a star, on every node", async () => {
    const other = await opened.addNode();
    await governance.switches.set(admin, "*", { off: true, reason: "stop" });
    expect(governance.switches.check(defaultProjectId, "anything").off).toBe(true);
    await vi.waitFor(() => expect(other.governance.switches.check(defaultProjectId, "anything").off).toBe(true));
    await governance.switches.set(admin, "*", { off: false });
    expect(governance.switches.check(defaultProjectId, "anything")).toEqual(on);
  });

  test("are refused for what cannot be a function", async () => {
    await expect(governance.switches.set(admin, "Triage Mail", { off: true })).rejects.toMatchObject({ code: "invalid_request" });
  });

  test("obey the local kill file, which the database cannot overrule", async () => {
    const path = killFilePath(opened.dataFolder);
    setLocalSwitch(path, { target: "rank", off: true, reason: "no database", at: "2026-11-21T10:00:00.000Z" });
    await vi.waitFor(() =>
      expect(governance.switches.check(defaultProjectId, "rank")).toEqual({ off: true, reason: "no database", by: "kill file" }),
    );
    await governance.switches.set(admin, "rank", { off: false });
    expect(governance.switches.check(defaultProjectId, "rank").off).toBe(true);
    expect(await governance.switches.list(admin)).toContainEqual({
      target: "rank",
      off: true,
      reason: "no database",
      changedBy: "kill file",
      changedAt: "2026-11-21T10:00:00.000Z",
    });
    setLocalSwitch(path, { target: "rank", off: false, reason: null, at: null });
    await vi.waitFor(() => expect(governance.switches.check(defaultProjectId, "rank")).toEqual(on));
  });
});
