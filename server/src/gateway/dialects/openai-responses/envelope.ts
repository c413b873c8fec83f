import type { AnswerContext } from "../../types.ts";

type Out = Record<string, unknown>;

/** Fields of a request that a response repeats, and what they are when they were left out. */
const repeated: Readonly<Out> = {
  instructions: null,
  max_output_tokens: null,
  metadata: {},
  parallel_tool_calls: true,
  temperature: null,
  text: { format: { type: "text" } },
  tool_choice: "auto",
  tools: [],
  top_p: null,
  user: null,
};

/** What is around the output of a response. Nothing is kept here under its id, so no other one can go on from it. */
export function writeEnvelope(id: string, { model, created, asked }: AnswerContext): Out {
  const reasoning = asked?.["reasoning"] as { effort?: unknown; summary?: unknown } | null | undefined;
  return {
    id,
    object: "response",
    created_at: created,
    background: false,
    error: null,
    model,
    previous_response_id: null,
    reasoning: { effort: reasoning?.effort ?? null, summary: reasoning?.summary ?? null },
    store: false,
    truncation: "disabled",
    ...Object.fromEntries(Object.entries(repeated).map(([field, value]) => [field, asked?.[field] ?? value])),
  };
}
