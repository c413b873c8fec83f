import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { exitCodes } from "../exit-codes.ts";
import { answers } from "../test-answers.ts";
import { checkpoint, inferenceId as id } from "../test-records.ts";
import { runCli } from "../test-terminal.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-cli-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("infer", () => {
  test("takes the input as JSON, from a file, as fields, or from standard input", async () => {
    const input = { subject: "hi" };
    writeFileSync(join(folder, "input.json"), JSON.stringify(input));
    const ways: [string[], string][] = [
      [['{"subject":"hi"}'], ""],
      [[`@${join(folder, "input.json")}`], ""],
      [["--field", "subject=hi"], ""],
      [["-"], JSON.stringify(input)],
      [[], JSON.stringify(input)],
    ];
    for (const [args, standardInput] of ways) {
      const ran = await runCli(["infer", "triage-mail", ...args], answers, {
        terminal: { readInput: () => Promise.resolve(standardInput) },
      });
      expect(ran.requests[0]?.body, args.join(" ")).toEqual({ input });
    }
  });

  test("refuses text that is not JSON, a file that is not there, and two inputs, before asking", async () => {
    for (const args of [["{"], ["@/nowhere/input.json"], ["{}", "--field", "a=1"]]) {
      const ran = await runCli(["infer", "triage-mail", ...args], answers);
      expect(ran.code, args.join(" ")).not.toBe(0);
      expect(ran.requests).toEqual([]);
    }
  });

  test("passes deadline, drill and the caller's time on", async () => {
    const ran = await runCli(
      ["infer", "triage-mail", "{}", "--deadline", "50", "--drill", "learned,rules", "--occurred", "2002-09-12T08:00:00Z"],
      answers,
    );
    expect(ran.requests[0]?.body).toEqual({ input: {}, deadlineMs: 50, drill: ["learned", "rules"], occurredAt: "2002-09-12T08:00:00Z" });
  });
});

describe("feedback", () => {
  test("keeps a label as text even where it looks like a number", async () => {
    expect((await runCli(["feedback", id, "1"], answers)).requests[0]?.body).toEqual({
      items: [{ inferenceId: id, kind: "label", value: "1", source: "cli" }],
    });
    expect((await runCli(["feedback", id, "1", "--kind", "rating"], answers)).requests[0]?.body).toMatchObject({ items: [{ value: 1 }] });
  });

  test("sends a file of thousands in batches and adds the receipts up", async () => {
    const file = join(folder, "feedback.jsonl");
    writeFileSync(
      file,
      Array.from({ length: 2300 }, () => `${JSON.stringify({ inferenceId: id, kind: "label", value: "ham", source: "reader" })}\n`).join(
        "",
      ),
    );
    const ran = await runCli(["feedback", "submit", file, "--file", "--json"], {
      "feedback.submit": ({ body }) => ({ accepted: (body as { items: unknown[] }).items.length, repeated: 0, refused: 0, results: [] }),
    });
    expect(ran.requests).toHaveLength(3);
    expect(JSON.parse(ran.out)).toMatchObject({ accepted: 2300, refused: 0 });
  });

  test("says which line of a file is wrong", async () => {
    const file = join(folder, "feedback.jsonl");
    writeFileSync(file, `${JSON.stringify({ inferenceId: id, kind: "label", value: "ham", source: "reader" })}\n{"kind":"label"}\n`);
    const ran = await runCli(["feedback", "submit", file, "--file"], answers);
    expect(ran).toMatchObject({ code: exitCodes.usage, error: expect.stringContaining("Line 2") as string });
    expect(ran.requests).toHaveLength(1);
  });

  test("about an unknown inference ends with 3", async () => {
    const result = { inferenceId: id, status: "refused", id: null, code: "unknown_inference", reason: "No inference has this id." };
    const ran = await runCli(["feedback", id, "ham"], {
      "feedback.submit": () => ({ accepted: 0, repeated: 0, refused: 1, results: [result] }),
    });
    expect(ran.code).toBe(exitCodes.notFound);
    expect(ran.out).toContain("unknown_inference");
  });
});

describe("kill", () => {
  test("asks the server, for one function or for all", async () => {
    expect((await runCli(["kill", "triage-mail", "--reason", "wrong"], answers)).requests[0]).toMatchObject({
      parameters: { target: "triage-mail" },
      body: { off: true, reason: "wrong" },
    });
    const all = await runCli(["kill", "*", "--on"], answers);
    expect(all.requests[0]).toMatchObject({ parameters: { target: "*" }, body: { off: false } });
    expect(all.out).toBe("Every function is on.\n");
  });

  test("with no server that answers points to --local", async () => {
    const ran = await runCli(["kill", "triage-mail", "--url", "http://127.0.0.1:9"], {}, { deps: { connect: undefined } });
    expect(ran).toMatchObject({ code: exitCodes.unavailable, error: expect.stringContaining("--local") as string });
  });

  test("--local writes the kill file and asks nobody", async () => {
    const ran = await runCli(["kill", "triage-mail", "--local", "--reason", "no database", "--data", folder]);
    expect(ran).toMatchObject({ code: 0, requests: [], out: "triage-mail is off: no database.\n" });
    expect(JSON.parse(readFileSync(join(folder, "kill"), "utf8"))).toMatchObject({ target: "triage-mail", reason: "no database" });
    await runCli(["kill", "triage-mail", "--local", "--on", "--data", folder]);
    expect(() => readFileSync(join(folder, "kill"))).toThrow("ENOENT");
    expect((await runCli(["kill", "Triage Mail", "--local", "--data", folder])).code).toBe(exitCodes.usage);
  });
});

describe("audit verify", () => {
  test("ends with 1 and lists the problems when the log does not verify", async () => {
    const broken = {
      verified: false,
      entries: 41,
      pending: 0,
      checkpoints: 9,
      anchoring: "self-consistent, not anchored",
      sinks: [],
      sealed: { hours: 0, records: 0 },
      problems: [{ entryId: null, index: 7, problem: "The entry with index 7 is missing." }],
    };
    const ran = await runCli(["audit", "verify"], { "governance.verifyAudit": () => broken });
    expect(ran.code).toBe(exitCodes.failed);
    expect(ran.out).toContain("The audit log does not verify.");
    expect(ran.out).toContain("The entry with index 7 is missing.");
  });

  test("says which sink is behind, and why", async () => {
    const ran = await runCli(["audit", "verify"], answers);
    expect(ran.code).toBe(0);
    expect(ran.out).toMatch(/webhook audit\.example\.com +7 +2 +webhook audit\.example\.com answered 503\./);
  });

  test("takes a checkpoint as printed, bare, or as the last line of a sink's file", async () => {
    const forms = {
      printed: JSON.stringify({ checkpoint }),
      bare: JSON.stringify(checkpoint, null, 2),
      sink: `${JSON.stringify({ projectId: id, ...checkpoint, size: 1 })}\n${JSON.stringify({ projectId: id, ...checkpoint })}\n`,
    };
    for (const [name, text] of Object.entries(forms)) {
      writeFileSync(join(folder, name), text);
      expect((await runCli(["audit", "verify", "--against", join(folder, name)], answers)).requests[0]?.body, name).toEqual({
        against: checkpoint,
      });
    }
    writeFileSync(join(folder, "odd"), "{}");
    expect((await runCli(["audit", "verify", "--against", join(folder, "odd")], answers)).code).toBe(exitCodes.usage);
    expect((await runCli(["audit", "verify", "--against", join(folder, "absent")], answers)).code).toBe(exitCodes.notFound);
  });
});
