import { z } from "zod";
import type { Erased, LlmSpec } from "../variants/specs.ts";
import { type Shape, hasField, isType, shapeOf } from "./input-shape.ts";
import { parseTemplate } from "./template.ts";

const milliseconds = z.int().positive().max(3_600_000).optional();
const code = z.custom((value) => typeof value === "function", "a function");

const specSchema = z.strictObject({
  kind: z.literal("llm"),
  model: z.string().min(1).max(200),
  system: z.union([z.string(), code]).optional(),
  prompt: z.union([z.string(), code]).optional(),
  messages: z.string().min(1).optional(),
  temperature: z.number().min(0).max(2).optional(),
  topP: z.number().min(0).max(1).optional(),
  maxTokens: z.int().positive().optional(),
  seed: z.int().optional(),
  stop: z.array(z.string().min(1)).max(16).optional(),
  reasoning: z
    .union([z.literal("off"), z.strictObject({ effort: z.string().min(1) }), z.strictObject({ tokens: z.int().positive() })])
    .optional(),
  parameters: z.record(z.string(), z.unknown()).optional(),
  history: z.strictObject({ maxTokens: z.int().positive() }).optional(),
  clocks: z.strictObject({ totalMs: milliseconds, firstTokenMs: milliseconds, gapMs: milliseconds }).optional(),
  output: z.union([z.literal("schema"), code]).optional(),
  repair: z.boolean().optional(),
});

interface Problem {
  readonly path: string;
  readonly message: string;
}

/** What is wrong with a declaration, each under its path below the variant's. */
export function findLlmProblems(spec: LlmSpec<Erased, Erased>, input: z.ZodType): Problem[] {
  const parsed = specSchema.safeParse(spec);
  if (!parsed.success) return parsed.error.issues.map(({ path, message }) => ({ path: path.join("."), message }));
  const shape = shapeOf(input, "output");
  const problems = [...templateProblems("system", spec.system, shape), ...templateProblems("prompt", spec.prompt, shape)];
  const say = (path: string, message: string) => problems.push({ path, message });
  if (spec.prompt === undefined && spec.messages === undefined) say("prompt", "write a prompt, or name the field of the messages");
  if (spec.messages !== undefined && !isType(shape.properties?.[spec.messages], "array"))
    say("messages", `"${spec.messages}" is not a field of the input that is a list; ${fieldsOf(shape)}`);
  if (spec.history !== undefined && spec.messages === undefined) say("history", "there is no history without messages");
  return problems;
}

function templateProblems(path: string, text: unknown, shape: Shape): Problem[] {
  if (typeof text !== "string") return [];
  try {
    const missing = parseTemplate(text).flatMap((part) =>
      typeof part === "string" || hasField(shape, part.path) ? [] : [part.path.join(".")],
    );
    return missing.map((name) => ({ path, message: `the input has no field "${name}"; ${fieldsOf(shape)}` }));
  } catch (error) {
    return [{ path, message: (error as Error).message }];
  }
}

function fieldsOf({ properties = {} }: Shape): string {
  return `it has ${Object.keys(properties).join(", ") || "none"}`;
}
