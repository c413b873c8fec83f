import { variantKindSchema } from "@millrace/contract";
import { expect, test } from "vitest";
import { kindNames, readChain } from "./read-chain.ts";

const variant = (name: string, kind: "rules" | "llm" | "message" = "rules") => ({ name, kind, binding: null, resolved: {}, ready: true });

test("a chain is told in its order, with the condition of each step, and what is outside it last", () => {
  const variants = [variant("spare"), variant("sorry", "message"), variant("constructor"), variant("careful", "llm")];
  const chain = readChain({ variants, fallback: ["careful", "constructor", "sorry"], conditions: { sorry: "failures > 0" } });
  expect(chain.map(({ name, place, condition }) => [name, place, condition])).toEqual([
    ["careful", 1, null],
    ["constructor", 2, null],
    ["sorry", 3, "failures > 0"],
    ["spare", null, null],
  ]);
});

test("several outside the chain keep their order", () => {
  const chain = readChain({ variants: ["b", "c", "a"].map((name) => variant(name)), fallback: ["a"] });
  expect(chain.map(({ name }) => name)).toEqual(["a", "b", "c"]);
});

test("every kind has a name of its own", () => {
  expect(new Set(variantKindSchema.options.map((kind) => kindNames[kind])).size).toBe(variantKindSchema.options.length);
});
