import { z } from "zod";
import { AppError } from "../../core/index.ts";
import { ngramAttributes, tokenizerAttributes } from "../trainers/text-classifier/ngram-attributes.ts";
import { type SparseRows, fitVectorizer } from "../trainers/text-classifier/vectorizer.ts";
import { asTexts } from "./matrix.ts";
import type { Matrix, Step, Values } from "./types.ts";

const parametersSchema = z.strictObject({
  /** Words and pairs of words that get a column; of more, those in most texts. */
  maximumFeatures: z.int().min(1).max(5000).default(200),
  /** Texts a word must stand in. */
  minimumTexts: z.int().min(1).default(2),
});

/** Words and pairs of words of a text, weighted by how few texts they stand in, each row scaled to length 1; as `text-classifier` reads words. */
export const tfIdf: Step = {
  name: "tf-idf",
  takes: ["text"],
  parametersSchema,
  fit(values, parameters, { column }) {
    const options = parametersSchema.parse(parameters);
    const { vectorizer, rows } = fitVectorizer(asTexts(values), { kind: "words", range: { minimum: 1, maximum: 2 }, ...options });
    const width = vectorizer.idf.length;
    if (width === 0)
      throw new AppError(
        "training_failed",
        `No word of the column "${column}" stands in ${options.minimumTexts} training rows: there is nothing to learn from. Leave it out of the features.`,
        { details: { column } },
      );
    const names = Array.from({ length: width }, (_, feature) => `${column}: ${vectorizer.featureTokens(feature).join(" ")}`);
    const toMatrix = (sparse: SparseRows): Matrix => ({ kind: "matrix", names, columns: spread(sparse, width) });
    return {
      training: toMatrix(rows),
      transform: (given: Values) => toMatrix(vectorizer.transform(asTexts(given))),
      write(graph, input) {
        const tokens = graph.add("Tokenizer", [input], { domain: "com.microsoft", attributes: tokenizerAttributes(vectorizer) });
        const counts = graph.add("TfIdfVectorizer", [tokens], { attributes: ngramAttributes(vectorizer) });
        const weighted = graph.add("Mul", [graph.add("Sqrt", [counts]), graph.constant(vectorizer.idf)]);
        const length = graph.add("ReduceL2", [weighted], { attributes: { axes: { integers: [1] }, keepdims: 1 } });
        return graph.add("Div", [weighted, graph.add("Max", [length, graph.floats(1e-6)])]);
      },
    };
  },
};

function spread({ starts, columns, values }: SparseRows, width: number): Float64Array[] {
  const spreads = Array.from({ length: width }, () => new Float64Array(starts.length - 1));
  for (let row = 0; row < starts.length - 1; row++)
    for (let at = starts[row]!; at < starts[row + 1]!; at++) spreads[columns[at]!]![row] = values[at]!;
  return spreads;
}
