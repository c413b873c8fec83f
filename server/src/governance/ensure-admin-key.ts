import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Clock, type Logger, createId, isAppError, systemContext } from "../core/index.ts";
import type { createKeys } from "./manage-keys.ts";
import type { Memory } from "./memory.ts";
import { createKeyText } from "./secrets.ts";

export interface AdminKeyDeps {
  readonly keys: ReturnType<typeof createKeys>;
  readonly memory: Memory;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly dataFolder: string;
  readonly projectId: string;
}

/**
 * Makes the CLI's key when `<data>/admin.key` is missing or names a key this database does not know. One that was revoked is
 * left alone: somebody meant it. (To get a new one, delete the file.) The file is written before the row: a crash between the
 * two leaves a file with an unknown key, which the next start replaces, never a key that nobody holds.
 */
export async function ensureAdminKey(deps: AdminKeyDeps): Promise<{ path: string; created: boolean }> {
  const path = join(deps.dataFolder, "admin.key");
  if (isKnown(deps, path)) return { path, created: false };
  const id = createId(deps.clock);
  const text = createKeyText(id);
  mkdirSync(deps.dataFolder, { recursive: true });
  writeFileSync(`${path}.new`, `${text.text}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
  await deps.keys.createWith(systemContext("governance", deps.projectId), { name: "admin", roles: ["owner"] }, { id, text });
  deps.logger.info({ path }, "an admin key was written");
  return { path, created: true };
}

function isKnown(deps: AdminKeyDeps, path: string): boolean {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return false;
  try {
    deps.memory.authenticate({ bearer: readFileSync(path, "utf8").trim() });
    return true;
  } catch (error) {
    if (isAppError(error, "key_revoked")) {
      deps.logger.warn({ path }, "the admin key in this file was revoked; delete the file and start again for a new one");
      return true;
    }
    if (isAppError(error, "unauthenticated")) return false;
    throw error;
  }
}
