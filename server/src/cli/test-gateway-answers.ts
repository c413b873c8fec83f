import type { GatewayModels } from "@millrace/contract";
import type { Answers } from "./test-terminal.ts";

const at = "2026-11-21T10:58:03.120Z";

export const gatewayModels: GatewayModels = {
  providers: ["openai"],
  aliases: [{ name: "careful", choose: "order", targets: ["openai/gpt-5-mini"], dataClass: "personal", regions: ["eu"] }],
  windowSeconds: 300,
  targets: [
    {
      name: "openai/gpt-5-mini",
      provider: "openai",
      dialect: "openai",
      region: "eu",
      dataClasses: ["public", "personal"],
      price: { from: "2026-01-01", currency: "USD", perMillion: { input: "0.25", output: "2" } },
      circuit: { state: "open", triesAgainAt: at },
      inFlight: 3,
      queued: 1,
      most: 3,
      tries: 240,
      failures: 130,
      firstTokenMs: 312.4,
      wholeMs: null,
      keys: [
        { place: 1, state: "ready", restsUntil: null, circuit: "open", inFlight: 3 },
        { place: 2, state: "resting", restsUntil: at, circuit: "closed", inFlight: 0 },
      ],
    },
  ],
};

export const gatewayAnswers: Answers = {
  "gateway.models": () => gatewayModels,
  "gateway.traffic": () => ({
    since: at,
    capped: false,
    items: [
      {
        model: "careful",
        target: "openai/gpt-5-mini",
        requests: 1204,
        failures: 3,
        fallbacks: 12,
        p50Ms: 812.4,
        p99Ms: 4012,
        costUsd: "1.2345",
        costUnknown: 2,
      },
    ],
  }),
  "gateway.cache": () => ({
    entries: 12,
    bytes: 48_000,
    maxBytes: 67_108_864,
    exact: 40,
    stale: 1,
    semantic: 3,
    shared: 2,
    miss: 60,
    saved: [{ currency: "USD", amount: "0.52" }],
    savedUnknown: 1,
    calibrations: [
      { function: "triage-mail", pairs: 140, threshold: 0.91, precision: { value: 0.99, low: 0.96, high: 0.998, n: 120 } },
      { function: "model:careful", pairs: 12, threshold: null, precision: { value: 1, low: 0.76, high: 1, n: 12 } },
    ],
  }),
  "gateway.clearCache": () => ({ cleared: 12 }),
  "gateway.budgets": () => ({
    store: "memory",
    items: [
      {
        budget: "team",
        bucket: { principal: "key:demo:a1b2c3d4e5f6", user: "" },
        kind: "costUsd",
        windowSeconds: 86_400,
        limit: "10",
        used: "9.75",
        reserved: "0.25",
        left: "0",
        resetsAt: at,
      },
    ],
  }),
};
