import { evaluate } from "./evaluate.ts";
import { parseExpression } from "./parse-expression.ts";
import { printExpression } from "./print-expression.ts";
import type { Condition, ConditionNames, Expression, Operand } from "./types.ts";

/**
 * A condition out of a configuration: comparisons (`== != < <= > >= in`) joined by `and`, `or`, `not` and parentheses. Throws
 * `config_invalid` naming the place: at the start, so that no request finds out.
 */
export function parseCondition(text: string, names: ConditionNames): Condition {
  const expression = parseExpression(text, names);
  return {
    text: printExpression(expression),
    names: [...new Set(namesIn(expression))],
    holds: (values) => evaluate(expression, values),
  };
}

function namesIn(expression: Expression): string[] {
  switch (expression.kind) {
    case "compare":
      return [expression.left, expression.right].flatMap(nameOf);
    case "in":
      return nameOf(expression.left);
    case "flag":
      return [expression.flag.name];
    case "not":
      return namesIn(expression.of);
    case "and":
    case "or":
      return expression.parts.flatMap(namesIn);
  }
}

function nameOf(operand: Operand): string[] {
  return operand.kind === "name" ? [operand.name] : [];
}
