import { silentLogger, systemClock } from "../src/core/index.ts";
import {
  createCarrier,
  createDrain,
  createJournal,
  type Drain,
  type DrainConfig,
  type DrainedRecord,
  type DrainStore,
  type Journal,
  type JournalConfig,
  type JournalIncident,
} from "../src/storage/journal/index.ts";

export interface TestJournal {
  readonly journal: Journal;
  readonly incidents: JournalIncident[];
}

export async function openJournal(folder: string, config?: JournalConfig, node = "node"): Promise<TestJournal> {
  const incidents: JournalIncident[] = [];
  const journal = await createJournal({
    folder,
    node,
    clock: systemClock,
    logger: silentLogger,
    config,
    onIncident: (incident) => incidents.push(incident),
  });
  return { journal, incidents };
}

/** A store in memory: rows by id, all or nothing per transaction, and a switch for being away. */
export function memoryStore() {
  const rows = new Map<string, DrainedRecord>();
  const state = { away: false, transactions: 0, written: 0 };
  const sql: DrainStore<Map<string, DrainedRecord>> = {
    async system(_reason, work) {
      state.transactions += 1;
      if (state.away) throw Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
      const written = new Map<string, DrainedRecord>();
      const result = await work(written);
      state.written += written.size;
      for (const [id, row] of written) if (!rows.has(id)) rows.set(id, row);
      return result;
    },
  };
  return { rows, state, sql };
}

export function openDrain(
  journal: Journal,
  store: ReturnType<typeof memoryStore>,
  options: { poison?: (id: string) => boolean; config?: DrainConfig } = {},
): Drain {
  return createDrain({
    journal,
    config: { lingerMs: 1, ...options.config },
    carrier: createCarrier({
      sql: store.sql,
      sinks: [
        {
          type: "inference",
          async write(transaction, records) {
            for (const record of records) {
              if (options.poison?.(record.id) === true) throw new Error(`${record.id} is poison`);
              transaction.set(record.id, record);
            }
          },
        },
      ],
    }),
  });
}
