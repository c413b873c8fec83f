import { z } from "zod";

const parametersSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

/** The body of an inference (open inference protocol v2, REST: `$inference_request`). */
export const inferenceSchema = z.strictObject({
  id: z.string().max(200).optional(),
  parameters: parametersSchema.optional(),
  inputs: z
    .array(
      z.strictObject({
        name: z.string(),
        shape: z.array(z.int().nonnegative()).min(1).max(2),
        datatype: z.string(),
        parameters: parametersSchema.optional(),
        /** Flat, row by row, or nested as the shape. */
        data: z.array(z.unknown()),
      }),
    )
    .min(1),
  outputs: z.array(z.strictObject({ name: z.string(), parameters: parametersSchema.optional() })).optional(),
});
export type InferenceRequest = z.infer<typeof inferenceSchema>;
