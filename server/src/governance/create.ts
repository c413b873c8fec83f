import { createSecretText, defaultProjectId } from "../core/index.ts";
import { createAuditLog } from "./audit-log.ts";
import { authorize } from "./authorize.ts";
import { ensureAdminKey } from "./ensure-admin-key.ts";
import { type KillFile, killFilePath, watchKillFile } from "./kill-file.ts";
import { createKeys } from "./manage-keys.ts";
import { createSessions } from "./manage-sessions.ts";
import { createSwitches } from "./manage-switches.ts";
import { createMemory } from "./memory.ts";
import { createSeals } from "./seal-hour.ts";
import { createSequencer } from "./sequence-audit.ts";
import { openSigner } from "./sign-checkpoint.ts";
import { createShipper } from "./ship-checkpoints.ts";
import { openSinks } from "./sinks/index.ts";
import type { Governance, GovernanceDeps } from "./types.ts";
import { type AuditWriter, createAuditWriter } from "./write-audit.ts";

const sequenceEveryMs = 1000;
/** Longer than a transaction may last: an entry written in one is to be seen by then. */
const openTransactionMs = 5000;
/** Whatever was written, a pass at least this often. */
const longestRestMs = 30_000;

/** Makes the module. Register happens here, so make it before the hot state starts; `start` after. */
export function createGovernance(deps: GovernanceDeps): Governance {
  const { sql, hotState, config, clock, logger, dataFolder } = deps;
  const memory = createMemory(hotState, clock);
  let auditedAt = performance.now();
  let passedAt = Number.NEGATIVE_INFINITY;
  const writeAudit = createAuditWriter(clock);
  const audit: AuditWriter = (tx, change, as) => {
    auditedAt = performance.now();
    return writeAudit(tx, change, as);
  };
  const signer = openSigner(dataFolder, config.audit.keyFile);
  const sinks = openSinks(config.audit.sinks, deps.egress);
  // The kill file counts from the first moment, before any database answers.
  const killFile: KillFile = watchKillFile(killFilePath(dataFolder), logger);
  const holder = createSecretText(12);
  const shipper = createShipper({ sql, clock, logger, sinks, holder });
  const sequencer = createSequencer({ sql, clock, logger, signer, shipper, holder });
  const changes = { sql, clock, memory, audit, refresh };
  const keys = createKeys(changes);
  let timer: NodeJS.Timeout | undefined;
  let passing: Promise<void> = Promise.resolve();
  let closed = false;

  /** Makes a committed change count on this node. When the database is gone by then, the change is still made: the poll follows. */
  async function refresh(): Promise<void> {
    await hotState
      .refresh()
      .catch((error: unknown) => logger.warn({ err: error }, "a change is stored, but this node could not read it back yet"));
  }

  /** Only this process writes to an embedded store: where it audited nothing, there is nothing to place. A look costs 3 statements. */
  function hasNothingToPlace(): boolean {
    const now = performance.now();
    if (sql.store !== "embedded" || now - auditedAt <= openTransactionMs || now - passedAt >= longestRestMs) return false;
    // What a sink refused is offered again by the pass.
    return sinks.every((sink) => shipper.problemOf(sink) === null);
  }

  async function pass(): Promise<void> {
    if (hasNothingToPlace()) return;
    passedAt = performance.now();
    await sequencer.pass();
  }

  /** Once a second, never two at a time. */
  function schedule(): void {
    timer = setTimeout(() => {
      passing = pass()
        .catch((error: unknown) => logger.error({ err: error }, "the audit sequencer failed; it tries again in a second"))
        .then(() => {
          if (!closed) schedule();
        });
    }, sequenceEveryMs);
  }

  return {
    authenticate: memory.authenticate,
    principal: memory.principalOf,
    authorize,
    keys,
    sessions: createSessions({ ...changes, config }),
    switches: createSwitches({ ...changes, local: killFile.current }),
    ensureAdminKey: () => ensureAdminKey({ keys, memory, clock, logger, dataFolder, projectId: defaultProjectId }),
    audit,
    auditLog: createAuditLog({
      sql,
      audit,
      sequencer,
      sinks,
      shipper,
      trustedKeys: new Set([signer.publicKey, ...config.audit.trustedPublicKeys]),
      sealed: deps.sealed ?? (() => []),
    }),
    seals: createSeals({ sql, audit }),
    start: async () => {
      logger.info({ key: signer.source, sinks: sinks.map((sink) => sink.name) }, "audit checkpoints are signed");
      schedule();
    },
    close: async () => {
      closed = true;
      clearTimeout(timer);
      killFile.close();
      await passing;
      await shipper.close();
    },
  };
}
