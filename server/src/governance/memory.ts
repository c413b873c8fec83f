import type { Permission } from "@millrace/contract";
import { permissions as allPermissions } from "@millrace/contract";
import { AppError, type Clock, type Context } from "../core/index.ts";
import type { HotState } from "../storage/index.ts";
import type { LocalSwitch } from "./kill-file.ts";
import { type KeyRow, type SessionRow, loadMemory } from "./repository.ts";
import { matches, parseKey, parseToken } from "./secrets.ts";
import type { Credentials, Principal, SwitchState } from "./types.ts";

interface KnownKey {
  readonly secretHash: string;
  readonly revokedAt: string | null;
  readonly principal: Principal;
}
interface KnownSession {
  readonly id: string;
  readonly tokenHash: string;
  readonly expiresAt: number;
  readonly principal: Principal;
}

/** What a principal may pass on to a key or session it creates. */
export interface Grant {
  readonly permissions: ReadonlySet<Permission>;
  readonly functions: ReadonlySet<string> | null;
}

/** Keys, sessions and switches as this node last saw them: what the hot path asks, with no round trip. */
export interface Memory {
  authenticate(credentials: Credentials): Principal;
  findSession(token: string): KnownSession | null;
  check(projectId: string, functionName: string, local: ReadonlyMap<string, LocalSwitch>): SwitchState;
  /** Null unless its key or session is in force. */
  principalOf(context: Context): Principal | null;
  /** What the principal of a context may do; our own work may do everything, an unknown principal nothing. */
  grantOf(context: Context): Grant;
}

const on: SwitchState = { off: false, reason: null, by: null };
const everything: Grant = { permissions: new Set(allPermissions), functions: null };
const nothing: Grant = { permissions: new Set(), functions: new Set() };

export function createMemory(hotState: HotState, clock: Clock): Memory {
  let keys = new Map<string, KnownKey>();
  let sessions = new Map<string, KnownSession>();
  let grants = new Map<string, Principal>();
  let switches = new Map<string, Map<string, SwitchState>>();
  /** Key texts that proved themselves, so that a key in use is hashed once and not with every request. */
  let proven = new Map<string, KnownKey>();

  hotState.register("governance", async (tx) => {
    const rows = await loadMemory(tx);
    proven = new Map();
    keys = new Map(rows.keys.map((row) => [row.prefix, knownKey(row)]));
    sessions = new Map(rows.sessions.map((row) => [row.lookup, knownSession(row)]));
    const principals = [...[...keys.values()].filter((key) => key.revokedAt === null), ...sessions.values()].map(
      (known) => known.principal,
    );
    grants = new Map(principals.map((principal) => [`${principal.projectId} ${principal.id}`, principal]));
    switches = new Map();
    for (const row of rows.switches) {
      if (!row.is_off) continue;
      const known = switches.get(row.project_id) ?? new Map<string, SwitchState>();
      switches.set(row.project_id, known.set(row.target, { off: true, reason: row.reason, by: row.changed_by }));
    }
  });

  function authenticate(credentials: Credentials): Principal {
    if (credentials.bearer !== undefined) return byKey(credentials.bearer);
    if (credentials.session !== undefined) return bySession(credentials.session);
    throw new AppError("unauthenticated", "The request carries neither a key nor a session.");
  }

  function prove(text: string): KnownKey {
    const parts = parseKey(text);
    const known = parts === null ? undefined : keys.get(parts.lookup);
    if (parts === null || known === undefined || !matches(parts.secret, known.secretHash)) {
      throw new AppError("unauthenticated", "The key in the Authorization header is not one of this server's.");
    }
    proven.set(text, known);
    return known;
  }

  function byKey(text: string): Principal {
    const known = proven.get(text) ?? prove(text);
    if (known.revokedAt !== null) throw new AppError("key_revoked", `The key "${known.principal.name}" was revoked at ${known.revokedAt}.`);
    return known.principal;
  }

  function bySession(token: string): Principal {
    const known = findSession(token);
    if (known === null) throw new AppError("unauthenticated", "The session has ended or was never opened; sign in with a new link.");
    return known.principal;
  }

  function findSession(token: string): KnownSession | null {
    const parts = parseToken(token);
    const known = parts === null ? undefined : sessions.get(parts.lookup);
    if (parts === null || known === undefined || !matches(parts.secret, known.tokenHash) || known.expiresAt <= clock.now()) return null;
    return known;
  }

  function check(projectId: string, functionName: string, local: ReadonlyMap<string, LocalSwitch>): SwitchState {
    if (local.size > 0) {
      const found = local.get(functionName) ?? local.get("*");
      if (found !== undefined) return { off: true, reason: found.reason, by: "kill file" };
    }
    const known = switches.get(projectId);
    return known?.get(functionName) ?? known?.get("*") ?? on;
  }

  function grantOf(context: Context): Grant {
    if (context.principalId.startsWith("system:")) return everything;
    return principalOf(context) ?? nothing;
  }

  function principalOf({ projectId, principalId }: Context): Principal | null {
    const found = grants.get(`${projectId} ${principalId}`) ?? null;
    if (found?.kind !== "session") return found;
    // In memory a session is still there for a while after its time.
    return [...sessions.values()].some(({ principal, expiresAt }) => principal === found && expiresAt > clock.now()) ? found : null;
  }

  return { authenticate, findSession, check, grantOf, principalOf };
}

/** `key:<name>:<12 hex>`: who it was can be read in evidence and audit log, and no two are the same. */
export function keyPrincipalId(key: { name: string; prefix: string }): string {
  return `key:${key.name}:${key.prefix.slice(3)}`;
}

export function sessionPrincipalId(lookup: string): string {
  return `session:${lookup}`;
}

function knownKey(row: KeyRow): KnownKey {
  return {
    secretHash: row.secret_hash,
    revokedAt: row.revoked_at,
    principal: {
      id: keyPrincipalId(row),
      projectId: row.project_id,
      kind: "key",
      name: row.name,
      permissions: new Set(row.permissions),
      functions: row.functions === null ? null : new Set(row.functions),
      limit:
        row.limit_requests === null || row.limit_window_seconds === null
          ? null
          : { requests: row.limit_requests, windowSeconds: row.limit_window_seconds },
    },
  };
}

function knownSession(row: SessionRow): KnownSession {
  return { id: row.id, tokenHash: row.token_hash, expiresAt: Date.parse(row.expires_at), principal: sessionPrincipal(row) };
}

export function sessionPrincipal(row: Omit<SessionRow, "ended_at">): Principal {
  return {
    id: sessionPrincipalId(row.lookup),
    projectId: row.project_id,
    kind: "session",
    name: "console",
    permissions: new Set(row.permissions),
    functions: row.functions === null ? null : new Set(row.functions),
    limit: null,
  };
}
