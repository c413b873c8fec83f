import { type Switch, functionNameSchema } from "@millrace/contract";
import { AppError, type Clock, type Context } from "../core/index.ts";
import type { Sql } from "../storage/index.ts";
import type { LocalSwitch } from "./kill-file.ts";
import type { Memory } from "./memory.ts";
import { type SwitchRow, findSwitch, listSwitches, saveSwitch } from "./repository.ts";
import type { Switches } from "./types.ts";
import type { AuditWriter } from "./write-audit.ts";

export interface ManageSwitchesDeps {
  readonly sql: Sql;
  /** Makes a committed change count on this node. */
  readonly refresh: () => Promise<void>;
  readonly clock: Clock;
  readonly memory: Memory;
  readonly audit: AuditWriter;
  readonly local: () => ReadonlyMap<string, LocalSwitch>;
}

export function createSwitches(deps: ManageSwitchesDeps): Switches {
  async function set(context: Context, target: string, input: { off: boolean; reason?: string | undefined }): Promise<Switch> {
    if (target !== "*" && !functionNameSchema.safeParse(target).success) {
      throw new AppError("invalid_request", `A switch is for a function's name or for "*", not for "${target}".`, { details: { target } });
    }
    const row: SwitchRow = {
      project_id: context.projectId,
      target,
      is_off: input.off,
      reason: input.reason ?? null,
      changed_by: context.principalId,
      changed_at: new Date(deps.clock.now()).toISOString(),
    };
    await deps.sql.as(context, async (tx) => {
      const before = await findSwitch(tx, target);
      await saveSwitch(tx, row);
      await deps.audit(tx, {
        action: input.off ? "governance.switch-off" : "governance.switch-on",
        object: target === "*" ? "functions:*" : `function:${target}`,
        before: before === undefined ? { off: false } : { off: before.is_off, reason: before.reason },
        after: { off: row.is_off, reason: row.reason },
      });
    });
    await deps.refresh();
    return toWire(row);
  }

  async function list(context: Context): Promise<Switch[]> {
    const rows = await deps.sql.as(context, (tx) => listSwitches(tx));
    return [...[...deps.local().values()].map(localToWire), ...rows.map(toWire)];
  }

  function localToWire(entry: LocalSwitch): Switch {
    const at = entry.at !== null && !Number.isNaN(Date.parse(entry.at)) ? Date.parse(entry.at) : deps.clock.now();
    return { target: entry.target, off: true, reason: entry.reason, changedBy: "kill file", changedAt: new Date(at).toISOString() };
  }

  return { set, list, check: (projectId, functionName) => deps.memory.check(projectId, functionName, deps.local()) };
}

function toWire(row: SwitchRow): Switch {
  return {
    target: row.target,
    off: row.is_off,
    reason: row.reason,
    changedBy: row.changed_by,
    changedAt: new Date(row.changed_at).toISOString(),
  };
}
