/** What @energetic-ai/embeddings 0.2.0, which runs the same files on TensorFlow, says: pieces, and how each vector begins. */
export const golden: readonly { readonly text: string; readonly tokens: readonly number[]; readonly beginning: readonly number[] }[] = [
  { text: "How old are you?", tokens: [728, 446, 31, 19, 54], beginning: [0.038685, 0.050444, -0.045524, 0.056079, -0.060077, -0.055097] },
  {
    text: "What is your age?",
    tokens: [379, 18, 37, 735, 54],
    beginning: [0.008935, -0.035067, -0.043464, 0.046872, -0.055609, -0.048945],
  },
  {
    text: "My phone is good.",
    tokens: [404, 825, 18, 129, 6],
    beginning: [-0.053069, -0.060565, 0.037705, -0.060423, 0.003885, -0.022633],
  },
  {
    text: "Your cellphone looks great.",
    tokens: [819, 2704, 2901, 903, 318, 6],
    beginning: [-0.058248, -0.060705, 0.002375, 0.061308, 0.024016, -0.02765],
  },
  {
    text: "Will it snow tomorrow?",
    tokens: [2626, 21, 3882, 4579, 54],
    beginning: [0.016276, -0.041667, 0.038906, -0.049473, -0.055467, 0.053655],
  },
  {
    text: "Recently a lot of hurricanes have hit the US",
    tokens: [323, 1559, 56, 11, 249, 14, 1326, 2851, 2269, 112, 32, 715, 9, 387],
    beginning: [-0.059939, -0.008317, 0.036886, 0.001809, -0.016769, 0.042116],
  },
  {
    text: "An apple a day, keeps the doctors away",
    tokens: [829, 5459, 11, 221, 8, 373, 7, 9, 969, 7, 468],
    beginning: [-0.053689, -0.052337, -0.012782, 0.018477, -0.053895, -0.049462],
  },
  {
    text: "Eating strawberries is healthy",
    tokens: [184, 621, 7582, 949, 1803, 18, 1977],
    beginning: [-0.031429, 0.05297, -0.024048, -0.02521, -0.055901, 0.033606],
  },
  {
    text: "Grüße aus Zürich 你好 🌍🌍 x",
    tokens: [223, 93, 6980, 0, 59, 11, 298, 1677, 6980, 5535, 30, 0, 30, 0, 649],
    beginning: [-0.027597, -0.024275, -0.033126, -0.015711, -0.049593, -0.006985],
  },
  { text: "a  b", tokens: [11, 30, 464], beginning: [0.049564, -0.050635, 0.050182, 0.045245, 0.050572, -0.050424] },
  { text: "ﬁve ½ Ａ", tokens: [821, 207, 7935, 288, 74], beginning: [-0.011215, -0.03313, 0.050765, -0.047264, 0.025018, -0.050479] },
  { text: "🏳️‍🌈", tokens: [30, 0], beginning: [-0.032406, -0.039111, 0.049875, 0.03964, -0.01561, -0.052007] },
];

/** Places of two texts above, and how alike it finds them: the cosine of their vectors. */
export const likeness: readonly (readonly [one: number, other: number, cosine: number])[] = [
  [0, 1, 0.84642],
  [2, 3, 0.56821],
  [4, 5, 0.27125],
  [6, 7, 0.50166],
  [0, 2, 0.16444],
  [1, 5, 0.03937],
  [3, 6, 0.26802],
  [0, 5, 0.0297],
];
