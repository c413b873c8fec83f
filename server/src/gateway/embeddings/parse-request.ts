import { z } from "zod";
import { AppError } from "../../core/index.ts";
import type { EmbeddingRequest } from "./types.ts";

const maxInputs = 10_000;
const tokens = z.array(z.int().nonnegative()).min(1);
const text = z.string().min(1, "a text must not be empty");

/** OpenAI's `POST /v1/embeddings`. */
const requestSchema = z.looseObject({
  model: z.string().min(1),
  input: z.union([text, z.array(text).min(1).max(maxInputs), tokens, z.array(tokens).min(1).max(maxInputs)]),
  dimensions: z.int().positive().optional(),
  encoding_format: z.enum(["float", "base64"]).default("float"),
  user: z.string().optional(),
});

/** `invalid_request` with the path. */
export function parseEmbeddingRequest(body: unknown): EmbeddingRequest {
  const parsed = requestSchema.safeParse(body);
  if (!parsed.success) {
    const issues = parsed.error.issues.slice(0, 20).map((issue) => ({ path: issue.path.join("."), message: messageOf(issue) }));
    throw new AppError(
      "invalid_request",
      `The request is wrong at ${issues.map(({ path, message }) => `${path}: ${message}`).join("; ")}.`,
      {
        details: { issues },
      },
    );
  }
  const { model, input, dimensions, encoding_format: encoding, user, ...foreign } = parsed.data;
  return {
    model,
    inputs: typeof input === "string" ? [input] : isTokens(input) ? [input] : input,
    ...(dimensions === undefined ? {} : { dimensions }),
    encoding,
    ...(user === undefined ? {} : { user }),
    foreign,
  };
}

function messageOf(issue: { readonly path: readonly PropertyKey[]; readonly message: string }): string {
  if (issue.path[0] !== "input") return issue.message;
  return `a text that is not empty, a list of tokens, or a list of either with ${maxInputs} at most`;
}

function isTokens(input: readonly (string | number | readonly number[])[]): input is number[] {
  return typeof input[0] === "number";
}
