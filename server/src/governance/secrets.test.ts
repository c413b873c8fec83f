import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createId } from "../core/index.ts";
import { createKeyText, createTokenText, hashSecret, matches, parseKey, parseToken } from "./secrets.ts";

describe("secrets", () => {
  test("keys are found by what they begin with and proven by the rest", () => {
    const { text, lookup, secret } = createKeyText(createId());
    expect(text).toMatch(/^mr_[0-9a-f]{12}_[A-Za-z0-9_-]{43}$/);
    expect(parseKey(text)).toEqual({ lookup, secret });
    expect(matches(secret, hashSecret(secret))).toBe(true);
  });

  test("what is stored holds nothing of the secret", () => {
    const { secret } = createKeyText(createId());
    expect(hashSecret(secret)).toMatch(/^[0-9a-f]{64}$/);
    expect(hashSecret(secret)).not.toContain(secret);
  });

  test("no other text matches a stored hash, and none makes the comparison throw", () => {
    const stored = hashSecret(createKeyText(createId()).secret);
    fc.assert(fc.property(fc.string(), (text) => !matches(text, stored)));
    expect(matches("x", "not hex")).toBe(false);
    expect(matches("", "")).toBe(false);
  });

  test("text that is not a key is not taken for one", () => {
    const { text } = createKeyText(createId());
    for (const bad of ["", "mr_", text.slice(0, -1), `${text}x`, ` ${text}`, `${text}\n`, text.toUpperCase(), text.replace("mr_", "sk_")])
      expect(parseKey(bad), bad).toBeNull();
    fc.assert(fc.property(fc.string(), (any) => parseKey(any) === null));
  });

  test("a session token is no key and a key no session token", () => {
    const id = createId();
    expect(parseToken(createKeyText(id).text)).toBeNull();
    expect(parseKey(createTokenText(id).text)).toBeNull();
    expect(parseToken(createTokenText(id).text)).not.toBeNull();
  });
});
