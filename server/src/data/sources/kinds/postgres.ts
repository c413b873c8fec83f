import { join } from "node:path";
import { z } from "zod";
import { AppError } from "../../../core/index.ts";
import type { SourceOf } from "../config.ts";
import { RowWriter } from "../formats/row-writer.ts";
import type { Gathered, GatherInput, SourceKind } from "../types.ts";
import { DoubledColumn, readQuery } from "./postgres-repository.ts";

type PostgresSource = SourceOf<"postgres">;

const cursorSchema = z.strictObject({ watermark: z.string(), value: z.string() });

/** SQLSTATE classes that pass by themselves: connection, too many of something, shutdown, rolled back. */
const passingStates = /^(?:08|53|57|58|40)/;

/** A query of somebody's PostgreSQL, on a connection of its own that may only read. */
export const postgres: SourceKind<PostgresSource> = {
  async gather({ source, cursor, folder, maxBytes, signal }: GatherInput<PostgresSource>): Promise<Gathered> {
    const known = cursorSchema.nullable().parse(cursor);
    // Another column orders otherwise: its rows are read from the start.
    const after = known?.watermark === source.watermark ? (known?.value ?? null) : null;
    const path = join(folder, "query.jsonl");
    const out = new RowWriter(path, { size: 0, maxBytes: Number.POSITIVE_INFINITY });
    let mark = after;
    let more = false;
    const { query, watermark } = source;
    try {
      reading: for await (const rows of readQuery({ url: source.url.reveal(), query, watermark, after, signal })) {
        for (const each of rows) {
          if (out.size > maxBytes) {
            if (watermark === undefined)
              throw unreadable(source, `the query answers more than ${maxBytes} bytes; give it a \`watermark\`, or ask for less.`);
            // Rows of one value stay together: the next read begins beyond it.
            more = each.mark !== mark;
            if (more) break reading;
          }
          out.write(each.row, out.rows + 1);
          mark = each.mark;
        }
      }
    } catch (error) {
      signal.throwIfAborted();
      throw tell(source, error);
    } finally {
      out.close();
    }
    return {
      parts: [],
      written: { path, rows: out.rows },
      refused: [],
      more,
      next: () => (watermark === undefined || mark === null ? null : { watermark, value: mark }),
    };
  },

  describe: (cursor) => {
    const parsed = cursorSchema.safeParse(cursor);
    return parsed.success ? `${parsed.data.watermark} ${parsed.data.value}` : null;
  },
};

function unreadable(source: PostgresSource, words: string): AppError {
  return new AppError("source_unreadable", `The source ${source.name}: ${words}`, { details: { source: source.name } });
}

/** `source_failed` for a lost connection, `source_unreadable` for what PostgreSQL says of the query. */
function tell(source: PostgresSource, error: unknown): unknown {
  if (error instanceof AppError) return error;
  if (error instanceof DoubledColumn) return unreadable(source, `${error.message}; give one of them another name with \`as\`.`);
  const { code, message } = error as { code?: string; message: string };
  const isSqlState = code !== undefined && /^[0-9A-Z]{5}$/.test(code);
  if (isSqlState && !passingStates.test(code)) return unreadable(source, `PostgreSQL refuses the query: ${message} (${code}).`);
  return new AppError("source_failed", `The source ${source.name}: PostgreSQL cannot be asked: ${message}`, {
    details: { source: source.name, ...(code === undefined ? {} : { code }) },
  });
}
