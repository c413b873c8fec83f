import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Operation, routes } from "@millrace/contract";
import { Command } from "commander";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { addCommands } from "./commands/index.ts";
import { exitCodes } from "./exit-codes.ts";
import { answers } from "./test-answers.ts";
import { checkpoint, inferenceId as id } from "./test-records.ts";
import { type Answers, runCli } from "./test-terminal.ts";
import { createTerminal, widthOf } from "./terminal.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-cli-"));
  writeFileSync(join(folder, "rows.jsonl"), '{"subject":"a"}\n{"subject":"b"}\n');
  writeFileSync(join(folder, "predictions.jsonl"), predictions);
  writeFileSync(join(folder, "pool.jsonl"), '{"item":1,"features":[0,1]}\n{"item":2,"features":[2,3]}');
  writeFileSync(join(folder, "rules.json"), '[{"name":"has a","label":"spam","column":"subject","contains":["A"]}]');
  writeFileSync(join(folder, "predicted.json"), '{"labels":["ham","spam"],"probabilities":[[0.9,0.1]]}');
  writeFileSync(join(folder, "checkpoint.json"), JSON.stringify({ checkpoint }));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

const predictions = Array.from({ length: 60 }, (_, row) =>
  JSON.stringify({
    truth: row % 3 === 0 ? "spam" : "ham",
    score: ((row * 7) % 10) / 10,
    group: row % 2 === 0 ? "a" : "b",
    columns: { length: row, from: `list ${row % 2}` },
  }),
).join("\n");

/** One line for every command that asks the server. */
function everyCommand(): string[][] {
  return [
    ["overview"],
    ["functions", "list"],
    ["functions", "show", "triage-mail"],
    ["functions", "series", "triage-mail", "--buckets", "4"],
    ["functions", "batch", "triage-mail", "--dataset", "mail@1", "--map", "subject=title", "--concurrency", "4", "--deadline", "500"],
    ["functions", "batch", "triage-mail", "--file", join(folder, "rows.jsonl"), "--out", join(folder, "answers.jsonl")],
    ["functions", "infer-many", "triage-mail", join(folder, "rows.jsonl"), "--deadline", "500"],
    ["functions", "batches", "triage-mail"],
    ["functions", "batches", "triage-mail", id, "--follow"],
    ["functions", "batches", "triage-mail", id, "--cancel"],
    ["inferences", "list", "--function", "triage-mail", "--misread", "true", "--limit", "5"],
    ["inferences", "show", id],
    ["inferences", "erase", id],
    ["inferences", "evidence"],
    ["explain", id],
    ["infer", "triage-mail", '{"subject":"hi"}'],
    ["drill", "triage-mail"],
    ["data", "list"],
    ["data", "show", "mail@1"],
    ["data", "compare", "mail@1", "mail@2"],
    ["data", "trace", "mail@1", "3"],
    ["data", "lineage", "mail@2"],
    ["data", "tag", "mail@2", "golden"],
    ["data", "untag", "mail", "golden"],
    ["data", "rows", "mail@1", "--split", "train"],
    ["data", "quarantine", "mail@1"],
    ["data", "profile", "mail@2", "--contract", "mail@1"],
    ["data", "features", "list"],
    ["data", "features", "values", "spend", "42"],
    ["data", "features", "materialise", "spend@1"],
    ["data", "features", "join", "mail@1", "--views", "spend,visits@2", "--name", "mail-joined"],
    ["data", "features", "check", "spend", "--sample", "100"],
    ["data", "upload", join(folder, "rows.jsonl")],
    ["data", "create", "mail", join(folder, "rows.jsonl"), "--time", "date", "--features", "subject,body", "--label", "label"],
    ["data", "sources"],
    ["data", "read", "orders", "--from-start"],
    ["data", "read", "orders", "--dataset", "orders", "--time", "date", "--features", "amount"],
    ["data", "push", "events", join(folder, "rows.jsonl")],
    ["data", "check-labels", "mail@1"],
    ["data", "check-labels", "mail@1", "--method", "confident", "--predicted", join(folder, "predicted.json")],
    ["data", "combine-labels", join(folder, "rows.jsonl"), "--method", "label-model"],
    ["data", "choose", join(folder, "pool.jsonl"), "--by", "diversity", "--count", "1"],
    ["data", "vote", join(folder, "rows.jsonl"), "--functions", join(folder, "rules.json"), "--out", join(folder, "votes.jsonl")],
    [
      "data",
      "score",
      join(folder, "predictions.jsonl"),
      "--task",
      "classification",
      "--cost-false-positive",
      "1",
      "--cost-false-negative",
      "5",
    ],
    ["models", "list"],
    ["models", "show", "triage-mail"],
    ["models", "show", "triage-mail@1"],
    ["models", "runs", "--model", "triage-mail"],
    ["models", "run", id],
    ["models", "train", "triage-mail", "--dataset", "mail@1"],
    ["models", "export", "triage-mail@1", "--out", join(folder, "model.onnx")],
    ["models", "import", "triage-mail", join(folder, "rows.jsonl"), "--input", "X=age,hours", "--labels", "stays,leaves"],
    [
      "models",
      "search",
      "triage-mail",
      "--dataset",
      "mail@1",
      "--trainer",
      "linear",
      "--space",
      '{"penalty":{"kind":"log","from":0.1,"to":9}}',
    ],
    ["models", "experiment", id],
    ["models", "compare", id, id],
    ["train", "triage-mail", "--dataset", "mail@1", "--auto", "--minutes", "2"],
    ["train", "triage-mail", "--dataset", "mail@1", "--parameter", "c=2", "--parameter", "name=x", "--seed", "7"],
    ["gateway", "models"],
    ["gateway", "traffic", "--hours", "2"],
    ["gateway", "budgets", "--limit", "10"],
    ["gateway", "cache"],
    ["gateway", "cache", "--clear"],
    ["jobs", "list", "--status", "failed"],
    ["jobs", "show", "w-1"],
    ["jobs", "cancel", "w-1"],
    ["jobs", "resume", "w-1"],
    ["jobs", "nodes"],
    ["jobs", "schedules"],
    ["jobs", "events"],
    ["feedback", id, "ham", "--source", "ada"],
    ["feedback", "submit", id, "0.5", "--kind", "rating"],
    ["feedback", "list", "--function", "triage-mail"],
    ["feedback", "stats"],
    ["feedback", "curate", "triage-mail", "--dataset", "mail", "--parent", "mail@1"],
    ["monitoring", "alerts", "--status", "open"],
    ["monitoring", "alert", id],
    ["monitoring", "windows", "triage-mail"],
    ["monitoring", "run", "triage-mail"],
    ["monitoring", "acknowledge", id, "--note", "seen"],
    ["monitoring", "resolve", id],
    ["evaluation", "list"],
    ["evaluation", "show", id],
    ["evaluation", "run", "triage-mail", "--dataset", "mail@2", "--champion", "1", "--challenger", "2"],
    ["release", "triage-mail"],
    ["release", "list", "triage-mail"],
    ["release", "rollback", "triage-mail", "--reason", "worse"],
    ["release", "retrain", "triage-mail", "--wait"],
    ["release", "retrainings"],
    ["release", "retraining", id],
    ["governance", "keys"],
    ["governance", "key", "create", "demo", "--role", "caller", "--function", "triage-mail", "--limit", "1000/60"],
    ["governance", "key", "revoke", id],
    ["governance", "switches"],
    ["governance", "audit"],
    ["governance", "audit", "verify"],
    ["governance", "checkpoint"],
    ["governance", "link"],
    ["kill", "triage-mail", "--reason", "drill"],
    ["audit", "--object", "function:triage-mail"],
    ["audit", "verify", "--against", join(folder, "checkpoint.json")],
    ["storage", "status"],
    ["storage", "retention"],
    ["storage", "backup", "one"],
    ["backup"],
  ];
}

