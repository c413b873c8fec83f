/** Characters that are counted in one go: within a word without end, a tokenizer's time grows with the square of its length. */
const longestPiece = 1000;
/** Characters that are counted; those after them at the rate of these. */
const longestCounted = 500_000;

/** Tokens of texts: exact up to where a text without blanks is cut. */
export function sumTokens(texts: readonly string[], count: (text: string) => number): number {
  let [tokens, counted, total] = [0, 0, 0];
  for (const text of texts) {
    total += text.length;
    for (const piece of piecesOf(text.slice(0, longestCounted - counted))) {
      tokens += count(piece);
      counted += piece.length;
    }
  }
  return counted === total ? tokens : Math.ceil((tokens / counted) * total);
}

/** Cut before a blank, since a token begins with it; where there is none, between two characters. */
export function piecesOf(text: string): string[] {
  const pieces: string[] = [];
  for (let from = 0; from < text.length;) {
    let to = Math.min(text.length, from + longestPiece);
    if (to < text.length) {
      const blank = lastWordEnd(text, from, to);
      if (blank > from) to = blank;
      else if (isHighSurrogate(text.charCodeAt(to - 1))) to -= 1;
    }
    pieces.push(text.slice(from, to));
    from = to;
  }
  return pieces;
}

/** The last blank that stands alone between two words: a run of them is one token, or several. */
function lastWordEnd(text: string, from: number, to: number): number {
  for (let at = to; at > from; at--) if (text[at] === " " && isWord(text[at - 1]) && isWord(text[at + 1])) return at;
  return from;
}

function isWord(character: string | undefined): boolean {
  return character !== undefined && /\S/.test(character);
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}
