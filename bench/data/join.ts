// Past the door on purpose: the SELECT measured is the one that joins run.
import { joinSql } from "../../server/src/data/features/join-repository.ts";
import { type Check, atMost, result } from "../table.ts";
import { measure, withLake } from "./measure-lake.ts";

const spineRows = 10_000_000;
const featureRows = 2_000_000;
const repeats = 3;

// 100,000 entities over 90 days; a row arrives up to a day after its event.
const spineSql = `SELECT i AS id, (hash(i) % 100000)::BIGINT AS customer,
  TIMESTAMP '2026-01-01' + to_seconds((hash(i + 7) % 7776000)::BIGINT) AS asked FROM range(${spineRows}) rows(i)`;
const featureSql = `SELECT customer, happened, happened + to_seconds((hash(i + 13) % 86400)::BIGINT) AS arrived, spend, visits FROM (
  SELECT i, (hash(i * 3) % 100000)::BIGINT AS customer, TIMESTAMP '2026-01-01' + to_seconds((hash(i + 11) % 7776000)::BIGINT) AS happened,
    (hash(i + 17) % 100000) / 100.0 AS spend, (hash(i + 19) % 50)::INTEGER AS visits FROM range(${featureRows}) rows(i))`;

const view = {
  relation: "known",
  entity: ["customer"],
  eventTime: "happened",
  arrivalTime: "arrived",
  features: ["spend", "visits"],
  timeToLiveSeconds: 7 * 86_400,
  entityAsText: false,
};
const sql = joinSql({ relation: "spine", columns: ["id", "customer", "asked"], timeColumn: "asked" }, [view]);

/** A point-in-time join with late rows and a time to live, from Parquet to a hashed Parquet file in the order of the spine. */
export const joinCheck: Check = {
  name: "join",
  run: () =>
    withLake(async ({ lake, folder }) => {
      const [spine, known] = await lake.run([
        { kind: "derive", sql: spineSql, files: {}, folder },
        { kind: "derive", sql: featureSql, files: {}, folder },
      ]);
      const seconds: number[] = [];
      const memory: number[] = [];
      const cpu: number[] = [];
      const hashes = new Set<string>();
      for (let repeat = 0; repeat < repeats; repeat++) {
        const { answer, ...spent } = await measure(() =>
          lake.run([{ kind: "derive", sql, files: { spine: spine.path, known: known.path }, folder }]),
        );
        if (answer[0].rows !== spineRows) throw new Error(`The join has ${answer[0].rows} rows.`);
        hashes.add(answer[0].hash);
        seconds.push(spent.seconds);
        memory.push(spent.peakMb);
        cpu.push(spent.cpuSeconds);
      }
      if (hashes.size !== 1) throw new Error("The same join gave different files.");
      return [
        result("as-of join, 10 million x 2 million, slowest of 3", Math.max(...seconds), "s", { goal: atMost(10), n: spineRows }),
        result("as-of join, CPU", Math.max(...cpu), "s", { goal: null, n: repeats }),
        result("as-of join, memory of its process", Math.max(...memory), "MB", { goal: atMost(2048), n: repeats }),
      ];
    }),
};
