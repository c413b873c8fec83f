/** A piece and the logarithm of its probability; its place is its number. */
export type Vocabulary = readonly (readonly [piece: string, score: number])[];

interface Node {
  readonly children: Map<string, Node>;
  /** Number of the piece that ends here. */
  piece: number | undefined;
}

/** Marks of the vocabulary's own, which no text may spell. */
const reserved = 6;
const unknownPiece = 0;
const blank = "\u2581";

/**
 * Universal Sentence Encoder Lite's own: the most probable way to cut a text into pieces of the vocabulary (Viterbi over a lattice).
 * A character without a piece is unknown, costs nothing, and several in a row are one.
 */
export function createTokenizer(vocabulary: Vocabulary): (text: string) => number[] {
  const root: Node = { children: new Map(), piece: undefined };
  for (const [index, [piece]] of vocabulary.entries()) if (index >= reserved) insert(root, piece, index);

  return function tokenize(text) {
    const normal = text.normalize("NFKC");
    const symbols = normal === "" ? [] : Array.from(`${blank}${normal.replaceAll(" ", blank)}`);
    const best = new Float64Array(symbols.length + 1);
    const pieces = new Int32Array(symbols.length + 1);
    const starts = new Int32Array(symbols.length + 1);
    const isReached = new Uint8Array(symbols.length + 1);

    function reach(from: number, to: number, piece: number): void {
      const score = best[from]! + (piece === unknownPiece ? 0 : vocabulary[piece]![1]);
      // Of two equal ones the later, as the reference has it.
      if (isReached[to] === 1 && best[to] !== 0 && score < best[to]!) return;
      [best[to], pieces[to], starts[to], isReached[to]] = [score, piece, from, 1];
    }

    for (let from = 0; from < symbols.length; from++) {
      let node = root.children.get(symbols[from]!);
      let isKnown = false;
      for (let to = from + 1; node !== undefined; to++) {
        if (node.piece !== undefined) {
          reach(from, to, node.piece);
          isKnown = true;
        }
        node = to < symbols.length ? node.children.get(symbols[to]!) : undefined;
      }
      if (!isKnown) reach(from, from + 1, unknownPiece);
    }
    const tokens: number[] = [];
    for (let end = symbols.length; end > 0; end = starts[end]!) {
      const piece = pieces[end]!;
      if (piece !== unknownPiece || tokens.at(-1) !== unknownPiece) tokens.push(piece);
    }
    return tokens.toReversed();
  };
}

function insert(root: Node, piece: string, index: number): void {
  let node = root;
  for (const symbol of piece) {
    let child = node.children.get(symbol);
    if (child === undefined) node.children.set(symbol, (child = { children: new Map(), piece: undefined }));
    node = child;
  }
  node.piece = index;
}
