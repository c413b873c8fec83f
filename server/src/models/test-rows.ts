import { createRandom } from "../core/index.ts";
import type { TrainingRows } from "./trainers/index.ts";

const topics = [
  { label: "spam", words: ["free money", "your prize waits", "cheap loans now"] },
  { label: "ham", words: ["re: meeting", "lunch?", "patch for the kernel"] },
];

/** Rows of two labels that a classifier can tell apart; for tests. */
export function makeRows(count: number, seed: number): TrainingRows {
  const random = createRandom(seed);
  const drawn = Array.from({ length: count }, () => {
    const { label, words } = topics[random.integer(topics.length)]!;
    const words2 = `${words[random.integer(words.length)]} ${words[random.integer(words.length)]}`;
    return { label, subject: `${words[random.integer(words.length)]} ${random.integer(50)}`, body: `${words2}\n${random.integer(9)}` };
  });
  return {
    columns: { subject: drawn.map((row) => row.subject), body: drawn.map((row) => row.body) },
    labels: drawn.map((row) => row.label),
  };
}
