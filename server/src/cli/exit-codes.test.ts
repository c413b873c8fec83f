import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { exitCodes } from "./exit-codes.ts";
import { answers } from "./test-answers.ts";
import { type Answers, Refusal, runCli } from "./test-terminal.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-cli-"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

describe("exit codes", () => {
  function refuse(code: string, status: number, headers: Record<string, string> = {}): Answers {
    return {
      "functions.get": () => {
        throw new Refusal(code, status, headers);
      },
    };
  }

  test.each([
    ["unknown_function", 404, exitCodes.notFound],
    ["unauthenticated", 401, exitCodes.notAllowed],
    ["key_revoked", 401, exitCodes.notAllowed],
    ["forbidden", 403, exitCodes.notAllowed],
    ["invalid_request", 400, exitCodes.usage],
    ["invalid_input", 422, exitCodes.usage],
    ["rate_limited", 429, exitCodes.unavailable],
    ["function_switched_off", 503, exitCodes.unavailable],
    ["deadline_exceeded", 504, exitCodes.unavailable],
    ["conflict", 409, exitCodes.failed],
    ["internal", 500, exitCodes.failed],
  ])("%s (%i) gives %i", async (code, status, exit) => {
    expect((await runCli(["functions", "show", "x"], refuse(code, status))).code).toBe(exit);
  });

  test("a server that does not answer gives 5, and says how to start one", async () => {
    const ran = await runCli(["functions", "list", "--url", "http://127.0.0.1:9"], {}, { deps: { connect: undefined } });
    expect(ran.code).toBe(exitCodes.unavailable);
    expect(ran.error).toContain("http://127.0.0.1:9");
    expect(ran.error).toContain("millrace up");
  });

  test("a wrong command line gives 2 and points to help", async () => {
    for (const args of [
      ["functoins"],
      ["functions", "show"],
      ["functions", "list", "--nonsense"],
      ["jobs", "list", "--status", "odd"],
      ["data", "show", "mail"],
      ["feedback"],
      ["release"],
      ["governance", "key", "create", "x"],
      ["governance", "key", "create", "x", "--role", "caller", "--limit", "many"],
      ["inferences", "list", "--limit", "ten"],
      ["feedback", "curate", "f", "--dataset", "d", "--holdout", "7"],
    ]) {
      const ran = await runCli(args, answers);
      expect(ran.code, args.join(" ")).toBe(exitCodes.usage);
      expect(ran.error, args.join(" ")).toMatch(/^error {2}/);
      expect(ran.error, args.join(" ")).toMatch(/to do {2}/);
      expect(ran.requests).toEqual([]);
    }
    expect((await runCli(["functoins"])).error).toContain("Did you mean functions?");
  });

  test("help and version give 0", async () => {
    expect(await runCli(["--help"])).toMatchObject({
      code: 0,
      out: expect.stringContaining("Exit codes: 0 ok, 1 failed, 2 usage") as string,
    });
    expect(await runCli(["explain", "--help"])).toMatchObject({ code: 0, out: expect.stringContaining("millrace explain 0198") as string });
    expect(await runCli(["--version"])).toMatchObject({ code: 0, out: "0.0.0-test\n" });
  });

  test("an error says what, where and what to do", async () => {
    const { error } = await runCli(["functions", "show", "x"], refuse("rate_limited", 429, { "retry-after": "7" }));
    expect(error).toMatch(
      /^error {2}It was refused: rate_limited\.\nwhere {2}millrace functions show · http:\/\/127\.0\.0\.1:7070 · rate_limited · request request-1\n/,
    );
    expect(error).toContain("retryAfterSeconds 7");
    expect(error).toMatch(/to do {2}Do something else\.\n$/);
  });

  test("an error with --json is one JSON line on standard error", async () => {
    const { out, error } = await runCli(["functions", "show", "x", "--json"], refuse("unknown_function", 404));
    expect(out).toBe("");
    expect(JSON.parse(error)).toMatchObject({ error: { code: "unknown_function", exitCode: 3, fix: "Do something else." } });
  });
});

describe("the key", () => {
  async function keyOf(args: string[], environment: Record<string, string> = {}): Promise<string | undefined> {
    let used: string | undefined;
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    await runCli(
      ["functions", "list", ...args],
      {},
      {
        deps: {
          connect: ({ key }) => {
            used = key;
            return { call: () => Promise.resolve({ items: [] } as never) };
          },
        },
      },
    );
    return used;
  }

  test("is --key, else MILLRACE_KEY, else the one in the data folder", async () => {
    writeFileSync(join(folder, "admin.key"), "mr_from_file\n");
    expect(await keyOf(["--data", folder])).toBe("mr_from_file");
    expect(await keyOf(["--data", folder], { MILLRACE_KEY: "mr_from_environment" })).toBe("mr_from_environment");
    expect(await keyOf(["--data", folder, "--key", "mr_given"])).toBe("mr_given");
  });

  test("that is nowhere to be found is said so when the server asks for one", async () => {
    const ran = await runCli(["functions", "list", "--data", folder], {
      "functions.list": () => {
        throw new Refusal("unauthenticated", 401);
      },
    });
    expect(ran).toMatchObject({
      code: exitCodes.notAllowed,
      error: expect.stringContaining(`There is no ${folder}/admin.key here`) as string,
    });
  });
});
