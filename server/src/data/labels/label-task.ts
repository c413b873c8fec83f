import { readFile } from "node:fs/promises";
import type { CheckLabels, CombineLabelsQuery } from "@millrace/contract";
import { serveTask } from "../../core/index.ts";
import { createLakeInTask } from "../../storage/index.ts";
import { checkLabels, type LabelledRows } from "./check-labels.ts";
import { combineLabels } from "./combine-labels.ts";
import { readVotes } from "./read-votes.ts";

/** What the task process does: files in, an answer out. No database, no keys. */
export type LabelJob =
  | (Omit<LabelledRows, "rows"> & {
      readonly kind: "check";
      readonly parquetPath: string;
      readonly scratchFolder: string;
      /** JSON: the request. */
      readonly requestPath: string;
    })
  | { readonly kind: "combine"; readonly votesPath: string; readonly method: CombineLabelsQuery["method"] };

serveTask(async (job: LabelJob) => {
  if (job.kind === "combine") return combineLabels(await readVotes(job.votesPath), job.method);
  const columns = [...new Set([...job.featureColumns, job.labelColumn])];
  const rows = await createLakeInTask({ scratchFolder: job.scratchFolder }).readParquet(job.parquetPath, { columns });
  return checkLabels({ ...job, rows }, JSON.parse(await readFile(job.requestPath, "utf8")) as CheckLabels);
});