/** What people never type: the console's own, and what probes ask. */
const notCommands: readonly Operation[] = ["health.live", "health.ready", "governance.signIn", "governance.signOut", "governance.me"];

describe("the command line", () => {
  test("reaches every operation of the API with a request its schemas take", async () => {
    const reached = new Set<Operation>();
    for (const args of everyCommand()) {
      const ran = await runCli(args, answers);
      expect(ran.code, `${args.join(" ")}\n${ran.error}`).toBe(0);
      for (const request of ran.requests) reached.add(request.operation);
    }
    const missing = Object.keys(routes).filter(
      (operation) => !reached.has(operation as Operation) && !notCommands.includes(operation as Operation),
    );
    expect(missing).toEqual([]);
  });

  test("prints with --json one line of JSON on standard output and nothing else anywhere", async () => {
    for (const args of everyCommand()) {
      const ran = await runCli([...args, "--json"], answers);
      expect(ran.error, args.join(" ")).toBe("");
      expect(ran.out.trimEnd().split("\n"), args.join(" ")).toHaveLength(1);
      expect(() => JSON.parse(ran.out), args.join(" ")).not.toThrow();
    }
  });

  test("keeps every table inside the window and colours nothing when asked not to", async () => {
    for (const columns of [80, 120]) {
      for (const args of everyCommand()) {
        const { out } = await runCli(args, answers, { terminal: { isTerminal: true, columns } });
        expect(out, args.join(" ")).not.toContain("\u001B");
        // Hashes and ids are never cut: they are there to be copied.
        const long = out.split("\n").filter((line) => widthOf(line) > columns && !/[0-9a-f]{32,}|[0-9a-f]{8}-/.test(line));
        expect(long, args.join(" ")).toEqual([]);
      }
    }
  });

  test("says of every command what it does, and docs/cli.md has a line for each and for nothing else", () => {
    const program = new Command("millrace");
    addCommands(program, { cli: {} as never, terminal: createTerminal(), run: () => Promise.resolve() });
    const found: string[] = [];
    function walk(command: Command, path: string): void {
      expect(command.description(), path).not.toBe("");
      const isLeaf =
        command.commands.length === 0 ||
        ["millrace audit", "millrace governance audit", "millrace feedback", "millrace release"].includes(path);
      if (isLeaf) found.push(path);
      for (const child of command.commands) walk(child, `${path} ${child.name()}`);
    }
    for (const child of program.commands) walk(child, `millrace ${child.name()}`);
    const page = readFileSync(new URL("../../../docs/cli.md", import.meta.url), "utf8");
    const documented = [...page.matchAll(/^\| `(millrace [a-z -]+?)(?: [[<*-].*?)?` \|/gm)].map((match) => match[1]!);
    expect(documented.toSorted()).toEqual(found.toSorted());
    for (const [name, code] of Object.entries(exitCodes)) expect(page, name).toMatch(new RegExp(`^\\| ${code} \\|`, "m"));
  });
});

