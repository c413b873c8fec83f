import { execFileSync } from "node:child_process";
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { Command } from "commander";
import { afterAll, describe, expect, test } from "vitest";
import { loadConfig } from "../server/src/app/load-config.ts";
import { addCommands } from "../server/src/cli/commands/index.ts";
import { createTerminal } from "../server/src/cli/terminal.ts";
import { settingsSchema } from "../server/src/monitoring/settings.ts";
import { retrainingConfigSchema } from "../server/src/release/config.ts";
import { levels } from "./architecture.ts";
import { readCommands, readPage, splitWords } from "./markdown.ts";

const root = join(import.meta.dirname, "..");
const pages = new Map(
  globSync(["*.md", "docs/**/*.md", "server/src/**/README.md"], { cwd: root })
    .toSorted()
    .map((path) => [path, readPage(readFileSync(join(root, path), "utf8"))]),
);

// Inside the checkout, so that "millrace" resolves as it does for a user's file; where no other check looks.
mkdirSync(join(root, ".cache"), { recursive: true });
const folder = mkdtempSync(join(root, ".cache", "docs-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Example {
  readonly file: string;
  readonly where: string;
  readonly text: string;
}

/** A page's first example is `<page>.ts`, so that others can import it: `./functions.ts`. */
const examples: Example[] = [...pages].flatMap(([path, page]) =>
  page.blocks
    .filter((block) => block.language === "ts")
    .map(({ text, line }, index) => {
      const file = `${basename(path, ".md")}${index === 0 ? "" : `-${index + 1}`}.ts`;
      // The same line as in the page, for whoever reads the compiler's message.
      return { file, where: `${path}:${line}`, text: `${"\n".repeat(line - 1)}${text}\n` };
    }),
);
for (const { file, text } of examples) writeFileSync(join(folder, file), text);

describe("the examples in the pages", () => {
  test("compile", () => {
    const settings = { extends: "../../tsconfig.json", include: ["*.ts"] };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(settings));
    let problems = "";
    try {
      execFileSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "--project", folder, "--pretty", "false"], {
        cwd: folder,
        encoding: "utf8",
      });
    } catch (error) {
      // The sources have a check of their own.
      const lines = (error as { stdout: string }).stdout.split("\n");
      problems = lines
        .filter((line) => !line.startsWith(".."))
        .join("\n")
        .trim();
    }
    expect(problems).toBe("");
    expect(examples.length).toBeGreaterThan(6);
  });

  test.each(examples.filter(({ text }) => text.includes("export default")))("$where can be started with", async ({ file }) => {
    const { config } = await loadConfig(file, folder);
    expect(config.functions.length + Object.keys(config.gateway.providers).length).toBeGreaterThan(0);
  });

  const settings = examples.filter(({ text }) => /^export const (?:retraining|monitoring|daily)\b/m.test(text));
  test.each(settings)("$where holds settings a function takes", async ({ file }) => {
    const { retraining, ...monitoring } = (await import(pathToFileURL(join(folder, file)).href)) as Record<string, unknown>;
    if (retraining !== undefined) retrainingConfigSchema.parse(retraining);
    for (const each of Object.values(monitoring)) settingsSchema.parse(each);
  });
});

/** The whole command line, which does nothing. */
function createProgram(): Command {
  const program = new Command("millrace");
  addCommands(program, { cli: {} as never, terminal: createTerminal(), run: () => Promise.resolve() });
  program.option("--json").option("--url <url>").option("--key <key>").option("--data <folder>");
  const quiet = (command: Command): void => {
    command.exitOverride().configureOutput({ writeErr: () => {}, writeOut: () => {} });
    for (const child of command.commands) quiet(child);
  };
  quiet(program);
  return program;
}

/** What is wrong with a command line; undefined when it would run. */
async function judgeCommand(words: readonly string[]): Promise<string | undefined> {
  try {
    await createProgram().parseAsync([...words], { from: "user" });
    return undefined;
  } catch (error) {
    return `millrace ${words.join(" ")}: ${(error as Error).message}`;
  }
}

