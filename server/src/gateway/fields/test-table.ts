import type { DialectName } from "../types.ts";
import { anthropicRows } from "./test-anthropic-rows.ts";
import { chatRows } from "./test-chat-rows.ts";
import { responsesRows } from "./test-responses-rows.ts";
import type { FieldRow } from "./test-rows.ts";

export const fieldRows: Readonly<Record<DialectName, readonly FieldRow[]>> = {
  "openai-chat": chatRows,
  "openai-responses": responsesRows,
  "anthropic-messages": anthropicRows,
};
