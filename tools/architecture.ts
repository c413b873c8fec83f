import { basename, dirname, join, normalize } from "node:path";

/** The modules of `server/src`, lowest first. A module imports only from earlier lines; modules of one line never import each other. */
export const levels: readonly (readonly string[])[] = [
  ["core"],
  ["statistics"],
  ["storage"],
  ["governance"],
  ["jobs"],
  ["data", "prompts"],
  ["models"],
  ["gateway"],
  ["knowledge", "guardrails"],
  ["agents"],
  ["functions"],
  ["feedback"],
  ["monitoring"],
  ["evaluation"],
  ["release"],
  ["papers"],
  ["http", "mcp"],
  ["demo"],
  ["cli"],
  ["app"], // with app.ts, main.ts and index.ts: what is not in a module's folder
];

/** Which of our packages each workspace may import. */
const workspaces: Record<string, readonly string[]> = {
  contract: [],
  sdk: ["@millrace/contract"],
  console: ["@millrace/contract", "@millrace/sdk"],
  server: ["@millrace/contract"],
};
const ownPackage = /^(@millrace\/[\w-]+|millrace)$/;
const usesSdk = /^server\/src\/(cli|demo)\//;
/** A user's file that lies in our tree as an example: it imports the published name. */
const isExample = (path: string) => path.endsWith("millrace.config.ts");

/** Tests, and what only tests use: `test-<what>.ts` beside them, `server/test`, and everything outside the workspaces. */
const isTest = (path: string) =>
  /\.test\.tsx?$|\/test-[\w-]+\.ts$/.test(path) || path.startsWith("server/test/") || !/^(contract|sdk|console|server)\//.test(path);
const importPattern = /^\s*(?:import|export)\b[^;"'`]*?\bfrom\s*"([^"]+)"|^\s*import\s*"([^"]+)"|\bimport\(\s*"([^"]+)"/gm;
const sqlPattern =
  /["'`]\s*(?:select\s[^"'`]*\sfrom\s|insert\s+into\s|update\s+\S+\s+set\s|delete\s+from\s|with\s+\w+\s+as\s*\(|(?:create|alter|drop)\s+(?:table|index|view)\s)|\b(?:selectFrom|insertInto|updateTable|deleteFrom)\(/i;

/** Text that may stand only in some files: what it is, how to see it, where it may be. */
const confined: readonly { what: string; seen: RegExp; allowed: RegExp }[] = [
  {
    what: "process.env (only core/config.ts reads it)",
    seen: /\bprocess\.env\b/,
    allowed: /^server\/src\/core\/config\.ts$|^console\/vite/,
  },
  { what: "SQL (only storage and repository.ts hold it)", seen: sqlPattern, allowed: /^server\/src\/storage\/|\brepository\.ts$/ },
  {
    what: "a clock, chance or an id of its own (only core makes them)",
    seen: /\bDate\.now\b|\bMath\.random\b|\brandomUUID\b/,
    allowed: /^server\/src\/core\/|^console\//,
  },
  {
    what: "a way out of its own (outgoing requests go through core/egress; only the SDK talks to Millrace itself)",
    seen: /(?<![.\w])fetch\(|(?<!typeof )\bglobalThis\.fetch\b|\b(?:from|import|require)\s*\(?\s*"(?:undici|node-fetch|axios|got)(?:\/[^"]*)?"|\bimport\s*(?:\*|\w+|(?:type\s+)?\{[^}]*\b(?:request|get|connect|createConnection)\b[^}]*\})[^;{}]*\bfrom\s*"node:(?:https?|http2|net|tls)"|\bhttps?\.(?:request|get)\(|\bnew (?:WebSocket|EventSource|XMLHttpRequest)\(/,
    allowed: /^server\/src\/core\/egress\/|^sdk\/|^console\//,
  },
  {
    what: "ioredis at every start (most nodes are alone: import it late)",
    seen: /^(?:import|export) (?!type\b)[^;]*\bfrom "ioredis"/m,
    allowed: /^$/,
  },
];
const longestFile = 500;
const vagueName = /^(utils?|common|helpers?|lib|shared|services?)(\.\w+)*$/;

export interface Findings {
  files: number;
  imports: number;
  violations: string[];
}

/** Judges a tree of sources: path from the checkout's root to text. */
export function judge(sources: ReadonlyMap<string, string>): Findings {
  const findings: Findings = { files: sources.size, imports: 0, violations: [] };
  const blame = (path: string, what: string) => findings.violations.push(`${path}: ${what}`);
  for (const [path, text] of sources) {
    const lines = text.split("\n").length - 1;
    if (lines > longestFile) blame(path, `has ${lines} lines, ${longestFile} at most`);
    for (const part of path.split("/")) if (vagueName.test(part)) blame(path, `"${part}" says nothing: name it after what it holds`);
    if (!isTest(path)) {
      const code = withoutComments(text);
      for (const rule of confined) if (rule.seen.test(code) && !rule.allowed.test(path)) blame(path, `holds ${rule.what}`);
    }
    for (const [, from, bare, dynamic] of text.matchAll(importPattern)) {
      findings.imports += 1;
      const problem = judgeImport(path, from ?? bare ?? dynamic ?? "");
      if (problem !== undefined && !isTest(path)) blame(path, problem);
    }
  }
  return findings;
}

function judgeImport(path: string, specifier: string): string | undefined {
  const workspace = path.split("/")[0] ?? "";
  if (ownPackage.test(specifier)) {
    const isAllowed = workspaces[workspace]?.includes(specifier) || (specifier === "@millrace/sdk" && usesSdk.test(path));
    return isAllowed || isExample(path) ? undefined : `may not import ${specifier}`;
  }
  if (!specifier.startsWith(".")) return undefined;
  const target = normalize(join(dirname(path), specifier));
  if (!target.startsWith(`${workspace}/`)) return `imports ${target}: another workspace is imported by its package name`;
  if (workspace !== "server" || moduleOf(path) === moduleOf(target)) return undefined;
  const [mine, theirs] = [levelOf(path), levelOf(target)];
  if (mine < 0 || theirs < 0) return `${moduleOf(mine < 0 ? path : target)} has no level: add it to the table in tools/architecture.ts`;
  if (theirs >= mine) return `imports ${moduleOf(target)}, which is not below ${moduleOf(path)}`;
  return basename(target) === "index.ts" && dirname(dirname(target)) === "server/src"
    ? undefined
    : `imports ${target}: go through ${moduleOf(target)}/index.ts`;
}

function moduleOf(path: string): string {
  const [, , folder, file] = path.split("/");
  return file === undefined || folder === undefined ? "app" : folder;
}

function levelOf(path: string): number {
  return levels.findIndex((level) => level.includes(moduleOf(path)));
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|(^|[^:"'`])\/\/.*$/gm, "$1");
}
