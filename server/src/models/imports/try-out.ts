import type * as Onnx from "onnxruntime-node";
import { type Random, createRandom } from "../../core/index.ts";
import { indexOfLargest } from "../evaluate-rows.ts";
import type { Cell } from "../read-cell.ts";
import { feedGraph } from "../runtime/imported-graph.ts";
import { type ImportedSignature, refusal } from "./choose-graph.ts";
import type { FileFacts } from "./read-file.ts";

const tries = 24;
/** How far apart the same row's answers may be, alone and among others. */
const tolerance = 1e-4;
/** How far from 1 the probabilities of a row may sum. */
const sumTolerance = 1e-2;

export interface TryOut {
  readonly signature: ImportedSignature;
  readonly facts: Pick<FileFacts, "labels">;
}

interface Answers {
  readonly width: number;
  readonly values: Float64Array;
  /** What the file itself calls each row, where it says so. */
  readonly said: readonly string[] | undefined;
}

/**
 * Runs rows through the file before it may serve: its answers have the promised shape, are probabilities where they should be, agree
 * with the label the file itself answers, and a row's answer does not hang on the rows beside it. `import_refused` says what does not hold.
 */
export async function tryOut(onnx: typeof Onnx, session: Onnx.InferenceSession, { signature, facts }: TryOut): Promise<void> {
  const { graph, labels } = signature;
  const isValue = signature.task === "regression";
  const width = isValue ? 1 : labels.length;
  const labelOutput = isValue ? undefined : findLabelOutput(session, graph.output);

  async function ask(rows: readonly (readonly Cell[])[]): Promise<Answers> {
    const feeds = feedGraph(onnx, { signature, rows });
    const result = await session.run(feeds, [graph.output, ...(labelOutput === undefined ? [] : [labelOutput])]);
    const answer = result[graph.output]!;
    const asPromised = answer.dims[0] === rows.length && answer.data.length === rows.length * width && answer.dims.length <= 2;
    if (!asPromised)
      throw refusal(
        `The output "${graph.output}" has the shape [${answer.dims.join(", ")}] for ${rows.length} rows; ${isValue ? "one number" : `${width} probabilities`} a row are needed.`,
      );
    const said = labelOutput === undefined ? undefined : Array.from(result[labelOutput]!.data as ArrayLike<unknown>, String);
    return { width, values: Float64Array.from(answer.data as Float32Array, Number), said };
  }

  const random = createRandom(1);
  const rows: (readonly Cell[])[] = [];
  const alone: Answers[] = [];
  for (let index = 0; index < tries; index++) {
    const row = signature.inputs.map(({ type }) => (index === 0 ? plain(type) : draw(type, random)));
    try {
      alone.push(await ask([row]));
      rows.push(row);
    } catch (cause) {
      // A drawn value may lie outside what the file was made for, such as an index; the plainest row may not.
      if (index > 0) continue;
      throw cause instanceof Error && "code" in cause && cause.code === "import_refused"
        ? cause
        : refusal(`The file fails on a row of zeros and empty texts: ${cause instanceof Error ? cause.message : String(cause)}`);
    }
  }
  const together = await ask(rows);
  for (const [row, one] of alone.entries()) {
    const values = together.values.subarray(row * width, (row + 1) * width);
    if (one.values.some((value, column) => Math.abs(value - values[column]!) > tolerance * Math.max(1, Math.abs(value))))
      throw refusal(`The output "${graph.output}" answers a row differently when other rows come with it, or differently each time.`);
    if (isValue || !one.values.every(Number.isFinite)) continue;
    checkProbabilities(one.values, graph.output);
    if (one.said !== undefined) checkLabel(one.values, one.said[0]!, { labels, own: facts.labels });
  }
  if (alone.every(({ values }) => !values.every(Number.isFinite)))
    throw refusal(`The output "${graph.output}" is no finite number for any of ${rows.length} rows that were tried.`);
}

function checkProbabilities(values: Float64Array, output: string): void {
  const sum = values.reduce((total, value) => total + value, 0);
  const isOdd = values.some((value) => value < -tolerance || value > 1 + tolerance) || Math.abs(sum - 1) > sumTolerance;
  if (isOdd)
    throw refusal(
      `The output "${output}" holds no probabilities: a row has ${[...values]
        .slice(0, 5)
        .map((value) => value.toPrecision(4))
        .join(", ")}, whose sum is ${sum.toPrecision(4)}. Export it with a softmax at its end.`,
    );
}

/** The file's own label must be that of the largest probability: by name, or by the class it stands for. */
function checkLabel(
  values: Float64Array,
  said: string,
  { labels, own }: { readonly labels: readonly string[]; readonly own: FileFacts["labels"] },
): void {
  const best = indexOfLargest(values);
  const isTie = values.some((value, place) => place !== best && values[best]! - value < tolerance);
  if (isTie) return;
  const classes = labels.includes(said)
    ? labels
    : (own.find((each) => each.length === labels.length) ?? labels.map((_, place) => String(place)));
  if (classes[best] !== said)
    throw refusal(
      `The labels are in the wrong order: the file calls a row "${said}" whose largest probability is that of "${labels[best]!}".`,
    );
}

function findLabelOutput(session: Onnx.InferenceSession, answer: string): string | undefined {
  return session.outputMetadata.find(
    (output) =>
      output.name !== answer && output.isTensor && (output.type === "int64" || output.type === "string") && output.shape.length < 2,
  )?.name;
}

function plain(type: ImportedSignature["inputs"][number]["type"]): Cell {
  return type === "category" ? "" : type === "boolean" ? "false" : 0;
}

function draw(type: ImportedSignature["inputs"][number]["type"], random: Random): Cell {
  if (type === "category") return ["", "a", "b", "some words"][random.integer(4)]!;
  if (type === "boolean") return random.next() < 0.5 ? "true" : "false";
  if (type === "integer") return random.integer(4);
  return Math.fround((random.next() - 0.5) * 10 ** random.integer(4));
}
