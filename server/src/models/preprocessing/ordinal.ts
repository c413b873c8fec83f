import { z } from "zod";
import { asCategories } from "./matrix.ts";
import type { Matrix, Step, Values } from "./types.ts";

const parametersSchema = z.strictObject({
  /** What a category becomes that is not among the training rows; a missing one is always NaN. */
  unseen: z.enum(["minus-one", "missing"]).default("minus-one"),
});

/** One column with a code for each category: 0, 1, ... in order of their text. */
export const ordinal: Step = {
  name: "ordinal",
  takes: ["category"],
  parametersSchema,
  fit(values, parameters) {
    const { unseen } = parametersSchema.parse(parameters);
    const column = asCategories(values);
    const categories = [...new Set(column.values)].filter((category) => category !== "").sort();
    const codes = new Map(categories.map((category, code) => [category, code]));
    const other = unseen === "missing" ? Number.NaN : -1;
    const transform = (given: Values): Matrix => ({
      kind: "matrix",
      names: [column.name],
      columns: [Float64Array.from(asCategories(given).values, (text) => (text === "" ? Number.NaN : (codes.get(text) ?? other)))],
    });
    return {
      training: transform(values),
      transform,
      write: (graph, input) =>
        graph.asMatrix(
          graph.add("LabelEncoder", [input], {
            domain: "ai.onnx.ml",
            attributes: {
              keys_strings: [...categories, ""],
              values_floats: { floats: [...categories.keys(), Number.NaN] },
              default_float: { float: other },
            },
          }),
        ),
    };
  },
};
