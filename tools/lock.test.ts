import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

interface LockedPackage {
  version?: string;
  resolved?: string;
  link?: boolean;
  hasInstallScript?: boolean;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}
type Packages = Record<string, LockedPackage>;

/** Packages whose install script we know and do without: `.npmrc` never runs one. */
const knownInstallScripts = [
  "node_modules/onnxruntime-node", // fetches the CUDA provider; the CPU one is in the package
];
const workspaces = ["", "contract", "sdk", "server", "console"];
const exactVersion = /^\d+\.\d+\.\d+(-[\w.]+)?$/;

const packages = (JSON.parse(readFileSync(join(import.meta.dirname, "../package-lock.json"), "utf8")) as { packages: Packages }).packages;

/** Optional dependencies of locked packages that have no entry of their own; npm leaves them out without a word when a platform's package is missing. */
function missingOptional(locked: Packages): string[] {
  return Object.entries(locked).flatMap(([path, entry]) =>
    Object.keys(entry.optionalDependencies ?? {})
      .filter((name) => !placesFor(path, name).some((place) => place in locked))
      .map((name) => `${path || "(root)"} -> ${name}`),
  );
}

/** Where Node would look for a dependency of the package at `path`, nearest first. */
function placesFor(path: string, name: string): string[] {
  const parts = path.split("/");
  return [...parts.keys(), parts.length]
    .toReversed()
    .map((length) => [...parts.slice(0, length), "node_modules", name].filter(Boolean).join("/"));
}

function inexactVersions(locked: Packages): string[] {
  return workspaces.flatMap((workspace) => {
    const { dependencies, devDependencies, optionalDependencies } = locked[workspace] ?? {};
    return Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })
      .filter(([, version]) => !exactVersion.test(version))
      .map(([name, version]) => `${workspace || "(root)"}: ${name}@${version}`);
  });
}

describe("the lock", () => {
  it("holds every platform's packages", () => {
    expect(missingOptional(packages)).toEqual([]);
    expect(Object.keys(packages).length).toBeGreaterThan(300);
  });

  it("names no registry's host", () => {
    const resolved = Object.values(packages).filter((entry) => entry.resolved !== undefined && entry.link !== true);
    expect(resolved).toEqual([]);
  });

  it("needs no install script that we have not looked at", () => {
    const scripted = Object.keys(packages).filter((path) => packages[path]?.hasInstallScript);
    expect(scripted.filter((path) => !knownInstallScripts.includes(path))).toEqual([]);
  });

  it("pins exact versions", () => {
    expect(inexactVersions(packages)).toEqual([]);
  });

  it("agrees with every package.json", () => {
    for (const workspace of workspaces) {
      const manifest = JSON.parse(readFileSync(join(import.meta.dirname, "..", workspace, "package.json"), "utf8")) as LockedPackage;
      for (const field of ["dependencies", "devDependencies", "optionalDependencies"] as const) {
        expect(packages[workspace]?.[field] ?? {}, `${workspace || "(root)"} ${field}`).toEqual(manifest[field] ?? {});
      }
    }
  });
});

describe("the judge of the lock", () => {
  it("sees a platform's package without an entry", () => {
    const locked = { "node_modules/a": { optionalDependencies: { "a-linux": "1.0.0", "a-darwin": "1.0.0" } }, "node_modules/a-linux": {} };
    expect(missingOptional(locked)).toEqual(["node_modules/a -> a-darwin"]);
  });

  it("finds an entry beside, inside and above", () => {
    const optionalDependencies = { beside: "1.0.0", "@in/side": "1.0.0" };
    const locked = {
      "node_modules/b/node_modules/a": { optionalDependencies },
      "node_modules/beside": {},
      "node_modules/b/node_modules/a/node_modules/@in/side": {},
    };
    expect(missingOptional(locked)).toEqual([]);
  });

  it("sees a range of versions", () => {
    expect(inexactVersions({ sdk: { dependencies: { a: "^1.0.0", b: "1.0.0", c: "1.5.5-r.5" } } })).toEqual(["sdk: a@^1.0.0"]);
  });
});
