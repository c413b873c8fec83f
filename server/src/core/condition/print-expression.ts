import type { ConditionValue, Expression, Operand } from "./types.ts";

/** In one spelling; reading it gives the same expression. */
export function printExpression(expression: Expression): string {
  switch (expression.kind) {
    case "compare":
      return `${printOperand(expression.left)} ${expression.operator} ${printOperand(expression.right)}`;
    case "in":
      return `${printOperand(expression.left)} in [${expression.list.map(printValue).join(", ")}]`;
    case "flag":
      return expression.flag.name;
    case "not":
      return `not ${printPart(expression.of)}`;
    case "and":
    case "or":
      return expression.parts.map(printPart).join(` ${expression.kind} `);
  }
}

function printPart(part: Expression): string {
  return part.kind === "and" || part.kind === "or" ? `(${printExpression(part)})` : printExpression(part);
}

function printOperand(operand: Operand): string {
  return operand.kind === "name" ? operand.name : printValue(operand.value);
}

function printValue(value: ConditionValue): string {
  return typeof value === "string" ? `'${value.replaceAll(/[\\']/g, "\\$&")}'` : String(value);
}
