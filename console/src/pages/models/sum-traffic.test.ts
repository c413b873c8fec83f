import { expect, test } from "vitest";
import { sumTraffic } from "./sum-traffic.ts";

const row = {
  model: "careful",
  target: "one/ok",
  requests: 3,
  failures: 1,
  fallbacks: 2,
  p50Ms: 10,
  p99Ms: 20,
  costUsd: "0.1",
  costUnknown: 1,
};

test("traffic is summed, and what is not known of one does not hide what is known of another", () => {
  expect(sumTraffic([row, { ...row, costUsd: "0.2" }, { ...row, costUsd: null, costUnknown: 3 }])).toEqual({
    requests: 9,
    failures: 3,
    fallbacks: 6,
    costUsd: "0.3",
    costUnknown: 5,
  });
});

test("a cost that is known of none is not nothing", () => {
  expect(sumTraffic([{ ...row, costUsd: null }]).costUsd).toBeNull();
  expect(sumTraffic([]).costUsd).toBeNull();
});
