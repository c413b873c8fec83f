import { parseLine, readLines } from "../../parse-rows.ts";
import { Refusal } from "./refusal.ts";
import { TypeWatch } from "./type-watch.ts";
import type { FormatInput, FormatResult } from "./types.ts";

/** JSON lines, each kept as it was written: numbers past 2^53 lose no digit. */
export async function readJsonLines({ part, out }: FormatInput): Promise<FormatResult> {
  const watch = new TypeWatch();
  let row = 0;
  let cursor: { value: unknown } | undefined;
  for await (const bytes of readLines(part.path)) {
    const parsed = parseLine(bytes, ++row);
    if (parsed === null) continue;
    if ("reason" in parsed) throw new Refusal(parsed.reason, { row });
    if (part.holdsCursor === true && Object.hasOwn(parsed.raw, "$cursor")) {
      cursor = { value: parsed.raw["$cursor"] };
      continue;
    }
    watch.add(parsed.raw, row);
    out.write(bytes!.toString("utf8").trim(), row);
  }
  // A program that has nothing new writes nothing; a file without a line is a mistake.
  if (row === 0 && part.holdsCursor !== true) throw new Refusal("the file is empty");
  return { notes: watch.notes, ...(cursor === undefined ? {} : { cursor: cursor.value }) };
}
