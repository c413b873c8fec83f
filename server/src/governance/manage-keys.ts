import { type Key, type Permission, roles } from "@millrace/contract";
import { AppError, type Clock, type Context, createId, idTime } from "../core/index.ts";
import type { Sql } from "../storage/index.ts";
import type { AuditWriter } from "./write-audit.ts";
import { type Grant, type Memory, keyPrincipalId } from "./memory.ts";
import { type KeyRow, endSessionsOf, findKey, insertKey, listKeys, revokeKey } from "./repository.ts";
import { createKeyText, hashSecret } from "./secrets.ts";
import type { CreateKey, CreatedKey, Keys, PageQuery } from "./types.ts";

export interface ManageKeysDeps {
  readonly sql: Sql;
  /** Makes a committed change count on this node. */
  readonly refresh: () => Promise<void>;
  readonly clock: Clock;
  readonly memory: Memory;
  readonly audit: AuditWriter;
}

/** Key management. `create` takes a ready secret in tests and for the admin key, whose file is written first. */
export function createKeys(deps: ManageKeysDeps): Keys & {
  createWith(context: Context, input: CreateKey, secret: { id: string; text: ReturnType<typeof createKeyText> }): Promise<CreatedKey>;
} {
  function create(context: Context, input: CreateKey): Promise<CreatedKey> {
    const id = createId(deps.clock);
    return createWith(context, input, { id, text: createKeyText(id) });
  }

  async function createWith(
    context: Context,
    input: CreateKey,
    secret: { id: string; text: ReturnType<typeof createKeyText> },
  ): Promise<CreatedKey> {
    const wanted = permissionsOf(input);
    assertGrantable(deps.memory.grantOf(context), wanted, input.functions ?? null);
    const row = {
      project_id: context.projectId,
      id: secret.id,
      name: input.name,
      prefix: secret.text.lookup,
      secret_hash: hashSecret(secret.text.secret),
      permissions: wanted,
      functions: input.functions === undefined ? null : [...new Set(input.functions)].toSorted(),
      limit_requests: input.limit?.requests ?? null,
      limit_window_seconds: input.limit?.windowSeconds ?? null,
      created_by: context.principalId,
    };
    const key = toWire({ ...row, revoked_at: null, revoked_by: null });
    await deps.sql.as(context, async (tx) => {
      await insertKey(tx, row);
      await deps.audit(tx, { action: "governance.create-key", object: `key:${row.id}`, after: key });
    });
    await deps.refresh();
    return { ...key, key: secret.text.text };
  }

  async function list(context: Context, page: PageQuery) {
    const rows = await deps.sql.as(context, (tx) => listKeys(tx, { limit: page.limit + 1, cursor: page.cursor }));
    const items = rows.slice(0, page.limit).map(toWire);
    return { items, next: rows.length > page.limit ? items.at(-1)!.id : null };
  }

  async function revoke(context: Context, id: string): Promise<Key> {
    const at = new Date(deps.clock.now()).toISOString();
    const key = await deps.sql.as(context, async (tx) => {
      const before = await findKey(tx, id);
      if (before === undefined)
        throw new AppError("not_found", `No key has the id ${id}. List them: millrace governance keys.`, { details: { id } });
      if (before.revoked_at !== null) return toWire(before);
      const after = toWire(await revokeKey(tx, { id, at }));
      await endSessionsOf(tx, keyPrincipalId(before), at);
      await deps.audit(tx, { action: "governance.revoke-key", object: `key:${id}`, before: toWire(before), after });
      return after;
    });
    await deps.refresh();
    return key;
  }

  return { create, createWith, list, revoke };
}

/** The roles' permissions and the single ones, each once, in one order. */
function permissionsOf(input: CreateKey): Permission[] {
  const wanted = new Set<Permission>(input.permissions);
  for (const role of input.roles ?? []) for (const permission of roles[role]) wanted.add(permission);
  return [...wanted].toSorted();
}

/** Nobody hands out more than they have: else `governance.write` would be every permission. */
export function assertGrantable(grant: Grant, wanted: readonly Permission[], functions: readonly string[] | null): void {
  const missing = wanted.find((permission) => !grant.permissions.has(permission));
  if (missing !== undefined) {
    throw new AppError("forbidden", `A key may not be given the permission ${missing}: its creator lacks it.`, {
      details: { permission: missing },
    });
  }
  if (grant.functions === null) return;
  const beyond = functions === null ? "all functions" : functions.find((name) => !grant.functions!.has(name));
  if (beyond !== undefined) {
    throw new AppError(
      "forbidden",
      `A key may not be given ${functions === null ? beyond : `the function "${beyond}"`}: its creator is limited to ${[...grant.functions].join(", ") || "none"}.`,
      {
        details: { permission: "governance.write", functions: [...grant.functions] },
      },
    );
  }
}

function toWire(row: KeyRow): Key {
  return {
    id: row.id,
    name: row.name,
    prefix: row.prefix,
    permissions: row.permissions,
    functions: row.functions,
    limit:
      row.limit_requests === null || row.limit_window_seconds === null
        ? null
        : { requests: row.limit_requests, windowSeconds: row.limit_window_seconds },
    createdAt: new Date(idTime(row.id)).toISOString(),
    createdBy: row.created_by,
    revokedAt: row.revoked_at === null ? null : new Date(row.revoked_at).toISOString(),
  };
}
