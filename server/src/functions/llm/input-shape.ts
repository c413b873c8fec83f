import { z } from "zod";

/** A schema as JSON Schema, as far as names and types of fields are read from it. */
export interface Shape {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  readonly anyOf?: readonly Shape[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly $ref?: string;
}

const known = { input: new WeakMap<z.ZodType, Shape>(), output: new WeakMap<z.ZodType, Shape>() };

/** Made once for each schema: it is asked for with each request. */
export function shapeOf(schema: z.ZodType, io: "input" | "output"): Shape {
  let shape = known[io].get(schema);
  if (shape === undefined) known[io].set(schema, (shape = z.toJSONSchema(schema, { io, unrepresentable: "any" }) as Shape));
  return shape;
}

/** Whether there is such a field. Where the schema leaves open what is inside, there may be. */
export function hasField(shape: Shape, [name, ...rest]: readonly string[]): boolean {
  if (name === undefined) return true;
  if (shape.anyOf !== undefined) return shape.anyOf.some((each) => hasField(each, [name, ...rest]));
  if (shape.properties === undefined) return shape.$ref !== undefined || shape.type === undefined || shape.type === "object";
  const inner = Object.hasOwn(shape.properties, name) ? shape.properties[name] : undefined;
  return inner !== undefined && hasField(inner, rest);
}

export function isType(shape: Shape | undefined, type: string): boolean {
  if (shape === undefined) return false;
  return shape.anyOf === undefined ? shape.type === type : shape.anyOf.some((each) => isType(each, type));
}

/** Free text, and no choice between some words. */
export function isText(shape: Shape | undefined): boolean {
  return shape !== undefined && shape.type === "string" && shape.enum === undefined && shape.const === undefined;
}
