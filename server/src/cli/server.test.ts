import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { InferResponse } from "@millrace/contract";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { fakeModels } from "../../test/functions.ts";
import { type TestHttp, openTestHttp } from "../../test/http.ts";
import { exitCodes } from "./exit-codes.ts";
import { runCli } from "./test-terminal.ts";

/** The command line against the real edge, over a real store, journal and audit log. */
describe("against a running server", () => {
  let server: TestHttp;

  beforeAll(async () => {
    const models = fakeModels();
    models.versions.set("triage-mail", [2]);
    server = await openTestHttp({ models });
  });
  afterAll(() => server.close());

  function run(...args: string[]) {
    return runCli([...args, "--url", server.url, "--key", server.adminKey], {}, { deps: { connect: undefined } });
  }

  async function infer(...args: string[]): Promise<InferResponse> {
    const ran = await run("infer", "triage-mail", "--field", "subject=Win $$$", "--field", "body=now", ...args, "--json");
    expect(ran.error).toBe("");
    return JSON.parse(ran.out) as InferResponse;
  }

  test("an answer is asked for, found in the list and explained", async () => {
    const answer = await infer();
    expect(answer).toMatchObject({ variant: "learned", output: { label: "ham" } });
    await server.stored();
    expect((await run("inferences", "list", "--function", "triage-mail")).out).toContain(answer.inferenceId);
    const { out, code } = await run("explain", answer.inferenceId);
    expect(code).toBe(exitCodes.ok);
    for (const part of [
      'It answered "ham" with confidence 90.0 %',
      "Win $$$",
      "May label a message, may not delete one.",
      "learned",
      "config hash",
      "functions.read-inference",
    ])
      expect(out).toContain(part);
    expect(out).toContain(answer.binding);
  });

  test("a drill is answered by the fallback, and the page says why", async () => {
    const answer = await infer("--drill", "learned");
    expect(answer).toMatchObject({ variant: "rules", fallback: true });
    await server.stored();
    expect((await run("explain", answer.inferenceId)).out).toMatch(/fallback {2}yes, because learned/);
  });

  test("the whole chain is drilled on what was asked last, and a chain that ends in nothing is told", async () => {
    await infer();
    await server.stored();
    const whole = await run("drill", "triage-mail", "--json");
    expect(whole.code).toBe(exitCodes.ok);
    expect(JSON.parse(whole.out)).toMatchObject({
      held: true,
      runs: [
        { failing: [], variant: "learned", keepsSchema: true, steps: ["learned ok"] },
        { failing: ["learned"], variant: "rules", keepsSchema: true, steps: ["learned drilled", "rules ok"] },
      ],
    });
    const nothing = await run("drill", "triage-mail", "--treat-as-failing", "learned,rules");
    expect(nothing.code).toBe(exitCodes.failed);
    expect(nothing.out).toMatch(/learned drilled, rules drilled +nobody: all_variants_failed/);
  });

  test("a killed function ends with 5 and the reason; switched on again it answers", async () => {
    expect((await run("kill", "triage-mail", "--reason", "a drill")).out).toContain("is off: a drill.");
    const refused = await run("infer", "triage-mail", "{}");
    expect(refused).toMatchObject({ code: exitCodes.unavailable, error: expect.stringContaining("a drill") as string });
    expect((await run("governance", "switches")).out).toContain("a drill");
    await run("kill", "triage-mail", "--on");
    expect((await infer()).variant).toBe("learned");
  });

  test("a new key works within its permissions and not after it was revoked", async () => {
    const created = JSON.parse(
      (await run("governance", "key", "create", "mail-gateway", "--role", "caller", "--function", "triage-mail", "--json")).out,
    ) as { id: string; key: string };
    const asCaller = (...args: string[]) =>
      runCli([...args, "--url", server.url, "--key", created.key], {}, { deps: { connect: undefined } });
    expect((await asCaller("infer", "triage-mail", '{"subject":"a","body":"b"}')).code).toBe(exitCodes.ok);
    const refused = await asCaller("audit");
    expect(refused).toMatchObject({ code: exitCodes.notAllowed, error: expect.stringContaining("governance.read") as string });
    expect((await run("governance", "keys")).out).toContain("mail-gateway");
    expect((await run("governance", "key", "revoke", created.id)).out).toContain("is revoked");
    expect(await asCaller("infer", "triage-mail", "{}")).toMatchObject({
      code: exitCodes.notAllowed,
      error: expect.stringContaining("key_revoked") as string,
    });
  });

  test("the audit log is listed, proven, and proven again against a checkpoint kept in a file", async () => {
    await server.governance.auditLog.sequence();
    await vi.waitFor(async () => expect((await run("audit", "--action", "governance.switch-off")).out).toContain("function:triage-mail"));
    expect((await run("audit", "verify")).out).toContain("The audit log verifies (self-consistent, not anchored).");
    const file = join(server.store.dataFolder, "checkpoint.json");
    writeFileSync(file, (await run("governance", "checkpoint", "--json")).out);
    expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ checkpoint: { size: expect.any(Number) as number } });
    expect(await run("audit", "verify", "--against", file)).toMatchObject({
      code: exitCodes.ok,
      out: expect.stringContaining("(anchored).") as string,
    });
    await server.store.sql.system("maintenance", (tx) =>
      tx.client.query("update governance_audit set actor = 'nobody' where tree_index = 0"),
    );
    expect(await run("audit", "verify")).toMatchObject({
      code: exitCodes.failed,
      out: expect.stringContaining("The entry was altered") as string,
    });
  });

  test("unknown things end with 3, wrong input with 2", async () => {
    expect((await run("functions", "show", "nothing-here")).code).toBe(exitCodes.notFound);
    expect((await run("explain", "0198c5a2-7d1e-7abc-8def-0123456789ab")).code).toBe(exitCodes.notFound);
    const wrong = await run("infer", "triage-mail", '{"subject":7}');
    expect(wrong).toMatchObject({ code: exitCodes.usage, error: expect.stringContaining("invalid_input") as string });
  });

  test("prints a sign-in link that works once", async () => {
    const { url } = JSON.parse((await run("governance", "link", "--json")).out) as { url: string };
    expect(url).toContain(server.url.replace(/:\d+$/, ""));
  });
});
