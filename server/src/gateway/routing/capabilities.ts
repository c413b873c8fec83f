import type { CapabilityRow } from "./capability-row.ts";

type Facts = Omit<CapabilityRow, "provider" | "model">;

const everything: Facts = { tools: true, images: true, schema: true };
/** Models that think tell no log probabilities. */
const thinking: Facts = { ...everything, logProbabilities: false };

/**
 * What the providers publish of their common models. `*` stands for dated releases; a shorter beginning would speak for models that
 * are not out yet. Rows of the configuration come before these.
 */
const published: readonly (readonly [provider: string, models: readonly string[], facts: Facts])[] = [
  ["openai", ["gpt-4o", "gpt-4o-20*", "gpt-4o-mini", "gpt-4o-mini-20*"], { ...everything, contextTokens: 128_000 }],
  ["openai", ["gpt-4o-2024-05-13"], { ...everything, schema: false, contextTokens: 128_000 }],
  [
    "openai",
    ["gpt-4.1", "gpt-4.1-20*", "gpt-4.1-mini", "gpt-4.1-mini-20*", "gpt-4.1-nano", "gpt-4.1-nano-20*"],
    { ...everything, contextTokens: 1_047_576 },
  ],
  [
    "openai",
    ["gpt-5", "gpt-5-20*", "gpt-5-mini", "gpt-5-mini-20*", "gpt-5-nano", "gpt-5-nano-20*"],
    { ...thinking, contextTokens: 400_000 },
  ],
  ["openai", ["o3", "o3-20*", "o4-mini", "o4-mini-20*"], { ...thinking, contextTokens: 200_000 }],
  ["openai", ["o3-mini", "o3-mini-20*"], { ...thinking, images: false, contextTokens: 200_000 }],
  ["openai", ["gpt-4-turbo", "gpt-4-turbo-20*"], { ...everything, schema: false, contextTokens: 128_000 }],
  ["openai", ["gpt-3.5-turbo", "gpt-3.5-turbo-0125"], { tools: true, images: false, schema: false, contextTokens: 16_385 }],
  [
    "anthropic",
    ["claude-haiku-4-5", "claude-haiku-4-5-20*", "claude-sonnet-4-5", "claude-sonnet-4-5-20*", "claude-opus-4-5", "claude-opus-4-5-20*"],
    { ...everything, contextTokens: 200_000 },
  ],
  [
    "anthropic",
    ["claude-3-5-haiku-20*", "claude-sonnet-4-20*", "claude-opus-4-20*"],
    { tools: true, images: true, contextTokens: 200_000 },
  ],
];

export const publishedCapabilities: readonly CapabilityRow[] = published.flatMap(([provider, models, facts]) =>
  models.map((model) => ({ provider, model, ...facts })),
);
