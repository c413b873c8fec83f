import { describe, expect, test } from "vitest";
import { answers } from "../test-answers.ts";
import { type Answers, runCli } from "../test-terminal.ts";

const train = ["train", "triage-mail", "--dataset", "mail@1"];

/** A server whose training goes on until the person at the terminal has read how far it is. */
function trainingUntilRead(said: RegExp): { answers: Answers; terminal: { error(text: string): void }; read(): string } {
  let read = "";
  const run = answers["models.getRun"]!({ parameters: {}, query: {}, body: undefined }) as object;
  const workflow = answers["jobs.get"]!({ parameters: {}, query: {}, body: undefined }) as object;
  return {
    answers: {
      ...answers,
      "jobs.get": () => ({ ...workflow, status: said.test(read) ? "succeeded" : "running" }),
      "models.getRun": () => (said.test(read) ? run : { ...run, status: "running", progress: { stage: "epoch 3 of 11", fraction: 0.42 } }),
    },
    terminal: {
      error: (text) => {
        read += text;
      },
    },
    read: () => read,
  };
}

describe("train", () => {
  test.each([
    ["in a pipe", {}, /training triage-mail: 42 % epoch 3 of 11 \(\d+ s\)\n/],
    ["on a terminal", { isErrorTerminal: true }, /training triage-mail: 42 % epoch 3 of 11 \d+ s/],
  ])("draws how far the training is, %s", async (_where, terminal, said) => {
    const server = trainingUntilRead(said);
    const ran = await runCli(train, server.answers, { terminal: { ...terminal, ...server.terminal } });
    expect(ran.code).toBe(0);
    expect(server.read()).toMatch(said);
    expect(ran.out).toContain("succeeded");
  });

  test.each([
    [[...train, "--auto", "--parameter", "trees=5"], /--auto chooses trainer and parameters itself/],
    [["models", "search", "triage-mail", "--dataset", "mail@1", "--space", "{}"], /name it with --trainer/],
  ])("refuses what a search would not heed: %j", async (args, said) => {
    const ran = await runCli(args, answers);
    expect(ran.code).not.toBe(0);
    expect(ran.requests).toEqual([]);
    expect(ran.error).toMatch(said);
  });

  test("shows the progress of a run that still trains", async () => {
    const server = trainingUntilRead(/never/);
    const ran = await runCli(["models", "run", "019a0000-0000-7000-8000-000000000001"], server.answers);
    expect(ran.out).toMatch(/progress +42 % epoch 3 of 11/);
  });
});
