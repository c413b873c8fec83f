import { AppError, type Clock, type Context, createId } from "../core/index.ts";
import type { Sql } from "../storage/index.ts";
import type { GovernanceConfig } from "./config.ts";
import { type Memory, sessionPrincipal, sessionPrincipalId } from "./memory.ts";
import { endSession, findLink, insertLink, spendLink } from "./repository.ts";
import { createTokenText, hashSecret, matches, parseToken } from "./secrets.ts";
import type { Sessions } from "./types.ts";
import type { AuditWriter } from "./write-audit.ts";

export interface ManageSessionsDeps {
  readonly sql: Sql;
  /** Makes a committed change count on this node. */
  readonly refresh: () => Promise<void>;
  readonly clock: Clock;
  readonly memory: Memory;
  readonly audit: AuditWriter;
  readonly config: GovernanceConfig;
}

const dayMs = 86_400_000;

export function createSessions(deps: ManageSessionsDeps): Sessions {
  function instant(time: number): string {
    return new Date(time).toISOString();
  }

  async function createLink(context: Context): Promise<{ token: string; expiresAt: string }> {
    const grant = deps.memory.grantOf(context);
    if (grant.permissions.size === 0)
      throw new AppError("forbidden", `${context.principalId} may do nothing itself, so its link would open nothing.`, {
        details: { permission: "governance.write" },
      });
    const id = createId(deps.clock);
    const token = createTokenText(id);
    const now = deps.clock.now();
    const expiresAt = instant(now + deps.config.linkMinutes * 60_000);
    await deps.sql.as(context, async (tx) => {
      await insertLink(
        tx,
        {
          project_id: context.projectId,
          id,
          lookup: token.lookup,
          token_hash: hashSecret(token.secret),
          permissions: [...grant.permissions].toSorted(),
          functions: grant.functions === null ? null : [...grant.functions],
          created_by: context.principalId,
          expires_at: expiresAt,
        },
        instant(now - dayMs),
      );
      await deps.audit(tx, { action: "governance.create-link", object: `link:${id}`, after: { expiresAt } });
    });
    return { token: token.text, expiresAt };
  }

  async function signIn(text: string): ReturnType<Sessions["signIn"]> {
    const parts = parseToken(text);
    if (parts === null) throw new AppError("sign_in_link_invalid", "This is not a sign-in token: it may have been cut when it was copied.");
    const id = createId(deps.clock);
    const token = createTokenText(id);
    const now = deps.clock.now();
    const expiresAt = instant(now + deps.config.sessionHours * 3_600_000);
    const principal = await deps.sql.system("sign-in", async (tx) => {
      const link = await findLink(tx, parts.lookup);
      const good =
        link !== undefined && matches(parts.secret, link.token_hash) && link.used_at === null && Date.parse(link.expires_at) > now;
      // One answer for all causes: it tells a stranger nothing about which links exist.
      if (!good) throw new AppError("sign_in_link_invalid");
      const row = {
        project_id: link.project_id,
        id,
        lookup: token.lookup,
        token_hash: hashSecret(token.secret),
        permissions: link.permissions,
        functions: link.functions,
        created_by: link.created_by,
        expires_at: expiresAt,
      };
      await spendLink(tx, link, row, instant(now));
      await deps.audit(
        tx,
        { action: "governance.sign-in", object: `link:${link.id}`, after: { session: sessionPrincipalId(token.lookup), expiresAt } },
        { projectId: link.project_id, actor: sessionPrincipalId(token.lookup) },
      );
      return sessionPrincipal(row);
    });
    await deps.refresh();
    return { session: token.text, principal, expiresAt };
  }

  async function signOut(text: string): Promise<void> {
    const known = deps.memory.findSession(text);
    if (known === null) return;
    const context: Context = { projectId: known.principal.projectId, principalId: known.principal.id };
    await deps.sql.as(context, async (tx) => {
      if (await endSession(tx, known.id, instant(deps.clock.now())))
        await deps.audit(tx, { action: "governance.sign-out", object: known.principal.id });
    });
    await deps.refresh();
  }

  return { createLink, signIn, signOut };
}
