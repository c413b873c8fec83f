import { join } from "node:path";
import { z } from "zod";
import type { SourceOf } from "../config.ts";
import { RowWriter } from "../formats/row-writer.ts";
import type { Gathered, GatherInput, SourceKind } from "../types.ts";

type PushSource = SourceOf<"push">;

const cursorSchema = z.strictObject({ position: z.int() });
const rowsAtOnce = 1000;

/** What was sent to us. Positions are given under a lock, so none comes to light behind one that was read. */
export const push: SourceKind<PushSource> = {
  async gather({ cursor, folder, maxBytes, signal, pushed }: GatherInput<PushSource>): Promise<Gathered> {
    let position = cursorSchema.nullable().parse(cursor)?.position ?? 0;
    const path = join(folder, "pushed.jsonl");
    const out = new RowWriter(path, { size: 0, maxBytes: Number.POSITIVE_INFINITY });
    let more = false;
    try {
      for (;;) {
        signal.throwIfAborted();
        const rows = await pushed(position, rowsAtOnce);
        for (const { row, position: at } of rows) out.write(row, at);
        position = rows.at(-1)?.position ?? position;
        more = rows.length === rowsAtOnce;
        if (!more || out.size > maxBytes) break;
      }
    } finally {
      out.close();
    }
    return { parts: [], written: { path, rows: out.rows }, refused: [], more, next: () => ({ position }) };
  },

  describe(cursor) {
    const parsed = cursorSchema.safeParse(cursor);
    return parsed.success ? `row ${parsed.data.position}` : null;
  },
};
