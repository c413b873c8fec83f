import { createWriteStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { z } from "zod";
import { AppError, isAppError } from "../../core/index.ts";
import { parseLine, readLines } from "../parse-rows.ts";

const functionSchema = z
  .strictObject({
    name: z.string().min(1).max(100),
    /** What it votes for, where all its conditions hold; elsewhere it abstains. */
    label: z.string().min(1),
    column: z.string().min(1),
    /** The text holds one of these, in capitals or not. */
    contains: z.array(z.string().min(1)).min(1).optional(),
    /** A regular expression that fits somewhere in the text, in capitals or not. */
    matches: z.string().min(1).optional(),
    wordsBelow: z.int().positive().optional(),
    wordsFrom: z.int().positive().optional(),
    /** For numbers. */
    below: z.number().optional(),
    from: z.number().optional(),
  })
  .refine(({ name: _, label: __, column: ___, ...conditions }) => Object.keys(conditions).length > 0, "it has no condition");
const functionsSchema = z.array(functionSchema).min(1).max(500);
type LabellingFunction = z.infer<typeof functionSchema>;

export interface ApplyFunctionsInput {
  /** JSON lines. */
  readonly rowsPath: string;
  /** JSON: a list of functions. */
  readonly functionsPath: string;
  /** Where the votes go, as JSON lines of item, source, label. */
  readonly outPath: string;
  /** The column that names a row; without it its line does. */
  readonly itemColumn?: string | undefined;
  /** The column with the true label, where some rows have one. */
  readonly labelColumn?: string | undefined;
}

export interface FunctionReport {
  readonly name: string;
  readonly label: string;
  readonly votes: number;
  /** Shares of all rows: where it votes, where another votes too, where another votes otherwise. */
  readonly coverage: number;
  readonly overlaps: number;
  readonly conflicts: number;
  /** Share of its votes that are the true label, over rows that have one. */
  readonly accuracy: number | null;
}

export interface ApplyFunctionsReport {
  readonly rows: number;
  /** Rows that no function speaks of. */
  readonly silent: number;
  readonly votes: number;
  readonly functions: FunctionReport[];
}

/** Writes the votes of labelling functions over rows, and says what each function does. `invalid_request` names the line or the function that is wrong. */
export async function applyFunctions(input: ApplyFunctionsInput): Promise<ApplyFunctionsReport> {
  const functions = (await readFunctions(input.functionsPath)).map((each): Counted => ({
    ...each,
    applies: compile(each),
    votes: 0,
    overlaps: 0,
    conflicts: 0,
    right: 0,
    judged: 0,
  }));
  const seen = { rows: 0, silent: 0 };
  try {
    await pipeline(Readable.from(voteLines(input, functions, seen)), createWriteStream(input.outPath));
  } catch (cause) {
    if (isAppError(cause)) throw cause;
    throw new AppError(
      "invalid_request",
      `${input.outPath} cannot be written: ${cause instanceof Error ? cause.message : String(cause)}.`,
      {
        cause,
      },
    );
  }
  const share = (count: number) => count / Math.max(1, seen.rows);
  return {
    ...seen,
    votes: functions.reduce((sum, { votes }) => sum + votes, 0),
    functions: functions.map(({ name, label, votes, overlaps, conflicts, right, judged }) => ({
      name,
      label,
      votes,
      coverage: share(votes),
      overlaps: share(overlaps),
      conflicts: share(conflicts),
      accuracy: judged === 0 ? null : right / judged,
    })),
  };
}

interface Counted extends LabellingFunction {
  readonly applies: (value: unknown) => boolean;
  votes: number;
  overlaps: number;
  conflicts: number;
  right: number;
  judged: number;
}

async function* voteLines(
  { rowsPath, itemColumn, labelColumn }: ApplyFunctionsInput,
  functions: readonly Counted[],
  seen: { rows: number; silent: number },
): AsyncGenerator<string> {
  let line = 0;
  for await (const bytes of readLines(rowsPath)) {
    const parsed = parseLine(bytes, ++line);
    if (parsed === null) continue;
    if (!("raw" in parsed)) throw new AppError("invalid_request", `${rowsPath} line ${line}: ${parsed.reason}.`);
    const { raw } = parsed;
    const item = itemColumn === undefined ? line : raw[itemColumn];
    if (typeof item !== "string" && typeof item !== "number")
      throw new AppError("invalid_request", `${rowsPath} line ${line}: ${itemColumn!} names no item.`);
    const truth = labelColumn === undefined ? null : (raw[labelColumn] ?? null);
    const speaking = functions.filter(({ column, applies }) => applies(raw[column]));
    seen.rows += 1;
    if (speaking.length === 0) seen.silent += 1;
    for (const each of speaking) {
      each.votes += 1;
      each.overlaps += speaking.length > 1 ? 1 : 0;
      each.conflicts += speaking.some(({ label }) => label !== each.label) ? 1 : 0;
      each.judged += truth === null ? 0 : 1;
      each.right += truth !== null && asText(truth) === each.label ? 1 : 0;
      yield `${JSON.stringify({ item, source: each.name, label: each.label })}\n`;
    }
  }
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

async function readFunctions(path: string): Promise<LabellingFunction[]> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, "utf8"));
  } catch (cause) {
    throw new AppError("invalid_request", `${path} cannot be read as JSON: ${cause instanceof Error ? cause.message : String(cause)}.`, {
      cause,
    });
  }
  const parsed = functionsSchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new AppError("invalid_request", `${path}: ${issue.path.join(".") || "the list"}: ${issue.message}.`);
  }
  const names = parsed.data.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined)
    throw new AppError("invalid_request", `${path}: two functions are called "${twice}"; votes are told apart by the name.`);
  return parsed.data;
}

function compile(of: LabellingFunction): (value: unknown) => boolean {
  const { name, contains, matches, wordsBelow, wordsFrom, below, from } = of;
  let pattern: RegExp | undefined;
  try {
    pattern = matches === undefined ? undefined : new RegExp(matches, "iu");
  } catch (cause) {
    throw new AppError("invalid_request", `The function "${name}": ${matches!} is no regular expression.`, { cause });
  }
  const parts = contains?.map((part) => part.toLowerCase());
  const hasText = parts !== undefined || pattern !== undefined || wordsBelow !== undefined || wordsFrom !== undefined;
  return (value) => {
    if (value === null || value === undefined) return false;
    if (
      (below !== undefined || from !== undefined) &&
      !(typeof value === "number" && value < (below ?? Infinity) && value >= (from ?? -Infinity))
    )
      return false;
    if (!hasText) return true;
    const text = asText(value);
    const words = text.split(/\s+/u).filter((word) => word !== "").length;
    return (
      (parts === undefined || parts.some((part) => text.toLowerCase().includes(part))) &&
      (pattern === undefined || pattern.test(text)) &&
      words < (wordsBelow ?? Infinity) &&
      words >= (wordsFrom ?? 0)
    );
  };
}
