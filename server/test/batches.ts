import type { Batch, BatchRow } from "@millrace/contract";
import { silentLogger, systemClock } from "../src/core/index.ts";
import { type Batches, type FunctionDefinition, batchesConfigSchema, createBatches } from "../src/functions/index.ts";
import type { Gateway } from "../src/gateway/index.ts";
import { type DataParts, chunks, createDataParts } from "./data.ts";
import { type TestHttp, openTestHttp } from "./http.ts";

/** Batches as the program composes them: store, jobs, data, functions, and the edge on a free port. */
export interface TestBatches {
  readonly parts: DataParts;
  readonly http: TestHttp;
  readonly batches: Batches;
  /** Sends these lines up and answers the upload's id. */
  upload(lines: readonly (string | object)[]): Promise<string>;
  /** Over HTTP, as the admin unless told otherwise. */
  start(body: Record<string, unknown>, more?: { readonly key?: string; readonly name?: string }): Promise<Batch>;
  get(batch: Batch): Promise<Batch>;
  /** As soon as it looks like this. */
  until(batch: Batch, reached: (batch: Batch) => boolean): Promise<Batch>;
  ended(batch: Batch): Promise<Batch>;
  rows(batch: Batch): Promise<BatchRow[]>;
  close(): Promise<void>;
}

export async function openTestBatches(options: {
  readonly definitions: readonly FunctionDefinition[];
  readonly gateway?: Gateway;
}): Promise<TestBatches> {
  const parts = await createDataParts({ start: false });
  let made: Batches | undefined;
  const late: Batches = {
    create: (...given) => made!.create(...given),
    list: (...given) => made!.list(...given),
    get: (...given) => made!.get(...given),
    cancel: (...given) => made!.cancel(...given),
    result: (...given) => made!.result(...given),
    eraseRow: (...given) => made!.eraseRow(...given),
  };
  const http = await openTestHttp({ store: parts.store, ports: { batches: late }, batches: late, ...options });
  made = createBatches({
    sql: parts.store.sql,
    blobs: parts.blobs,
    lake: parts.lake,
    jobs: parts.jobs,
    data: parts.data,
    governance: http.governance,
    functions: http.functions,
    gateway: options.gateway,
    config: batchesConfigSchema.parse({ providerPollMs: 50 }),
    clock: systemClock,
    logger: silentLogger,
    scratchFolder: `${parts.store.dataFolder}/scratch`,
  });
  await parts.jobs.start("up");
  const pathOf = (batch: Batch) => `/api/functions/${batch.function}/batches/${batch.id}`;

  async function get(batch: Batch): Promise<Batch> {
    return (await http.send({ path: pathOf(batch), key: http.adminKey })).json<Batch>();
  }

  async function until(batch: Batch, reached: (batch: Batch) => boolean): Promise<Batch> {
    for (;;) {
      const seen = await get(batch);
      if (reached(seen)) return seen;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  return {
    parts,
    http,
    batches: late,
    get,
    until,
    async upload(lines) {
      const text = lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n");
      return (await parts.data.upload(parts.context, chunks(text))).id;
    },
    async start(body, { key = http.adminKey, name = options.definitions[0]!.name } = {}) {
      const answer = await http.send({ method: "POST", path: `/api/functions/${name}/batches`, key, body });
      if (answer.status !== 202) throw new Error(answer.text);
      return answer.json<Batch>();
    },
    ended: (batch) => until(batch, ({ endedAt }) => endedAt !== null),
    async rows(batch) {
      const answer = await http.send({ path: `${pathOf(batch)}/result`, key: http.adminKey });
      if (answer.status !== 200) throw new Error(answer.text);
      return answer.text
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as BatchRow);
    },
    async close() {
      await parts.jobs.close();
      await http.close();
      await parts.close();
    },
  };
}
