import { inspect } from "node:util";
import fc from "fast-check";
import { pino } from "pino";
import { describe, expect, test } from "vitest";
import { bearer, checkSecrets, isSecret, secret, secretSchema } from "./config.ts";
import { canonicalJson } from "./json.ts";
import { createRandom } from "./random.ts";

describe("canonical JSON", () => {
  test("is the same text for equal values, whatever the order of keys", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).toReversed());
        expect(canonicalJson(reversed)).toBe(canonicalJson(value));
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

describe("seeded random numbers", () => {
  test("repeat for the same seed and differ for another", () => {
    const draw = (seed: number) => Array.from({ length: 20 }, createRandom(seed).next);
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  test("are uniform enough: each tenth holds a tenth within four standard errors", () => {
    const random = createRandom(1);
    const counts = new Array<number>(10).fill(0);
    const n = 100_000;
    for (let index = 0; index < n; index++) counts[random.integer(10)]! += 1;
    for (const count of counts) expect(Math.abs(count - n / 10)).toBeLessThan(4 * Math.sqrt(n * 0.1 * 0.9));
  });

  test("shuffle keeps every item", () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.nat(), (items, seed) => {
        expect(
          createRandom(seed)
            .shuffle([...items])
            .toSorted(),
        ).toEqual(items.toSorted());
      }),
    );
  });
});

describe("a secret", () => {
  const value = secret("MILLRACE_TEST_SECRET");
  process.env["MILLRACE_TEST_SECRET"] = "hunter2";

  test("is revealed when asked, bare or as a bearer", () => {
    expect(value.reveal()).toBe("hunter2");
    expect(bearer(value).reveal()).toBe("Bearer hunter2");
  });

  test("never shows its value: not in text, JSON, inspection, a log, a copy or an error", () => {
    for (const each of [value, bearer(value)]) {
      expect(`${String(each)} ${inspect({ each }, { depth: 9, showHidden: true })}`).not.toContain("hunter2");
      expect(`${String(each)} ${inspect(each)}`).toBe("[secret] [secret]");
      expect(JSON.stringify({ each })).toBe('{"each":{"secret":"MILLRACE_TEST_SECRET"}}');
      expect(canonicalJson({ each })).not.toContain("hunter2");
      expect(JSON.stringify(structuredClone(each))).not.toContain("hunter2");
      expect(JSON.stringify(Object.getOwnPropertyDescriptors(each))).not.toContain("hunter2");
    }
    const lines: string[] = [];
    pino({ base: undefined, timestamp: false }, { write: (line) => lines.push(line) }).info(
      { settings: { token: value } },
      `with ${String(value)}`,
    );
    expect(lines.join()).toContain("with [secret]");
    expect(lines.join()).not.toContain("hunter2");
  });

  test("says by name what is missing", () => {
    expect(() => secret("MILLRACE_TEST_ABSENT").reveal()).toThrow(/MILLRACE_TEST_ABSENT/);
  });

  test("is what a setting for secrets takes, and text is not", () => {
    expect(secretSchema.parse(value)).toBe(value);
    expect(secretSchema.safeParse("hunter2").error?.issues[0]?.message).toContain('secret("NAME")');
    expect([isSecret(value), isSecret(bearer(value)), isSecret({ secretName: "X" }), isSecret(null)]).toEqual([true, true, false, false]);
  });

  test("that is named anywhere in settings and not set is told with its path, all of them at once", () => {
    process.env["MILLRACE_TEST_EMPTY"] = "";
    const settings = {
      a: { b: [value, secret("MILLRACE_TEST_ABSENT")] },
      c: bearer(secret("MILLRACE_TEST_EMPTY")),
      run: () => 1,
      at: new Date(),
    };
    try {
      checkSecrets(settings);
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({
        code: "secret_missing",
        details: { variables: ["MILLRACE_TEST_ABSENT", "MILLRACE_TEST_EMPTY"], paths: ["a.b[1]", "c"] },
        message: expect.stringContaining("MILLRACE_TEST_ABSENT (a.b[1])") as string,
      });
    }
    expect(() => checkSecrets({ a: { b: [value] } })).not.toThrow();
  });
});
