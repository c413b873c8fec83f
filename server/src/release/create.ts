import { AppError, type Context } from "../core/index.ts";
import { beginRetraining } from "./begin-retraining.ts";
import { retrainingConfigOf } from "./config.ts";
import { subscribeRelease } from "./events.ts";
import { defineReleaseJobs } from "./jobs.ts";
import { toRelease, toRetraining } from "./read-retrainings.ts";
import { listReleases, listRetrainings } from "./repository.ts";
import { rollBack } from "./roll-back.ts";
import type { Release, ReleaseDeps, ReleaseRow, Retraining } from "./types.ts";

/** Rollout and retraining. `config_invalid` when a function's `retraining` is not valid. */
export function createRelease(deps: ReleaseDeps): Release {
  const { sql, functions } = deps;

  async function readReleases(context: Context, functionName: string): Promise<ReleaseRow[]> {
    return sql.as(context, async (tx) => {
      const releases: ReleaseRow[] = [];
      for (const each of await listReleases(tx, functionName)) releases.push(await toRelease(tx, each));
      return releases;
    });
  }

  async function readRetrainings(
    context: Context,
    query: { function?: string | undefined; id?: string | undefined },
  ): Promise<Retraining[]> {
    return sql.as(context, async (tx) => {
      const retrainings: Retraining[] = [];
      for (const each of await listRetrainings(tx, query)) retrainings.push(await toRetraining(tx, each));
      return retrainings;
    });
  }

  const release: Release = {
    async list(context, functionName) {
      functions.definition(functionName);
      return readReleases(context, functionName);
    },

    async rollback(context, functionName, reason) {
      functions.definition(functionName);
      const id = await rollBack(context, { function: functionName, reason }, deps);
      return (await readReleases(context, functionName)).find((each) => each.id === id)!;
    },

    async startRetraining(context, input) {
      if (retrainingConfigOf(functions.definition(input.function)) === null) {
        throw new AppError(
          "invalid_request",
          `The function "${input.function}" declares no retraining; add \`retraining: { dataset: ... }\` to it.`,
          { details: { function: input.function } },
        );
      }
      const id = await sql.as(context, (tx) =>
        beginRetraining(tx, { function: input.function, trigger: `asked for: ${input.reason}` }, deps),
      );
      return release.getRetraining(context, id);
    },

    listRetrainings: (context, functionName) => readRetrainings(context, { function: functionName }),

    async getRetraining(context, id) {
      const [found] = await readRetrainings(context, { id });
      if (found === undefined) throw new AppError("not_found", `There is no retraining ${id}.`, { details: { retraining: id } });
      return found;
    },
  };

  defineReleaseJobs(deps);
  subscribeRelease(deps.jobs);
  return release;
}
