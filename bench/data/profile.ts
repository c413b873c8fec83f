import type { ColumnCheck } from "../../server/src/storage/index.ts";
import { type Check, atMost, result } from "../table.ts";
import { measure, withLake } from "./measure-lake.ts";

const rows = 10_000_000;
const repeats = 3;

/** Twenty columns: keys, amounts with few and with many values and nulls, counts, texts of 4 to 3 million values, times. */
const columns: Readonly<Record<string, string>> = {
  id: "i",
  key: "md5(i::VARCHAR)",
  price: "(hash(i) % 1000000) / 997.0",
  tax: "(hash(i + 1) % 1000003) / 7.0",
  score: "hash(i + 2) / 1e12",
  share: "hash(i + 3) / 1.8446744073709552e19",
  discount: "CASE WHEN i % 20 = 0 THEN NULL ELSE (hash(i + 4) % 5000) / 100.0 END",
  distance: "sqrt(hash(i + 5) % 1000000)",
  age: "(hash(i + 6) % 100)::INTEGER",
  visits: "(hash(i + 7) % 10000)::INTEGER",
  flag: "(hash(i + 8) % 2)::INTEGER",
  points: "(hash(i + 9) % 1000000)::BIGINT",
  country: "'c' || (hash(i + 10) % 200)",
  channel: "'ch' || (hash(i + 11) % 5)",
  status: "'s' || (hash(i + 12) % 4)",
  city: "'city' || (hash(i + 13) % 20000)",
  email: "'user' || (hash(i + 14) % 3000000) || '@example.com'",
  happened: "TIMESTAMP '2020-01-01' + to_seconds((hash(i + 15) % 150000000)::BIGINT)",
  seen: "TIMESTAMP '2020-01-01' + to_seconds(i)",
  known: "hash(i + 16) % 3 = 0",
};
const sql = `SELECT ${Object.entries(columns)
  .map(([name, value]) => `${value} AS ${name}`)
  .join(", ")} FROM range(${rows}) rows(i)`;

const checks: readonly ColumnCheck[] = [
  { name: "id", type: "integer", nullable: false, unique: true },
  { name: "key", type: "text", unique: true, pattern: "[0-9a-f]{32}" },
  { name: "price", type: "number", minimum: 0, maximum: 1000 },
  { name: "discount", type: "number", nullShare: 0.1, minimum: 0, maximum: 49 },
  { name: "age", type: "integer", nullable: false, minimum: 0, maximum: 120 },
  { name: "channel", type: "text", values: ["ch0", "ch1", "ch2", "ch3"] },
  { name: "status", type: "text", values: ["s0", "s1", "s2", "s3"] },
  { name: "email", type: "text", pattern: "[a-z0-9]+@example\\.com", maxLength: 64 },
  { name: "happened", type: "timestamp", minimum: "2020-01-01T00:00:00Z", maximum: "2030-01-01T00:00:00Z" },
];

/** Every column's profile, and twelve rules of a contract: null, null share, range, closed list, pattern, length, uniqueness. */
export const profileCheck: Check = {
  name: "profile",
  run: () =>
    withLake(async ({ lake, folder }) => {
      const [file] = await lake.run([{ kind: "derive", sql, files: {}, folder }]);
      const seconds: number[] = [];
      const memory: number[] = [];
      const cpu: number[] = [];
      for (let repeat = 0; repeat < repeats; repeat++) {
        const { answer, ...spent } = await measure(() => lake.profile(file.path, checks));
        const broken = answer.rules.filter((rule) => rule.broken !== 0).map((rule) => `${rule.column} ${rule.rule}`);
        if (broken.sort().join() !== "channel values,discount range,price range") throw new Error(`Broken: ${broken.join(", ")}`);
        seconds.push(spent.seconds);
        memory.push(spent.peakMb);
        cpu.push(spent.cpuSeconds);
      }
      return [
        result("profile + validate, 10 million x 20, slowest of 3", Math.max(...seconds), "s", { goal: atMost(20), n: rows }),
        result("profile + validate, CPU", Math.max(...cpu), "s", { goal: null, n: repeats }),
        result("profile + validate, memory of its process", Math.max(...memory), "MB", { goal: atMost(2048), n: repeats }),
      ];
    }),
};
