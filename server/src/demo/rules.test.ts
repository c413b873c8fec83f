import { expect, test } from "vitest";
import { readsLikeSpam } from "./rules.ts";

test("calls an advertisement spam", () => {
  expect(readsLikeSpam({ subject: "MAKE MONEY FAST!!", body: "Dear friend, earn $5000 guaranteed. Act now, click here." }).label).toBe(
    "spam",
  );
});

test("calls a reply that quotes the list ham", () => {
  expect(readsLikeSpam({ subject: "Re: [ilug] free software", body: "> is it free?\nYes, you can remove the package." }).label).toBe("ham");
});

test("is less sure near its threshold", () => {
  const plain = readsLikeSpam({ subject: "free cash", body: "" });
  const shouted = readsLikeSpam({ subject: "FREE CASH!! ORDER NOW", body: "click here to earn income, guarantee, risk free, $9" });
  expect(plain.confidence).toBeLessThan(shouted.confidence);
  expect(shouted.confidence).toBeLessThanOrEqual(0.95);
});
