import type { Column } from "../columns.ts";
import { type ElementType, elementType } from "./model.ts";

const elements: Readonly<Record<Column["kind"], ElementType>> = {
  text: elementType.string,
  category: elementType.string,
  number: elementType.float,
  instant: elementType.double,
};

/** The element type of a graph's input for a column. */
export function elementOf(kind: Column["kind"]): ElementType {
  return elements[kind];
}
