import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createId, defaultProjectId, silentLogger, systemClock } from "../../server/src/core/index.ts";
import { createSinks } from "../../server/src/functions/index.ts";
// Past the door on purpose: the record measured is the one the hot path writes.
import { writeNodeFacts, writeRecord } from "../../server/src/functions/record.ts";
import {
  type Journal,
  createCarrier,
  createDrain,
  createJournal,
  createStorage,
  configSchema as storageConfig,
} from "../../server/src/storage/index.ts";
import { median } from "../load.ts";
import { type Check, atLeast, atMost, result } from "../table.ts";

const repeats = 5;
const records = 20_000;

/** Journal to SQL on the embedded store, in this process: CPU microseconds a record (its threads included) and records a second. */
export const drainCheck: Check = {
  name: "drain",
  async run() {
    const dataFolder = await mkdtemp(join(tmpdir(), "millrace-bench-drain-"));
    const storage = await createStorage({
      dataFolder,
      migrations: "apply",
      config: storageConfig.parse({}),
      clock: systemClock,
      logger: silentLogger,
    });
    const cpu: number[] = [];
    const speed: number[] = [];
    try {
      for (let repeat = 0; repeat < repeats; repeat++) {
        const journal = await createJournal({
          folder: join(dataFolder, `journal-${repeat}`),
          node: "bench",
          clock: systemClock,
          logger: silentLogger,
          config: { sync: "off" },
        });
        await fill(journal);
        const before = process.cpuUsage();
        const started = performance.now();
        const drain = createDrain({ journal, carrier: createCarrier({ sql: storage.sql, sinks: createSinks(silentLogger) }) });
        await drain.idle();
        const seconds = (performance.now() - started) / 1000;
        const used = process.cpuUsage(before);
        cpu.push((used.user + used.system) / records);
        speed.push(records / seconds);
        const { stored } = journal.stats();
        if (stored !== records) throw new Error(`${records - stored} of ${records} records were not stored`);
        await drain.close();
        await journal.close();
      }
    } finally {
      await storage.close();
      await rm(dataFolder, { recursive: true, force: true });
    }
    return [
      result("drain on the embedded store, CPU", median(cpu), "us a record", { goal: atMost(90), n: repeats * records }),
      result("drain on the embedded store", median(speed), "records/s", { goal: atLeast(10_000), n: repeats * records }),
    ];
  },
};

async function fill(journal: Journal): Promise<void> {
  const waiting: Promise<void>[] = [];
  for (let index = 0; index < records; index++) {
    waiting.push(journal.appendSerialized("inference", createId(), sampleRecord(index)));
    if (waiting.length === 500) await Promise.all(waiting.splice(0));
  }
  await Promise.all(waiting);
}

const nodeFacts = writeNodeFacts("bench", "0".repeat(64));
const caller = { projectId: defaultProjectId, principalId: "key:bench", principalName: "bench" };
const candidate = {
  name: "rules",
  variant: null,
  recordHead: `"function":"echo-rules","variant":"rules","binding":"${"0".repeat(64)}","arm":"stable","release":null`,
  producedHead: `"binding":{"label":"rules@000000000000","source":"${"0".repeat(64)}"},"release":null`,
};

function sampleRecord(index: number): string {
  return writeRecord({
    status: "ok",
    caller,
    candidate,
    function: "echo-rules",
    fallback: false,
    label: index % 2 === 0 ? "short" : "long",
    confidence: 0.9,
    error: null,
    latencyMs: 0.4,
    occurredAt: systemClock.now(),
    input: JSON.stringify({ text: `where is my card number ${index}, I have been waiting for it since last week` }),
    output: '{"label":"short","confidence":0.9}',
    steps: [{ name: "rules", kind: "variant", startMs: 0.1, durationMs: 0.05, status: "ok" }],
    nodeFacts,
    stateAgeMs: 12,
    traceId: undefined,
    budgetMs: 1000,
    metadata: undefined,
    idempotency: undefined,
  });
}
