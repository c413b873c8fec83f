import { describe, expect, test } from "vitest";
import { z } from "zod";
import { mailSheet } from "../../test/functions.ts";
import { conditionNames } from "./fallback-steps.ts";
import { defineFunction } from "./index.ts";

const ham = () => ({ label: "ham" as const, confidence: 1 });

describe("what a condition of a chain may look at", () => {
  test("is each field of the input that is one text, number or flag, with its type, and the state of the chain", () => {
    const input = z.object({
      subject: z.string().max(200),
      tier: z.enum(["free", "paid"]).optional(),
      priority: z.int().default(0),
      urgent: z.boolean().nullable(),
      sentAt: z.iso.datetime(),
      kind: z.union([z.literal("a"), z.literal("b")]),
      either: z.union([z.string(), z.number()]),
      list: z.array(z.string()),
      inner: z.object({ text: z.string() }),
      when: z.string().transform((text) => new Date(text)),
      anything: z.unknown(),
    });
    expect(conditionNames(input)).toEqual({
      "input.subject": "text",
      "input.tier": "text",
      "input.priority": "number",
      "input.urgent": "flag",
      "input.sentAt": "text",
      "input.kind": "text",
      "input.bytes": "number",
      "metadata.*": "text",
      "deadline.ms": "number",
      failures: "number",
      lastError: "text",
    });
  });

  test("the size of the input keeps its name where a field has it too", () => {
    expect(conditionNames(z.object({ bytes: z.string() }))["input.bytes"]).toBe("number");
  });
});

describe("a chain with conditions", () => {
  test("keeps its order, and each condition beside the variant it is for", () => {
    const definition = defineFunction({
      ...mailSheet,
      name: "triage-mail",
      variants: { careful: ham, small: ham, constructor: ham },
      fallback: ["careful", { variant: "small", when: "input.bytes<2000 and metadata.tier=='free'" }, "constructor"],
    });
    expect(definition.fallback).toEqual(["careful", "small", "constructor"]);
    expect([...definition.conditions].map(([name, { text }]) => [name, text])).toEqual([
      ["small", "input.bytes < 2000 and metadata.tier == 'free'"],
    ]);
  });

  test("with a wrong one is refused, with its path and its place", () => {
    const variants = { careful: ham, small: ham };
    const define = (when: string) =>
      defineFunction({ ...mailSheet, name: "triage-mail", variants, fallback: ["careful", { variant: "small", when }] });
    expect(() => define("input.topic == 'x'")).toThrow(/fallback\[1\]\.when: .* at character 1: there is no name "input\.topic"/);
    expect(() => define("failures == 'x'")).toThrow(expect.objectContaining({ code: "config_invalid" }));
    expect(() =>
      defineFunction({
        ...mailSheet,
        name: "triage-mail",
        variants,
        // @ts-expect-error there is no such variant
        fallback: ["careful", { variant: "smal", when: "failures > 0" }],
      }),
    ).toThrow(/there is no variant "smal"/);
    expect(() =>
      defineFunction({ ...mailSheet, name: "triage-mail", variants, fallback: ["small", { variant: "small", when: "failures > 0" }] }),
    ).toThrow(/a variant is named twice/);
  });
});
