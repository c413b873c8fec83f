import type { AuditEntry, AuditReport, Key, Permission, Role, Switch, checkpointSchema } from "@millrace/contract";
import type { z } from "zod";
import type { Clock, Context, Egress, Logger } from "../core/index.ts";
import type { HotState, Sql, Tx } from "../storage/index.ts";
import type { GovernanceConfig } from "./config.ts";

/** The signed head of the audit log's tree at one size. */
export type Checkpoint = z.infer<typeof checkpointSchema>;

/** Requests allowed per window. */
export interface Limit {
  readonly requests: number;
  readonly windowSeconds: number;
}

/** Who acts. `id` goes into contexts, audit entries and evidence: `key:<name>:<12 hex>` or `session:<12 hex>`. */
export interface Principal {
  readonly id: string;
  readonly projectId: string;
  readonly kind: "key" | "session";
  readonly name: string;
  readonly permissions: ReadonlySet<Permission>;
  /** Functions it may call; null means all. */
  readonly functions: ReadonlySet<string> | null;
  readonly limit: Limit | null;
}

/** What came with a request: the bearer of `Authorization`, or the value of the session cookie. */
export interface Credentials {
  readonly bearer?: string | undefined;
  readonly session?: string | undefined;
}

export interface Page<T> {
  readonly items: T[];
  /** The cursor of the following page; null at the end. */
  readonly next: string | null;
}

export interface PageQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export interface CreateKey {
  readonly name: string;
  readonly roles?: readonly Role[] | undefined;
  readonly permissions?: readonly Permission[] | undefined;
  /** Functions this key may call; absent means all. */
  readonly functions?: readonly string[] | undefined;
  readonly limit?: Limit | undefined;
}

/** `key` is the whole secret text, shown this once. */
export type CreatedKey = Key & { readonly key: string };

export interface Keys {
  /** `forbidden` when it would grant more than the creator has. */
  create(context: Context, input: CreateKey): Promise<CreatedKey>;
  list(context: Context, page: PageQuery): Promise<Page<Key>>;
  /** In force on this node on return, elsewhere within a second. Ends the sessions the key opened. Repeating it is a no-op. */
  revoke(context: Context, id: string): Promise<Key>;
}

export interface Sessions {
  /** A one-time sign-in token with the creator's own permissions; only its hash is stored. */
  createLink(context: Context): Promise<{ token: string; expiresAt: string }>;
  /** Spends a link. `sign_in_link_invalid` when it was used, has expired or never was. */
  signIn(token: string): Promise<{ session: string; principal: Principal; expiresAt: string }>;
  signOut(session: string): Promise<void>;
}

export interface SwitchState {
  readonly off: boolean;
  readonly reason: string | null;
  /** Who switched it off; `kill file` for the local one. */
  readonly by: string | null;
}

export interface Switches {
  /** `target` is a function's name, or `*` for all. */
  set(context: Context, target: string, input: { off: boolean; reason?: string | undefined }): Promise<Switch>;
  list(context: Context): Promise<Switch[]>;
  /** Memory only: the database's switches as last seen, and the local kill file. */
  check(projectId: string, functionName: string): SwitchState;
}

export interface AuditChange {
  /** `<module>.<verb>`, for example `release.promote`. */
  readonly action: string;
  /** What it was done to, for example `function:triage-mail`. */
  readonly object: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

export interface AuditQuery extends PageQuery {
  readonly action?: string | undefined;
  readonly object?: string | undefined;
}

export interface AuditLog {
  /** Newest first. */
  list(context: Context, query: AuditQuery): Promise<Page<AuditEntry>>;
  /** Recomputes the whole log of the project and compares it with every checkpoint known, and with `against` if given. */
  verify(context: Context, against?: Checkpoint): Promise<AuditReport>;
  /** The newest signed checkpoint; null before the first. */
  checkpoint(context: Context): Promise<Checkpoint | null>;
  /** Erases the plain text of one entry; its hashes, and so the proof, stay. Audited. */
  erase(context: Context, entryId: string): Promise<void>;
  /** One pass of the sequencer over all projects, if this node holds or gets the lease. Answers how many entries it placed. */
  sequence(): Promise<number>;
}

export interface SealInput {
  /** What the records are; the audit object is `<subject>:<hour>`. */
  readonly subject: "inferences" | "feedback";
  /** `2026-11-21T10`, in UTC. */
  readonly hour: string;
  /** Every record of the hour in the order of its id, with the SHA-256 of its stored content. */
  readonly records: Iterable<SealedRecord> | AsyncIterable<SealedRecord>;
}

export interface SealedRecord {
  readonly id: string;
  readonly hash: string;
}

export interface Seal {
  readonly records: number;
  /** Root of the RFC 6962 tree whose leaves are `<id> <hash>`. */
  readonly rootHash: string;
}

export interface Seals {
  /** Writes the hour's root into the audit log; a repeat with the same records is a no-op. Seal an hour once its drain is done. */
  sealHour(context: Context, input: SealInput): Promise<Seal & { isNew: boolean }>;
  /** The hours of a subject that have a seal, oldest first, written as in `SealInput`. */
  sealedHours(context: Context, subject: SealInput["subject"]): Promise<string[]>;
  /** Compares the records with the newest seal of their hour. */
  checkHour(context: Context, input: SealInput): Promise<"intact" | "changed" | "unsealed">;
}

/** What a module found of its sealed records; a problem names the record where that can be told. */
export interface EvidenceCheck {
  readonly hours: number;
  readonly records: number;
  readonly problems: readonly string[];
}

/** A module above that seals records: it can compare what is stored now with its seals. */
export interface SealedEvidence {
  check(context: Context): Promise<EvidenceCheck>;
}

/** Principals, the one `authorize`, kill switches and the audit log. */
export interface Governance {
  /** Memory only. `unauthenticated` when unknown or expired, `key_revoked` when it was revoked. */
  authenticate(credentials: Credentials): Principal;
  /** Who a context's principal is by now, from memory: null for a key that was revoked, a session that ended, or nobody. */
  principal(context: Context): Principal | null;
  /** The one decision. Unknown means deny: `forbidden`, naming the permission in `details`. */
  authorize(principal: Principal, permission: Permission, resource?: { function?: string | undefined }): void;
  readonly keys: Keys;
  readonly sessions: Sessions;
  readonly switches: Switches;
  /** Writes `<data>/admin.key` (0600) when there is none that works. Answers its path and whether it is new. */
  ensureAdminKey(): Promise<{ path: string; created: boolean }>;
  /**
   * Writes an entry in the change's own transaction: both happen, or neither. Project and actor are the transaction's; our own
   * work over all projects names them in `as`.
   */
  audit(tx: Tx, change: AuditChange, as?: { readonly projectId: string; readonly actor: string }): Promise<void>;
  readonly auditLog: AuditLog;
  readonly seals: Seals;
  /** Reads the kill file and starts the sequencer, once a second. */
  start(): Promise<void>;
  close(): Promise<void>;
}

export interface GovernanceDeps {
  readonly sql: Sql;
  readonly hotState: HotState;
  readonly config: GovernanceConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly dataFolder: string;
  /** For sinks that are elsewhere on the network. */
  readonly egress: Pick<Egress, "check" | "request">;
  /** Asked at each verification: these modules are built after governance. */
  readonly sealed?: () => readonly SealedEvidence[];
}
