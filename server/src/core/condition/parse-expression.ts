import { type Token, readTokens } from "./read-tokens.ts";
import { refuse } from "./refuse.ts";
import type { Comparison, ConditionNames, ConditionType, ConditionValue, Expression, Operand } from "./types.ts";

/** A condition is a line a person reads. The bounds keep reading it from running deep. */
const maxLength = 2000;
const maxDepth = 50;
const comparisons: readonly string[] = ["==", "!=", "<", "<=", ">", ">="];
const keywords: readonly string[] = ["and", "or", "not", "in", "true", "false"];
const sample: Readonly<Record<ConditionType, string>> = { number: "a number", text: "a quoted text", flag: "true or false" };

/** Reads and checks a condition; throws `config_invalid` naming the place. */
export function parseExpression(text: string, names: ConditionNames): Expression {
  if (text.length > maxLength) refuse(text.slice(0, 40), maxLength, `it is longer than ${maxLength} characters`);
  const tokens = readTokens(text);
  let position = 0;
  let depth = 0;

  const peek = (): Token => tokens[position]!;
  const isNext = (kind: "word" | "sign", value: string) => peek().kind === kind && peek().value === value;
  const next = (): Token => tokens[position++]!;
  function skip(kind: "word" | "sign", value: string): boolean {
    if (!isNext(kind, value)) return false;
    position++;
    return true;
  }
  function expect(sign: string): void {
    if (!skip("sign", sign)) refuse(text, peek().at, `expected "${sign}"${instead(peek())}`);
  }

  function parseJoined(word: "and" | "or"): Expression {
    const parse = word === "or" ? () => parseJoined("and") : parseNot;
    const parts = [parse()];
    while (skip("word", word)) parts.push(parse());
    return parts.length === 1 ? parts[0]! : { kind: word, parts };
  }

  function parseNot(): Expression {
    if (++depth > maxDepth) refuse(text, peek().at, `more than ${maxDepth} parentheses or "not" are nested here`);
    const parsed: Expression = skip("word", "not") ? { kind: "not", of: parseNot() } : parseSingle();
    depth--;
    return parsed;
  }

  function parseSingle(): Expression {
    if (skip("sign", "(")) {
      const inner = parseJoined("or");
      expect(")");
      return inner;
    }
    const { at } = peek();
    const left = parseOperand();
    if (skip("word", "in")) return { kind: "in", left, list: parseList(typeOf(left)) };
    const operator = peek();
    if (operator.kind === "sign" && comparisons.includes(operator.value)) {
      position++;
      return parseComparison(left, operator);
    }
    if (left.kind === "name" && left.type === "flag") return { kind: "flag", flag: left };
    return refuse(
      text,
      operator.at,
      `"${text.slice(at, operator.at).trim()}" must be compared: with ==, !=, <, <=, >, >= or in${instead(operator)}`,
    );
  }

  function parseComparison(left: Operand, operator: Token): Expression {
    const { at } = peek();
    const right = parseOperand();
    const type = typeOf(left);
    if (typeOf(right) !== type) refuse(text, at, `${sample[type]} is compared here, not ${sample[typeOf(right)]}`);
    if (type !== "number" && operator.value !== "==" && operator.value !== "!=")
      refuse(text, operator.at, `"${operator.value}" compares numbers; use == or !=`);
    return { kind: "compare", operator: operator.value as Comparison, left, right };
  }

  function parseList(type: ConditionType): ConditionValue[] {
    expect("[");
    const list: ConditionValue[] = [];
    do {
      const { at } = peek();
      const item = parseOperand();
      if (item.kind !== "value") return refuse(text, at, "a list holds numbers, quoted texts or true and false");
      if (typeOf(item) !== type) refuse(text, at, `${sample[type]} is looked for here, not ${sample[typeOf(item)]}`);
      list.push(item.value);
    } while (skip("sign", ","));
    expect("]");
    return list;
  }

  function parseOperand(): Operand {
    const token = next();
    if (token.kind === "number" || token.kind === "text") return { kind: "value", value: token.value };
    if (token.kind === "word" && (token.value === "true" || token.value === "false"))
      return { kind: "value", value: token.value === "true" };
    if (token.kind !== "word" || keywords.includes(token.value))
      return refuse(text, token.at, `expected a name, a number or a quoted text${instead(token)}`);
    const type = typeOfName(token.value, names);
    if (type === undefined) return refuse(text, token.at, `there is no name "${token.value}"; known: ${Object.keys(names).join(", ")}`);
    return { kind: "name", name: token.value, type };
  }

  const expression = parseJoined("or");
  if (peek().kind !== "end") refuse(text, peek().at, `expected "and", "or" or the end${instead(peek())}`);
  return expression;
}

function typeOf(operand: Operand): ConditionType {
  if (operand.kind === "name") return operand.type;
  return typeof operand.value === "number" ? "number" : typeof operand.value === "string" ? "text" : "flag";
}

function typeOfName(name: string, names: ConditionNames): ConditionType | undefined {
  if (Object.hasOwn(names, name)) return names[name];
  const dot = name.indexOf(".");
  const family = `${name.slice(0, dot)}.*`;
  return dot > 0 && Object.hasOwn(names, family) ? names[family] : undefined;
}

function instead(token: Token): string {
  return token.kind === "end" ? ", but the condition ends" : `, not "${token.value}"`;
}
