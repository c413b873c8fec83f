import { describe, expect, test } from "vitest";
import { AppError } from "../../core/index.ts";
import { healthOf, isRetryableStatus, retryVerdict } from "./retryable.ts";

const failure = (details: Record<string, unknown>) => new AppError("provider_failed", "", { details });

describe("what may be tried again", () => {
  test("are the statuses 408, 429 and 5xx, and no others", () => {
    const all = Array.from({ length: 600 }, (_, status) => status).filter(isRetryableStatus);
    expect(all).toEqual([408, 429, ...Array.from({ length: 100 }, (_, index) => 500 + index)]);
    expect(isRetryableStatus(529)).toBe(true);
  });

  test.each([
    ["a broken connection", failure({ code: "ECONNRESET" }), "again", "failed"],
    ["a stream that broke after its head", failure({ status: 200 }), "again", "failed"],
    ["a busy provider", new AppError("provider_busy", "", { details: { status: 429 } }), "again", "failed"],
    ["an overloaded one", failure({ status: 529 }), "again", "failed"],
    ["a clock of the attempt", new AppError("deadline_exceeded", "", { details: { clock: "gap" } }), "again", "failed"],
    ["a redirect", failure({ reason: "redirect", retryable: false }), "next", "failed"],
    ["a key that is not taken", new AppError("provider_refused", "", { details: { status: 401 } }), "next", "succeeded"],
    ["a model that is not there", new AppError("provider_refused", "", { details: { status: 404 } }), "next", "succeeded"],
    ["a host that is not configured", new AppError("egress_refused"), "next", "dropped"],
    ["what its dialect cannot carry", new AppError("untranslatable"), "next", "dropped"],
    ["a wrong request", new AppError("provider_refused", "", { details: { status: 400 } }), "stop", "succeeded"],
    ["the end of the whole time", new AppError("deadline_exceeded"), "stop", "dropped"],
    ["an error of ours", new AppError("internal"), "stop", "dropped"],
    ["something else thrown", new TypeError("x"), "stop", "dropped"],
  ] as const)("after %s", (_what, error, verdict, health) => {
    expect([retryVerdict(error), healthOf(error)]).toEqual([verdict, health]);
  });
});
