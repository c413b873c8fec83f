import { refuse } from "./refuse.ts";

export type Token =
  | { readonly kind: "number"; readonly at: number; readonly value: number }
  | { readonly kind: "text"; readonly at: number; readonly value: string }
  /** A name, or one of the words `and or not in true false`. */
  | { readonly kind: "word"; readonly at: number; readonly value: string }
  | { readonly kind: "sign"; readonly at: number; readonly value: string }
  | { readonly kind: "end"; readonly at: number; readonly value: "" };

const patterns = {
  space: /\s*/y,
  number: /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y,
  word: /[A-Za-z_][\w-]*(?:\.[\w-]+)*/y,
  text: /'(?:[^'\\]|\\[^])*'|"(?:[^"\\]|\\[^])*"/y,
  sign: /==|!=|<=|>=|[<>()[\],]/y,
} as const;

/** The words, signs and values of a condition, with their places. */
export function readTokens(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const take = (kind: keyof typeof patterns): string | undefined => {
    const pattern = patterns[kind];
    pattern.lastIndex = at;
    const [found] = pattern.exec(text) ?? [];
    at += found?.length ?? 0;
    return found;
  };
  for (;;) {
    take("space");
    const start = at;
    if (at === text.length) return [...tokens, { kind: "end", at, value: "" }];
    const number = take("number");
    if (number !== undefined) {
      // Not -0, which nothing tells from 0 but its spelling.
      const value = Number(number) + 0;
      if (!Number.isFinite(value)) refuse(text, start, "this number is too large");
      tokens.push({ kind: "number", at: start, value });
      continue;
    }
    const quoted = take("text");
    if (quoted !== undefined) {
      tokens.push({ kind: "text", at: start, value: quoted.slice(1, -1).replaceAll(/\\([^])/g, "$1") });
      continue;
    }
    const word = take("word");
    if (word !== undefined) {
      tokens.push({ kind: "word", at: start, value: word });
      continue;
    }
    const sign = take("sign");
    if (sign === undefined) refuse(text, start, describe(text[start]!));
    tokens.push({ kind: "sign", at: start, value: sign });
  }
}

function describe(character: string): string {
  if (character === "'" || character === '"') return `the text that begins here has no closing ${character}`;
  if (character === "=") return 'equality is written "=="';
  if (character === "&" || character === "|" || character === "!") return 'write "and", "or", "not"';
  return `"${character}" means nothing here`;
}
