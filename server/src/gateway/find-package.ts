import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { AppError } from "../core/index.ts";

export interface WantedPackage {
  readonly name: string;
  /** Where the configuration asks for it: `gateway.local`. */
  readonly path: string;
}

/** Where a package lies that the program's user installed, by its name: in one of these folders or above it. `config_invalid` where it is in none. */
export function findPackage({ name, path }: WantedPackage, folders: readonly string[]): string {
  for (const folder of folders) {
    try {
      return pathToFileURL(createRequire(join(folder, "package.json")).resolve(name)).href;
    } catch {
      // It may lie in the next one.
    }
  }
  const message = `${path} needs the package ${name}, which is not installed: run "npm install ${name}" in ${folders[0]}`;
  throw new AppError("config_invalid", `${message}.`, { details: { issues: [{ path, message }] } });
}
