import { type TextRules, normalizeText, splitWords } from "./normalize-text.ts";

export interface WordPieceVocabulary {
  /** Number of a piece; one that continues a word begins with the prefix. */
  readonly pieces: ReadonlyMap<string, number>;
  /** `##` */
  readonly prefix: string;
  readonly unknown: number;
  /** Before and after every text: no text can spell them, since a bracket is a word of its own. */
  readonly first: number;
  readonly last: number;
  /** Longer words are unknown. */
  readonly maxWordCharacters: number;
  readonly rules: TextRules;
}

/** BERT's own: of each word the longest piece that is known, then the longest that continues it; a word that cannot be spelled is unknown. */
export function createWordPiece(vocabulary: WordPieceVocabulary): (text: string) => number[] {
  const { pieces, prefix, unknown, first, last, maxWordCharacters, rules } = vocabulary;
  const longest = Math.max(0, ...[...pieces.keys()].map((piece) => Array.from(piece).length));

  function spell(word: string): readonly number[] {
    const characters = Array.from(word);
    if (characters.length > maxWordCharacters) return [unknown];
    const spelled: number[] = [];
    for (let from = 0; from < characters.length;) {
      const found = longestFrom(characters, from);
      if (found === undefined) return [unknown];
      spelled.push(found.piece);
      from = found.to;
    }
    return spelled;
  }

  function longestFrom(characters: readonly string[], from: number) {
    for (let to = Math.min(characters.length, from + longest); to > from; to--) {
      const piece = pieces.get((from === 0 ? "" : prefix) + characters.slice(from, to).join(""));
      if (piece !== undefined) return { piece, to };
    }
    return undefined;
  }

  return (text) => [first, ...splitWords(normalizeText(text, rules)).flatMap(spell), last];
}

/** The beginning of what was cut, with its mark at the end. */
export function cutTokens(tokens: readonly number[], maxTokens: number): readonly number[] {
  return tokens.length <= maxTokens ? tokens : [...tokens.slice(0, maxTokens - 1), tokens.at(-1)!];
}
