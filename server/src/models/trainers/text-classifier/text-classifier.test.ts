import fc from "fast-check";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { beforeAll, describe, expect, test } from "vitest";
import { createRandom } from "../../../core/index.ts";
import { prepareText } from "../../text-input.ts";
import { classificationRows, textColumns } from "../../test-rows.ts";
import { findTrainer } from "../index.ts";
import type { TrainedModel } from "../types.ts";

const subjects = [
  "free money",
  "re: meeting",
  "your prize waits",
  "lunch?",
  "cheap loans now",
  "patch for the kernel",
  "İstanbul ÉCOLE Σίσυφος",
  "こんにちは 世界 😀",
];

function makeRows(count: number, seed: number) {
  const random = createRandom(seed);
  const labels: string[] = [];
  const subject: unknown[] = [];
  const body: unknown[] = [];
  for (let row = 0; row < count; row++) {
    const topic = random.integer(subjects.length);
    labels.push(topic % 2 === 0 && topic < 6 ? "spam" : topic === 7 ? "other" : "ham");
    subject.push(`${subjects[topic]} ${random.integer(50)}`);
    body.push(row % 17 === 0 ? null : `${subjects[random.integer(8)]} and ${subjects[topic]}\r\n\tword${random.integer(9)}`);
  }
  return { columns: { subject, body }, truth: labels, rows: classificationRows({ subject, body }, labels) };
}

const context = { seed: 7, onProgress: () => {} };
let trained: TrainedModel;
let session: InferenceSession;

beforeAll(async () => {
  trained = await findTrainer("text-classifier").train(makeRows(400, 1).rows, {}, context);
  session = await InferenceSession.create(trained.onnx, { intraOpNumThreads: 1, logSeverityLevel: 3 });
});

async function runOnnx(rows: readonly { subject: unknown; body: unknown }[]): Promise<{ labels: string[]; probabilities: number[][] }> {
  const feed = (name: "subject" | "body") =>
    new Tensor(
      "string",
      rows.map((row) => prepareText(row[name])),
      [rows.length],
    );
  const result = await session.run({ subject: feed("subject"), body: feed("body") });
  const flat = result["probabilities"]!.data as Float32Array;
  const width = trained.signature.labels.length;
  return {
    labels: [...(result["label"]!.data as string[])],
    probabilities: rows.map((_, row) => [...flat.subarray(row * width, (row + 1) * width)]),
  };
}

async function expectSame(rows: readonly { subject: unknown; body: unknown }[]): Promise<void> {
  const ours = trained.predict(textColumns({ subject: rows.map((row) => row.subject), body: rows.map((row) => row.body) }));
  const onnx = await runOnnx(rows);
  for (const [row, expected] of ours.entries()) {
    for (const [label, probability] of expected.entries())
      expect(Math.abs(onnx.probabilities[row]![label]! - probability)).toBeLessThan(1e-5);
    const ranked = [...expected].sort((a, b) => b - a);
    if (ranked[0]! - ranked[1]! > 1e-5) expect(onnx.labels[row]).toBe(trained.signature.labels[expected.indexOf(ranked[0]!)]);
  }
}

describe("the text classifier", () => {
  test("learns what its rows tell and is calibrated to them", () => {
    const fresh = makeRows(300, 2);
    const predicted = trained.predict(fresh.rows.columns).map((row) => trained.signature.labels[row.indexOf(Math.max(...row))]);
    const right = predicted.filter((label, row) => label === fresh.truth[row]).length;
    expect(right / 300).toBeGreaterThan(0.97);
    expect(trained.signature).toMatchObject({
      labels: ["ham", "other", "spam"],
      inputs: [
        { name: "subject", type: "text" },
        { name: "body", type: "text" },
      ],
    });
  });

  test("gives the same file for the same seed and rows", async () => {
    const again = await findTrainer("text-classifier").train(makeRows(400, 1).rows, {}, context);
    expect(Buffer.compare(again.onnx, trained.onnx)).toBe(0);
  });

  test("its ONNX file answers as the trainer does, on any text", async () => {
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 60 }),
      fc.string({ unit: "grapheme", maxLength: 40 }),
      fc.constantFrom(...subjects),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ subject: text, body: fc.oneof(text, fc.constant(null)) }), { minLength: 1, maxLength: 6 }),
        (rows) => expectSame(rows),
      ),
      { numRuns: 150 },
    );
  });

  test("its ONNX file answers as the trainer does on the texts that break tokenizers", async () => {
    const awkward = [
      "",
      " ",
      "\u0000",
      "a\u0000free money",
      "\ud800 lone \udc00",
      "\u0001\u0002\u0003",
      "İÉΣς ǅ ﬃ ß",
      "e\u0301cole",
      "\u200b\u00a0\ufeff",
      "'''",
      "a".repeat(300_000),
      "free ".repeat(60_000),
      "👩‍👩‍👧‍👦 🇦🇹",
    ];
    for (const subject of awkward)
      await expectSame([
        { subject, body: subject },
        { subject: "re: meeting", body: subject.slice(0, 20) },
      ]);
  });

  test("a payload behind a NUL is seen", async () => {
    const [plain] = (await runOnnx([{ subject: "\u0000free money 3", body: null }])).probabilities;
    const [open] = (await runOnnx([{ subject: " free money 3", body: null }])).probabilities;
    expect(plain).toEqual(open);
  });

  test("refuses rows that cannot train it, and says why", () => {
    const { rows, truth } = makeRows(400, 1);
    const trainer = findTrainer("text-classifier");
    const same = truth.map(() => "ham");
    expect(() => trainer.train(classificationRows({ subject: ["a"] }, ["x"]), {}, context)).toThrow(/1 rows are too few/);
    expect(() => trainer.train(classificationRows({ subject: same }, same), {}, context)).toThrow(/two labels/);
    expect(() => trainer.train(classificationRows({ subject: truth.map(() => "") }, truth), {}, context)).toThrow(/nothing to learn/);
    expect(() => trainer.train(rows, { epochs: 0 }, context)).toThrow();
    expect(() => trainer.train(rows, { unknown: 1 }, context)).toThrow();
  });

  test("an unknown trainer is named with those there are", () => {
    expect(() => findTrainer("oracle")).toThrow(/oracle.*text-classifier/);
    expect(() => findTrainer("__proto__")).toThrow(/text-classifier/);
  });
});
