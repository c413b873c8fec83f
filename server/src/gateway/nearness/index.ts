export { createAskVectors } from "./ask-vectors.ts";
export { type Points, createPoints } from "./points.ts";
export type { AskVectors, VectorAnswer, VectorQuestion } from "./types.ts";
