import pg from "pg";

export interface QueryOptions {
  /** Holds the password: never to be shown. */
  readonly url: string;
  readonly query: string;
  readonly watermark: string | undefined;
  /** Only rows beyond it, as PostgreSQL writes the value. */
  readonly after: string | null;
  readonly signal: AbortSignal;
}

export interface QueryRow {
  /** One JSON object, as PostgreSQL writes it: no number loses a digit. */
  readonly row: string;
  readonly mark: string | null;
}

const rowsAtOnce = 2000;
const connectMs = 10_000;

/** The rows of a query in batches, by a cursor of a read-only transaction, so that neither side holds all of them. */
export async function* readQuery(options: QueryOptions): AsyncGenerator<QueryRow[]> {
  const client = new pg.Client({
    connectionString: options.url,
    connectionTimeoutMillis: connectMs,
    keepAlive: true,
    application_name: "millrace-source",
    options: "-c default_transaction_read_only=on -c timezone=UTC -c datestyle=ISO",
  });
  // A connection that breaks rejects the statement under way as well.
  client.on("error", () => {});
  const onAbort = () => void client.end().catch(() => {});
  try {
    await client.connect();
    options.signal.addEventListener("abort", onAbort, { once: true });
    options.signal.throwIfAborted();
    await client.query("begin isolation level repeatable read, read only");
    const { fields } = await client.query(statement(`select * from (${options.query}\n) as source limit 0`));
    const names = fields.map(({ name }) => name);
    const doubled = names.find((name, index) => names.indexOf(name) !== index);
    if (doubled !== undefined) throw new DoubledColumn(doubled);
    await client.query(declare(options));
    for (;;) {
      const { rows } = await client.query<QueryRow>(`fetch ${rowsAtOnce} from millrace_rows`);
      if (rows.length === 0) return;
      yield rows;
    }
  } finally {
    options.signal.removeEventListener("abort", onAbort);
    await client.end().catch(() => {});
  }
}

export class DoubledColumn extends Error {
  readonly column: string;

  constructor(column: string) {
    super(`two columns are named "${column}"`);
    this.column = column;
  }
}

/** Of the extended protocol, which takes one statement and no second behind a semicolon. */
function statement(text: string, values: readonly string[] = []): pg.QueryConfig {
  const config = { text, values: [...values], queryMode: "extended" };
  return config;
}

function declare({ query, watermark, after }: QueryOptions): pg.QueryConfig {
  const head = "declare millrace_rows no scroll cursor for ";
  const from = `from (${query}\n) as source`;
  if (watermark === undefined) return statement(`${head}select row_to_json(source)::text as row, null::text as mark ${from}`);
  const column = `source."${watermark.replaceAll('"', '""')}"`;
  const beyond = after === null ? `${column} is not null` : `${column} > $1`;
  return statement(
    `${head}select row_to_json(source)::text as row, ${column}::text as mark ${from} where ${beyond} order by ${column}`,
    after === null ? [] : [after],
  );
}
