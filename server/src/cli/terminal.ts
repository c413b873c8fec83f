import { stripVTControlCharacters } from "node:util";
import { readEnvironment } from "../core/index.ts";
import type { Terminal } from "./types.ts";

/** The real one: standard output and error of this process. Colours follow NO_COLOR and whether a person looks. */
export function createTerminal(): Terminal {
  const isTerminal = process.stdout.isTTY;
  return {
    out: (text) => void process.stdout.write(`${text}\n`),
    error: (text) => void process.stderr.write(text),
    columns: process.stdout.columns ?? 120,
    isTerminal,
    isErrorTerminal: process.stderr.isTTY,
    colours: isTerminal && (readEnvironment("NO_COLOR") ?? "") === "" && readEnvironment("TERM") !== "dumb",
    readInput: readStandardInput,
  };
}

async function readStandardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

export type Paint = (text: string) => string;

/** The few colours of the CLI, each with one meaning. */
export interface Palette {
  readonly strong: Paint;
  readonly dim: Paint;
  readonly good: Paint;
  readonly bad: Paint;
  readonly warn: Paint;
  readonly accent: Paint;
}

function paint(open: number, close: number): Paint {
  return (text) => `\u001B[${open}m${text}\u001B[${close}m`;
}

const plain: Paint = (text) => text;

export function paletteOf(terminal: { colours: boolean }): Palette {
  if (!terminal.colours) return { strong: plain, dim: plain, good: plain, bad: plain, warn: plain, accent: plain };
  return { strong: paint(1, 22), dim: paint(2, 22), good: paint(32, 39), bad: paint(31, 39), warn: paint(33, 39), accent: paint(36, 39) };
}

/** Columns a text takes, without its colours. Wide characters count two. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of stripVTControlCharacters(text)) {
    const code = character.codePointAt(0)!;
    width += isWide(code) ? 2 : /\p{Mark}/u.test(character) ? 0 : 1;
  }
  return width;
}

function isWide(code: number): boolean {
  return (
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0x1f300 && code <= 0x1faff)
  );
}

const controls = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/g;

/** Text from elsewhere made safe to print: no control characters, so no mail can move the cursor or set the title. */
export function printable(text: string): string {
  return text.replace(controls, " ");
}

/** Cuts to a number of columns, with an ellipsis. Colours are not expected in `text`. */
export function cut(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let kept = "";
  let width = 0;
  for (const character of text) {
    width += widthOf(character);
    if (width > columns - 1) break;
    kept += character;
  }
  return `${kept.trimEnd()}…`;
}
