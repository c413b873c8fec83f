import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { z } from "zod";
import { AppError, canonicalJson, sha256 } from "../core/index.ts";
import { type ResolvedConfig, configSchema } from "./config.ts";
import { hashSources } from "./hash-sources.ts";

export interface LoadedConfig {
  readonly config: ResolvedConfig;
  /** SHA-256 of the canonical JSON, with each function's code stood for by the hash of its source files. */
  readonly hash: string;
  /** Hash of the source files alone: the version of plain code. */
  readonly sourceHash: string;
  /** What was hashed: no code, no secret. */
  readonly document: unknown;
  readonly path: string;
}

export const configFileNames = ["millrace.config.ts", "millrace.config.js", "millrace.config.mjs"];

/** Loads and checks a configuration file; `config_missing` when there is none, `config_invalid` naming each path in it. */
export async function loadConfig(given: string | undefined, folder: string): Promise<LoadedConfig> {
  const path = findConfig(given, folder);
  let sources: string;
  let exported: { default?: unknown };
  try {
    sources = await hashSources(path);
    exported = (await import(pathToFileURL(path).href)) as { default?: unknown };
  } catch (cause) {
    if (cause instanceof AppError) throw new AppError(cause.code, `${path}: ${cause.message}`, { details: cause.details, cause });
    throw new AppError("config_invalid", `${path} cannot be loaded: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
  const config = checkConfig(exported.default, path);
  const document = describeConfig(config, sources);
  return { config, hash: sha256(canonicalJson(document)), sourceHash: sources, document, path };
}

function findConfig(given: string | undefined, folder: string): string {
  const candidates = given === undefined ? configFileNames.map((name) => resolve(folder, name)) : [resolve(folder, given)];
  const found = candidates.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new AppError("config_missing", `There is no configuration at ${candidates[0]}.`, { details: { looked: candidates } });
}

/** Checks what a configuration file exports; every problem names its path, like `functions[0].fallback`. */
export function checkConfig(exported: unknown, path: string): ResolvedConfig {
  if (exported === undefined)
    throw new AppError("config_invalid", `${path} has no default export. Write \`export default defineConfig({ ... })\`.`);
  const parsed = configSchema.safeParse(exported);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => ({ path: formatPath(issue.path), message: issue.message }));
    throw new AppError("config_invalid", `${path}: ${problems.map((problem) => `${problem.path}: ${problem.message}`).join("; ")}`, {
      details: { problems },
    });
  }
  const names = parsed.data.functions.map((each) => each.name);
  const twice = names.findIndex((name, index) => names.indexOf(name) !== index);
  if (twice !== -1)
    throw new AppError("config_invalid", `${path}: functions[${twice}].name: "${names[twice]}" is declared twice.`, {
      details: { problems: [{ path: `functions[${twice}].name`, message: "declared twice" }] },
    });
  return parsed.data;
}

function formatPath(path: z.core.$ZodIssue["path"]): string {
  return (
    path.map((part, index) => (typeof part === "number" ? `[${part}]` : `${index === 0 ? "" : "."}${String(part)}`)).join("") ||
    "the whole file"
  );
}

function describeConfig(config: ResolvedConfig, sources: string): unknown {
  const functions = config.functions.map((each) => ({
    name: each.name,
    owner: each.owner,
    purpose: each.purpose,
    boundary: each.boundary,
    latencyBudgetMs: each.latencyBudgetMs,
    maxBodyBytes: each.maxBodyBytes,
    variants: Object.fromEntries(Object.entries(each.variants).map(([name, variant]) => [name, withoutCode(variant)])),
    fallback: each.fallback,
    conditions: Object.fromEntries([...each.conditions].map(([variant, condition]) => [variant, condition.text])),
    monitoring: each.monitoring,
    retraining: each.retraining,
    code: sources,
  }));
  return JSON.parse(JSON.stringify({ ...config, http: withoutKey(config.http), functions }));
}

/** What is recorded is read by many: of the private key its hash is enough to tell it from another. */
function withoutKey(http: ResolvedConfig["http"]): ResolvedConfig["http"] {
  return http.tls === undefined ? http : { ...http, tls: { ...http.tls, key: sha256(http.tls.key) } };
}

function withoutCode(value: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => typeof field !== "function"));
}
