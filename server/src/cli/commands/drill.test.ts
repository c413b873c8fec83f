import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { exitCodes } from "../exit-codes.ts";
import { functionDetail, hash, inferenceDetail, inferenceId } from "../test-records.ts";
import { type Answers, Refusal, runCli } from "../test-terminal.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-cli-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const chain = ["learned", "small", "rules"];
const variants = chain.map((name) => ({ name, kind: "rules", binding: hash, resolved: {}, ready: true }));
const outputSchema = { type: "object", properties: { label: { enum: ["ham", "spam"] } }, required: ["label"] };

/** A server whose chain answers by the first variant that is not drilled; `nobody` answers for those named in it. */
function serving({ nobody = [], label = "ham" }: { nobody?: string[]; label?: string } = {}): Answers {
  const ids = new Map<string, string[]>();
  const idOf = (drill: string[]) => {
    const id = `0198c5a2-7d1e-7abc-8def-00000000000${ids.size}`;
    ids.set(id, drill);
    return id;
  };
  const answering = (drill: string[]) => chain.find((name) => !drill.includes(name) && !nobody.includes(name));
  return {
    "functions.get": () => ({ ...functionDetail, variants, fallback: chain, outputSchema }),
    "inferences.list": () => ({
      items: [
        { ...inferenceDetail, id: inferenceId.replace("0198", "0199"), arm: "drill" },
        { ...inferenceDetail, id: inferenceId },
      ],
      next: null,
    }),
    "functions.infer": ({ body }) => {
      const { drill } = body as { drill: string[] };
      const id = idOf(drill);
      const variant = answering(drill);
      if (variant === undefined) throw Object.assign(new Refusal("all_variants_failed", 502), { details: { inferenceId: id } });
      return { inferenceId: id, function: "triage-mail", output: { label }, variant, binding: hash, fallback: true, latencyMs: 1.5 };
    },
    "inferences.get": ({ parameters }) => {
      const drill = ids.get(parameters["id"]!);
      if (drill === undefined) return { ...inferenceDetail, input: { subject: "stored" }, metadata: { tier: "free" } };
      const variant = answering(drill);
      const at = { kind: "variant", startMs: 0, durationMs: 1 } as const;
      return {
        ...inferenceDetail,
        latencyMs: 2.5,
        produced: variant === "rules" ? { degraded: { kind: "message" } } : {},
        steps: [
          ...drill.map((name) => ({ ...at, name, status: "skipped", error: "variant_failed" })),
          { ...at, name: "small", status: "skipped", details: { when: "failures > 3" } },
          ...(variant === undefined ? [] : [{ ...at, name: variant, status: "ok" }]),
        ],
      };
    },
  };
}

describe("drill", () => {
  test("runs each beginning of the chain on the input of the newest answer, and shows who answered", async () => {
    const ran = await runCli(["drill", "triage-mail"], serving());
    const asked = ran.requests.filter((request) => request.operation === "functions.infer").map((request) => request.body);
    expect(asked).toEqual(
      [[], ["learned"], ["learned", "small"]].map((drill) => ({ input: { subject: "stored" }, metadata: { tier: "free" }, drill })),
    );
    expect(ran.requests.find((request) => request.operation === "inferences.get")?.parameters).toEqual({ id: inferenceId });
    expect(ran.code).toBe(exitCodes.ok);
    const lines = ran.out.split("\n").map((line) => line.split(/ {2,}/));
    expect(lines.slice(0, 4)).toEqual([
      ["FAILING", "STEPS", "ANSWERED BY", "TIME", "SCHEMA"],
      ["nothing", "small not asked, learned ok", "learned", "1.50 ms", "kept"],
      ["learned", "learned drilled, small not asked, small ok", "small", "1.50 ms", "kept"],
      ["learned, small", "learned drilled, small drilled, small not asked, rules ok", "rules (message)", "1.50 ms", "kept"],
    ]);
    expect(ran.out).toContain("Every run was answered.");
  });

  test("ends with 1 when a run has no answer, and shows the others all the same", async () => {
    const ran = await runCli(["drill", "triage-mail"], serving({ nobody: ["rules"] }));
    expect(ran.code).toBe(exitCodes.failed);
    expect(ran.out).toMatch(/learned, small .* nobody: all_variants_failed +2\.50 ms +–/);
    expect(ran.out).toMatch(/nothing .* learned +1\.50 ms +kept/);
    expect(ran.out).toContain("Not every run has an answer");
  });

  test("ends with 1 when an answer does not keep the output schema", async () => {
    const ran = await runCli(["drill", "triage-mail", "--treat-as-failing", "learned", "--json"], serving({ label: "hem" }));
    expect(ran.code).toBe(exitCodes.failed);
    expect(JSON.parse(ran.out)).toMatchObject({ held: false, runs: [{ failing: ["learned"], variant: "small", keepsSchema: false }] });
  });

  test("takes the input from a file, what is to fail and what conditions look at", async () => {
    const file = join(folder, "mail.json");
    writeFileSync(file, '{"subject":"from a file"}');
    const args = ["--treat-as-failing", "learned,small", "--input", file, "--metadata", "tier=free", "--metadata", "level=2"];
    const ran = await runCli(["drill", "triage-mail", ...args, "--json"], serving());
    expect(ran.requests.map((request) => request.operation)).toEqual(["functions.get", "functions.infer", "inferences.get"]);
    expect(ran.requests[1]?.body).toEqual({
      input: { subject: "from a file" },
      metadata: { tier: "free", level: "2" },
      drill: ["learned", "small"],
    });
    expect(JSON.parse(ran.out)).toMatchObject({ function: "triage-mail", held: true, runs: [{ variant: "rules", degraded: "message" }] });
  });

  test("refuses a variant that does not exist, and a function that has answered nothing, before it asks", async () => {
    const unknown = await runCli(["drill", "triage-mail", "--treat-as-failing", "lerned"], serving());
    expect(unknown).toMatchObject({ code: exitCodes.usage, error: expect.stringContaining('no variant "lerned"') as string });
    const empty = await runCli(["drill", "triage-mail"], { ...serving(), "inferences.list": () => ({ items: [], next: null }) });
    expect(empty).toMatchObject({ code: exitCodes.notFound, error: expect.stringContaining("--input <file>") as string });
    const erased = await runCli(["drill", "triage-mail"], { ...serving(), "inferences.get": () => ({ ...inferenceDetail, input: null }) });
    expect(erased.code).toBe(exitCodes.notFound);
    for (const ran of [unknown, empty, erased]) expect(ran.requests.some((request) => request.operation === "functions.infer")).toBe(false);
  });

  test("a refusal before the chain is no outcome of a drill", async () => {
    const refused: Answers = {
      ...serving(),
      "functions.infer": () => {
        throw new Refusal("function_switched_off", 503);
      },
    };
    expect(await runCli(["drill", "triage-mail"], refused)).toMatchObject({ code: exitCodes.unavailable, out: "" });
  });
});
