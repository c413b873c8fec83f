import { bestOfKind } from "./best-of.ts";
import { composeKind } from "./compose.ts";
import { examplesKind } from "./examples.ts";
import { lastGoodKind } from "./last-good.ts";
import { llmKind } from "./llm.ts";
import { messageKind } from "./message.ts";
import { modelKind } from "./model.ts";
import { rulesKind } from "./rules.ts";
import type { VariantKinds } from "./types.ts";

/** The one table of kinds: each resolves a declaration to versions, and opens what was resolved. */
export const variantKinds: VariantKinds = {
  model: modelKind,
  rules: rulesKind,
  compose: composeKind,
  llm: llmKind,
  "best-of": bestOfKind,
  examples: examplesKind,
  message: messageKind,
  "last-good": lastGoodKind,
};

export type { Resolution, VariantKind, VariantKinds, VariantSurroundings } from "./types.ts";
