import { errorTable } from "@millrace/contract";
import { describe, expect, test } from "vitest";
import { AppError, isAppError, toAppError } from "./errors.ts";

describe("errors", () => {
  test("take status and kind from the one table", () => {
    const error = new AppError("rate_limited", "Key k is over 5 in 60 s.", { details: { limit: 5 } });
    expect(error).toMatchObject({
      status: 429,
      kind: "user",
      code: "rate_limited",
      details: { limit: 5 },
      message: "Key k is over 5 in 60 s.",
    });
    expect(isAppError(error, "rate_limited")).toBe(true);
    expect(isAppError(error, "not_found")).toBe(false);
  });

  test("keep the cause of what is not ours, as internal", () => {
    const cause = new TypeError("x is not a function");
    expect(toAppError(cause)).toMatchObject({ code: "internal", kind: "bug", cause });
    expect(toAppError("thrown text").message).toBe("thrown text");
  });

  test("each says what it means and what to do, in whole sentences", () => {
    for (const [code, entry] of Object.entries(errorTable)) {
      expect(code).toMatch(/^[a-z][a-z_]+$/);
      expect(entry.title, code).toMatch(/^[A-Z].*\.$/);
      expect(entry.fix, code).toMatch(/^[A-Z].*[.`]$/);
      expect(entry.status, code).toBeGreaterThanOrEqual(400);
      expect(entry.kind === "user" ? entry.status : 500, code).toBeLessThanOrEqual(599);
    }
  });
});
