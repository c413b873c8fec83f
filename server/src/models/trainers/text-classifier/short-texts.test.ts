import { describe, expect, test } from "vitest";
import { createRandom } from "../../../core/index.ts";
import { classificationRows, textColumns } from "../../test-rows.ts";
import { findTrainer } from "../index.ts";
import { fitTemperature } from "./logistic-regression.ts";

const syllables = ["ba", "ke", "li", "mo", "nu", "ra", "se", "ti", "vo", "wu", "zan", "per", "gol", "fin"];

/** Texts of words made of the same syllables, so that only whole words tell spam from ham; most words stand in both. */
function makeTexts(seed: number, count: number): { texts: string[]; labels: string[]; onlySpam: Map<string, number> } {
  const random = createRandom(seed);
  const pick = (list: readonly string[]) => list[random.integer(list.length)]!;
  const words = new Set<string>();
  while (words.size < 280) words.add(Array.from({ length: 2 + random.integer(2) }, () => pick(syllables)).join(""));
  const all = [...words];
  const own: Record<string, string[]> = { ham: all.slice(0, 100), spam: all.slice(100, 200) };
  const labels = Array.from({ length: count }, () => (random.next() < 0.4 ? "spam" : "ham"));
  const texts = labels.map((label) =>
    Array.from({ length: 60 + random.integer(60) }, () => pick(random.next() < 0.8 ? all.slice(200) : own[label]!)).join(" "),
  );
  const spamTexts = texts.filter((_, row) => labels[row] === "spam").map((text) => new Set(text.split(" ")));
  return { texts, labels, onlySpam: new Map(own["spam"]!.map((word) => [word, spamTexts.filter((text) => text.has(word)).length])) };
}

describe("a text of one or two words", () => {
  test.each([1, 2, 3, 4])("that stood in spam alone, often, is spam, though their characters stand in ham as well (%i)", async (seed) => {
    const { texts, labels, onlySpam } = makeTexts(seed, 400);
    const trained = await findTrainer("text-classifier").train(
      classificationRows({ text: texts }, labels),
      {},
      { seed: 7, onProgress: () => {} },
    );
    const often = [...onlySpam].filter(([, count]) => count >= 15).map(([word]) => word);
    expect(often.length).toBeGreaterThan(50);
    const asked = [
      ...often,
      ...often.map((word, index) => `${word} ${often[(index + 1) % often.length]!}`),
      ...often.map((word) => `${word} ${word}`),
    ];
    const spam = trained.signature.labels.indexOf("spam");
    const answers = trained.predict(textColumns({ text: asked })).map((row) => row[spam]!);
    const missed = answers.filter((probability) => probability < 0.5);
    // Characters have their say: what is missed is few, and nothing the model would be sure of.
    expect(missed.length / asked.length).toBeLessThan(0.01);
    expect(Math.min(...answers)).toBeGreaterThan(0.4);
  });
});

describe("the temperature", () => {
  const sure = (rows: number) => Array.from({ length: rows }, (_, row) => Float64Array.from(row % 2 === 0 ? [2, 0] : [0, 2]));
  const probability = (temperature: number) => 1 / (1 + Math.exp(-2 / temperature));

  test("of few rows that are all right is as sure as their number allows, and no surer", () => {
    const of = (rows: number) =>
      probability(
        fitTemperature(
          sure(rows),
          Array.from({ length: rows }, (_, row) => row % 2),
        ),
      );
    // Half a row of doubt on n rows, half of it on the other label: 1 - 0.25 / (n + 0.5).
    expect(of(4)).toBeCloseTo(1 - 0.25 / 4.5, 3);
    expect(of(40)).toBeCloseTo(1 - 0.25 / 40.5, 3);
    expect(of(1000)).toBeCloseTo(1 - 0.25 / 1000.5, 3);
  });

  test("of many rows is what they say", () => {
    const truth = Array.from({ length: 1000 }, (_, row) => (row % 10 === 0 ? 1 - (row % 2) : row % 2));
    expect(probability(fitTemperature(sure(1000), truth))).toBeCloseTo(0.9, 2);
  });
});