/** What is wrong with a command named in a sentence, where arguments may be left out. */
function judgeMention(words: readonly string[]): string | undefined {
  let command = createProgram();
  const rest = [...words];
  for (;;) {
    const child = command.commands.find((each) => each.name() === rest[0]);
    if (child === undefined) break;
    command = child;
    rest.shift();
  }
  const takes = command.registeredArguments.length;
  const extra = rest.filter((word, index) => !word.startsWith("-") && !rest[index - 1]?.startsWith("-"));
  if (extra.length > takes || (takes === 0 && extra.length > 0)) return `there is no command "${words.join(" ")}"`;
  const known = new Set([...command.options, ...createProgram().options].flatMap((option) => [option.short, option.long]));
  const unknown = rest.filter((word) => word.startsWith("-")).find((word) => !known.has(word) && word !== "--help");
  return unknown === undefined ? undefined : `"${words.join(" ")}": there is no option ${unknown}`;
}

describe("the command lines in the pages", () => {
  const blocks = [...pages].flatMap(([path, page]) =>
    page.blocks
      .filter((block) => ["", "sh"].includes(block.language))
      .flatMap((block) => readCommands(block.text).map((words) => ({ path, words }))),
  );

  test("would run", async () => {
    const problems: string[] = [];
    for (const { path, words } of blocks) {
      const problem = await judgeCommand(words);
      if (problem !== undefined) problems.push(`${path}: ${problem}`);
    }
    expect(problems).toEqual([]);
    expect(blocks.length).toBeGreaterThan(30);
  });

  test("in sentences name commands and options there are", () => {
    const mentions = [...pages].flatMap(([path, page]) =>
      page.spans
        .filter((span) => span.startsWith("millrace ") && !span.includes("<module>"))
        .map((span) => ({ path, words: splitWords(span).slice(1) })),
    );
    const problems = mentions.flatMap(({ path, words }) => {
      const problem = judgeMention(words);
      return problem === undefined ? [] : [`${path}: ${problem}`];
    });
    expect(problems).toEqual([]);
    expect(mentions.length).toBeGreaterThan(60);
  });

  test("are seen to be wrong when they are", async () => {
    expect(await judgeCommand(["storage", "wipe"])).toContain("wipe");
    expect(await judgeCommand(["train", "mail", "--speed", "9"])).toContain("--speed");
    expect(judgeMention(["models", "explode"])).toContain("explode");
    expect(judgeMention(["backup", "--everywhere"])).toContain("--everywhere");
  });
});

describe("what the pages point at", () => {
  test("links lead to pages, pictures and headings there are", () => {
    const problems: string[] = [];
    let checked = 0;
    for (const [path, page] of pages) {
      for (const link of page.links.filter((each) => !/^[a-z]+:/.test(each))) {
        checked += 1;
        const [file, anchor] = link.split("#");
        const target = file === "" ? path : join(dirname(path), file!);
        if (!existsSync(join(root, target))) problems.push(`${path}: ${link} does not exist`);
        else if (anchor !== undefined && pages.get(target)?.anchors.has(anchor) !== true)
          problems.push(`${path}: ${link} has no such heading`);
      }
    }
    expect(problems).toEqual([]);
    expect(checked).toBeGreaterThan(30);
  });

  test("files and folders they name exist", () => {
    const named = [...pages].flatMap(([path, page]) =>
      page.spans
        .filter((span) => /^(?:server|contract|sdk|console|tools|docs|bench|e2e|\.ci)\/[\w./-]+$/.test(span))
        .filter((span) => span !== "server/public")
        .map((span) => ({ path, span })),
    );
    expect(named.filter(({ span }) => !existsSync(join(root, span))).map(({ path, span }) => `${path}: ${span}`)).toEqual([]);
    expect(named.length).toBeGreaterThan(15);
  });

  test("ARCHITECTURE.md has every module at its level", () => {
    const text = readFileSync(join(root, "ARCHITECTURE.md"), "utf8");
    const rows = [...text.matchAll(/^\| (\d+) \| `(\w+)` \|/gm)].map(([, level, module]) => [module, Number(level)]);
    const modules = globSync("server/src/*/index.ts", { cwd: root }).map((path) => basename(dirname(path)));
    const expected = modules.map((module) => [module, levels.findIndex((level) => level.includes(module))]);
    expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(expected));
  });

  test("every module has its page, and the README names every page", () => {
    const modules = globSync("server/src/*/README.md", { cwd: root }).map((path) => basename(dirname(path)));
    for (const module of modules) expect(pages.has(`docs/${module}.md`), `docs/${module}.md`).toBe(true);
    const linked = pages.get("README.md")!.links;
    for (const path of pages.keys()) if (/^docs\/[\w-]+\.md$/.test(path)) expect(linked, path).toContain(path);
  });
});
