import type { Comparison, ConditionValue, ConditionValues, Expression, Operand } from "./types.ts";

/** Whether it holds for these values. What is not known makes its comparison false, whichever way round it is written. */
export function evaluate(expression: Expression, values: ConditionValues): boolean {
  switch (expression.kind) {
    case "compare": {
      const left = valueOf(expression.left, values);
      const right = valueOf(expression.right, values);
      return left !== undefined && right !== undefined && compare(expression.operator, left, right);
    }
    case "in": {
      const left = valueOf(expression.left, values);
      return left !== undefined && expression.list.includes(left);
    }
    case "flag":
      return valueOf(expression.flag, values) === true;
    case "not":
      return !evaluate(expression.of, values);
    case "and":
      return expression.parts.every((part) => evaluate(part, values));
    case "or":
      return expression.parts.some((part) => evaluate(part, values));
  }
}

const javaScriptTypes = { number: "number", text: "string", flag: "boolean" } as const;

function valueOf(operand: Operand, values: ConditionValues): ConditionValue | undefined {
  if (operand.kind === "value") return operand.value;
  const value = Object.hasOwn(values, operand.name) ? values[operand.name] : undefined;
  return typeof value === javaScriptTypes[operand.type] && !Number.isNaN(value) ? value : undefined;
}

function compare(operator: Comparison, left: ConditionValue, right: ConditionValue): boolean {
  switch (operator) {
    case "==":
      return left === right;
    case "!=":
      return left !== right;
    case "<":
      return left < right;
    case "<=":
      return left <= right;
    case ">":
      return left > right;
    case ">=":
      return left >= right;
  }
}
