/**
 * What the Python packages tokenizers 0.23 and onnxruntime 1.31 make of the same two files, one text at a time: the tokens
 * (`Tokenizer.from_file(...)` without padding and truncation), and how the mean over all tokens, of length one, begins.
 */
export const golden: readonly { readonly text: string; readonly tokens: readonly number[]; readonly beginning: readonly number[] }[] = [
  { text: "How old are you?", tokens: [101, 2129, 2214, 2024, 2017, 1029, 102], beginning: [0.0833, 0.0225, 0.0249, 0.0674] },
  { text: "What is your age?", tokens: [101, 2054, 2003, 2115, 2287, 1029, 102], beginning: [0.0343, 0.0585, 0.0427, 0.0098] },
  { text: "My phone is good.", tokens: [101, 2026, 3042, 2003, 2204, 1012, 102], beginning: [-0.0232, -0.065, 0.0876, -0.0518] },
  {
    text: "Your cellphone looks great.",
    tokens: [101, 2115, 3526, 9864, 3504, 2307, 1012, 102],
    beginning: [-0.0845, 0.0445, 0.1283, -0.0678],
  },
  { text: "Will it snow tomorrow?", tokens: [101, 2097, 2009, 4586, 4826, 1029, 102], beginning: [-0.0867, 0.0262, 0.1409, 0.018] },
  {
    text: "Recently a lot of hurricanes have hit the US",
    tokens: [101, 3728, 1037, 2843, 1997, 17035, 2031, 2718, 1996, 2149, 102],
    beginning: [0.0548, -0.0381, 0.0504, 0.126],
  },
  {
    text: "Grüße aus Zürich 你好 🌍🌍 x",
    tokens: [101, 24665, 2226, 17499, 17151, 10204, 100, 100, 100, 1060, 102],
    beginning: [-0.0093, 0.0865, 0.0794, -0.0273],
  },
  { text: "a\u0000b\tc\u200bd  e", tokens: [101, 11113, 3729, 1041, 102], beginning: [0.0036, 0.0787, 0.0069, -0.0217] },
  {
    text: "ﬁve ½ Ａ don't $5 state-of-the-art",
    tokens: [101, 1984, 3726, 1092, 100, 2123, 1005, 1056, 1002, 1019, 2110, 1011, 1997, 1011, 1996, 1011, 2396, 102],
    beginning: [-0.1144, 0.0648, 0.1058, -0.0351],
  },
  {
    text: "Ｅ́ İstanbul ΣΊΣΥΦΟΣ",
    tokens: [101, 100, 9960, 1173, 18199, 29733, 29735, 29736, 29730, 29733, 102],
    beginning: [0.0937, 0.0572, 0.0533, 0.0665],
  },
  {
    text: `pneumonoultramicroscopicsilicovolcanoconiosis ${"a".repeat(101)}`,
    tokens: [101, 1052, 2638, 2819, 17175, 11314, 6444, 2594, 7352, 26461, 27572, 11261, 6767, 15472, 6761, 8663, 10735, 2483, 100, 102],
    beginning: [-0.0051, 0.0016, -0.0099, -0.0375],
  },
];

/** Places of two texts above, and how alike they are: the cosine of their vectors. */
export const likeness: readonly (readonly [one: number, other: number, cosine: number])[] = [
  [0, 1, 0.7605],
  [2, 3, 0.685],
  [4, 5, 0.1684],
  [0, 2, 0.1665],
  [1, 5, 0.0605],
  [0, 5, 0.0946],
];
