import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { judge } from "./architecture.ts";

const root = join(import.meta.dirname, "..");
const folders = ["contract/src", "sdk/src", "console", "server/src", "server/test", "bench", "e2e", "tools"].filter((folder) =>
  existsSync(join(root, folder)),
);

function readSources(): Map<string, string> {
  const paths = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((path) => `${folder}/${path}`),
  );
  // A folder with a dot in front is a test's at work, and may be gone when it is read.
  const sources = paths.filter((path) => /\.(ts|tsx|mjs|css)$/.test(path) && !/\/(node_modules|dist|\.[^/]*)\//.test(path));
  return new Map(sources.map((path) => [path, readFileSync(join(root, path), "utf8")]));
}

const violationsOf = (files: Record<string, string>) => judge(new Map(Object.entries(files))).violations;
const importing = (specifier: string) => `import { something } from "${specifier}";\n`;

describe("the architecture", () => {
  const findings = judge(readSources());

  it("keeps levels, doors, confined text and sizes", () => {
    expect(findings.violations).toEqual([]);
  });

  it("was seen whole", () => {
    expect(findings.files).toBeGreaterThan(60);
    expect(findings.imports).toBeGreaterThan(150);
  });
});

describe("the judge of the architecture", () => {
  it.each([
    ["an import from above", "server/src/storage/create.ts", importing("../governance/index.ts")],
    ["an import at the same level", "server/src/data/create.ts", importing("../prompts/index.ts")],
    ["an import past the door", "server/src/jobs/create.ts", importing("../storage/journal/index.ts")],
    ["an import of the composition root", "server/src/cli/create.ts", importing("../app.ts")],
    ["a type import from above", "server/src/core/ids.ts", 'import type { A } from "../storage/index.ts";\n'],
    ["an export from above", "server/src/core/ids.ts", 'export * from "../storage/index.ts";\n'],
    ["an import of several lines", "server/src/core/ids.ts", 'import {\n  a,\n  b,\n} from "../storage/index.ts";\n'],
    ["a dynamic import from above", "server/src/core/ids.ts", 'const late = await import("../storage/index.ts");\n'],
    ["a bare import from above", "server/src/core/ids.ts", 'import "../storage/index.ts";\n'],
    ["a module without a level", "server/src/weather/create.ts", importing("../core/index.ts")],
    ["the contract importing the SDK", "contract/src/index.ts", importing("@millrace/sdk")],
    ["the console importing the server", "console/src/main.tsx", importing("millrace")],
    ["the server importing the SDK outside cli and demo", "server/src/http/create.ts", importing("@millrace/sdk")],
    ["an import across workspaces by path", "sdk/src/index.ts", importing("../../contract/src/index.ts")],
    ["an environment variable", "server/src/jobs/create.ts", "const home = process.env.HOME;\n"],
    ["SQL outside a repository", "server/src/jobs/create.ts", "const rows = query(`\n  select id\n  from jobs_nodes`);\n"],
    ["a query builder outside a repository", "server/src/jobs/create.ts", 'database.selectFrom("jobs_nodes");\n'],
    ["a clock", "server/src/jobs/create.ts", "const now = Date.now();\n"],
    ["chance", "sdk/src/wait.ts", "const jitter = Math.random();\n"],
    ["an id", "server/src/jobs/create.ts", 'import { randomUUID } from "node:crypto";\n'],
    ["a fetch", "server/src/models/create.ts", "const answer = await fetch(url);\n"],
    ["a fetch by another path", "server/src/models/create.ts", "const send = globalThis.fetch;\n"],
    ["an HTTP client", "server/src/models/create.ts", importing("undici")],
    ["a driver at every start", "server/src/gateway/store.ts", importing("ioredis")],
    ["an HTTP client, late", "server/src/models/create.ts", 'const { request } = await import("undici");\n'],
    ["a request over node:https", "server/src/models/create.ts", 'import { Agent, request } from "node:https";\n'],
    ["all of node:http", "server/src/models/create.ts", 'import * as http from "node:http";\n'],
    ["a socket that connects", "server/src/models/create.ts", 'import { connect } from "node:tls";\n'],
    ["a WebSocket", "server/src/models/create.ts", "const socket = new WebSocket(url);\n"],
    ["a long file", "server/src/jobs/create.ts", "\n".repeat(501)],
    ["a vague folder", "server/src/jobs/utils/dates.ts", ""],
    ["a vague file", "server/src/jobs/helpers.ts", ""],
  ])("sees %s", (_what, path, text) => {
    expect(violationsOf({ [path]: text })).toHaveLength(1);
  });

  it.each([
    ["an import from below through the door", "server/src/jobs/create.ts", importing("../storage/index.ts")],
    ["an import inside the module", "server/src/storage/create.ts", importing("./journal/index.ts")],
    ["the composition root importing a module", "server/src/main.ts", importing("./cli/index.ts")],
    ["a test importing what it tests against", "server/src/storage/create.test.ts", importing("../governance/sinks.ts")],
    ["the CLI importing the SDK", "server/src/cli/connect.ts", importing("@millrace/sdk")],
    ["SQL in a repository", "server/src/jobs/repository.ts", "const rows = query(`select id from jobs_nodes`);\n"],
    ["the way out in its place", "server/src/core/egress/create.ts", importing("undici")],
    ["a request through it", "server/src/models/create.ts", "const answer = await egress.fetch(url);\n"],
    ["the SDK's fetch", "sdk/src/client.ts", "const answer = await fetch(url);\n"],
    ["a server", "server/src/http/create.ts", 'import { type IncomingMessage, createServer } from "node:http";\n'],
    ["a sentence that names what is confined", "server/src/jobs/create.ts", "// process.env and Date.now stay in core\n"],
  ])("accepts %s", (_what, path, text) => {
    expect(violationsOf({ [path]: text })).toEqual([]);
  });
});