describe("what takes long", () => {
  const slow: Answers = { "functions.list": () => ({ items: [] }) };

  test("is silent for a second, then says so; in a pipe on a line of its own", async () => {
    vi.useFakeTimers();
    let answer: (value: never) => void = () => {};
    const connect = () => ({ call: () => new Promise<never>((resolve) => (answer = resolve)) });
    let error = "";
    const running = runCli(["functions", "list"], slow, { deps: { connect }, terminal: { error: (text) => (error += text) } });
    await vi.advanceTimersByTimeAsync(900);
    expect(error).toBe("");
    await vi.advanceTimersByTimeAsync(2000);
    expect(error).toBe("waiting for http://127.0.0.1:7070 (1 s)\n");
    answer({ items: [] } as never);
    expect((await running).code).toBe(0);
  });

  test("shows the step of a workflow, and its failure ends with 1", async () => {
    const failed = {
      id: "w-1",
      name: "data.create@1",
      status: "failed",
      node: null,
      attempts: 1,
      createdAt: "2026-11-21T10:00:00Z",
      updatedAt: "2026-11-21T10:00:00Z",
      input: {},
      output: null,
      error: "the rows do not keep the contract",
      steps: [],
    };
    const ran = await runCli(["feedback", "curate", "triage-mail", "--dataset", "mail"], { ...answers, "jobs.get": () => failed });
    expect(ran).toMatchObject({ code: exitCodes.failed, error: expect.stringContaining("the rows do not keep the contract") as string });
  });

  test("can be left running", async () => {
    const ran = await runCli(["train", "triage-mail", "--dataset", "mail@1", "--detach"], answers);
    expect(ran.requests.map((request) => request.operation)).toEqual(["models.createRun"]);
    expect(ran.error).toContain("millrace jobs show w-1");
  });
});

describe("commands that start the program", () => {
  test("pass what was asked to it, announce the address and stop with it", async () => {
    const startApp = vi.fn(() =>
      Promise.resolve({
        url: "http://127.0.0.1:7071",
        adminLink: "http://127.0.0.1:7071/sign-in#t",
        close: () => Promise.resolve(),
        kill: () => undefined,
        stopped: Promise.resolve(0),
      }),
    );
    const ran = await runCli(["up", "--data", folder, "--port", "7071"], {}, { deps: { startApp } });
    expect(startApp).toHaveBeenCalledWith({
      role: "up",
      dataFolder: folder,
      configPath: undefined,
      host: undefined,
      port: 7071,
      watch: false,
    });
    expect(ran.out).toContain("http://127.0.0.1:7071/sign-in#t");
    expect(ran.code).toBe(0);
  });

  test("end with the exit code of the process that does their work", async () => {
    const app = { url: "", adminLink: null, close: () => Promise.resolve(), kill: () => undefined, stopped: Promise.resolve(137) };
    expect((await runCli(["work", "--watch"], {}, { deps: { startApp: () => Promise.resolve(app) } })).code).toBe(137);
  });

  test("answer the demo's own exit code", async () => {
    expect((await runCli(["demo", "--once"], {}, { deps: { runDemo: ({ once }) => Promise.resolve(once ? 1 : 0) } })).code).toBe(1);
  });

  test("print what was migrated and restored", async () => {
    const deps = {
      migrate: () => Promise.resolve({ applied: ["1_a", "2_b"], store: "embedded" }),
      restore: () => Promise.resolve({ files: 3, rows: 1200, seconds: 0.5 }),
    };
    expect((await runCli(["storage", "migrate"], {}, { deps })).out).toContain("2 migrations applied to the embedded store");
    expect((await runCli(["storage", "restore", "backup"], {}, { deps })).out).toMatch(/rows +1,200/);
  });
});
