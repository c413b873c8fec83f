import { AppError } from "../../core/index.ts";
import type { CallOrigin, ChatMessage, Gateway, OutputFormat } from "../../gateway/index.ts";
import type { FunctionDefinition, VariantCall } from "../types.ts";
import type { LlmSpec } from "../variants/llm-spec.ts";
import type { Erased } from "../variants/specs.ts";
import { type Asking, askModel } from "./ask-model.ts";
import type { Verdict } from "./judge-answer.ts";
import { type HistorySize, trimHistory } from "./trim-history.ts";
import type { WrittenQuestion } from "./write-question.ts";

/** A variant as it is opened: what does not change from call to call. */
export interface OpenedLlm {
  readonly gateway: Pick<Gateway, "ask" | "estimate" | "count">;
  readonly spec: LlmSpec<Erased, Erased>;
  readonly definition: FunctionDefinition;
  readonly write: (input: Record<string, unknown>) => WrittenQuestion;
  /** Null: the output is made of plain text. */
  readonly format: OutputFormat | null;
  /** Version of prompt and system, a hash. */
  readonly prompt: string;
  /** Whether its targets know a seed. */
  readonly takesSeed: boolean;
}

/** The output of one call: asked once, and once more where the answer did not keep the schema. */
export async function answerWithModel(opened: OpenedLlm, call: VariantCall): Promise<unknown> {
  const { spec } = opened;
  const written = await withinHistory(opened, opened.write(call.input));
  const first = await askModel(prepare(opened, written, call), call);
  if (first.output !== "invalid") return outputOf(first, opened, call);
  if (spec.repair === false) throw unfit(opened, first.issues);
  const messages = [...written.messages, ...complaint(first, opened)];
  const second = await askModel(prepare(opened, { ...written, messages }, call), call);
  if (second.output === "invalid") throw unfit(opened, second.issues);
  return outputOf(second, opened, call);
}

/** What is sent, and how much of the history that is, where it has a bound. */
interface SentQuestion extends Pick<WrittenQuestion, "system" | "messages"> {
  readonly history: HistorySize | null;
}

async function withinHistory({ gateway, spec }: OpenedLlm, written: WrittenQuestion): Promise<SentQuestion> {
  const { system, shown, messages } = written;
  if (spec.history === undefined) return { system, messages: [...shown, ...messages], history: null };
  const { maxTokens } = spec.history;
  const trimmed = await trimHistory(
    { system, messages, maxTokens },
    {
      estimate: (each) => gateway.estimate(spec.model, each),
      count: (each) => gateway.count(spec.model, each),
    },
  );
  const { before, after, from } = trimmed;
  return { system, messages: [...shown, ...trimmed.messages], history: { before, after, from } };
}

function prepare(opened: OpenedLlm, written: SentQuestion, call: VariantCall): Asking {
  const { spec, definition, format } = opened;
  const seed = opened.takesSeed ? (call.seed ?? spec.seed) : spec.seed;
  return {
    gateway: call.ask === undefined ? opened.gateway : { ask: call.ask },
    question: {
      origin: originOf(call, definition),
      request: {
        model: spec.model,
        system: written.system,
        messages: written.messages,
        maxTokens: spec.maxTokens ?? null,
        ...(spec.temperature === undefined ? {} : { temperature: spec.temperature }),
        ...(spec.topP === undefined ? {} : { topP: spec.topP }),
        ...(spec.stop === undefined ? {} : { stop: spec.stop }),
        ...(seed === undefined ? {} : { seed }),
        ...(spec.reasoning === undefined ? {} : { reasoning: reasoningOf(spec.reasoning) }),
        ...(format === null ? {} : { format }),
      },
      parameters: spec.parameters,
      dataClass: definition.dataClass,
      inference: call.inference,
      // A drill shows what answers by itself; and of several that differ in a seed nobody takes each is wanted by itself.
      apart: call.isDrill === true || (call.seed !== undefined && !opened.takesSeed),
      clocks: { ...definition.clocks, ...spec.clocks },
    },
    expected: { schema: format === null ? null : definition.output, mend: spec.repair !== false },
    facts: {
      prompt: opened.prompt,
      ...(seed === undefined ? {} : { seed }),
      ...(written.history === null ? {} : { history: written.history }),
    },
  };
}

/** What the caller says of his call goes beside the question: a provider may not take it, and need not know it. */
export function originOf({ context, metadata, address }: VariantCall, { name }: FunctionDefinition): CallOrigin {
  const { projectId, principalId } = context;
  return { projectId, principalId, function: name, address: address ?? null, tags: metadata, user: metadata?.["user"] };
}

function reasoningOf(reasoning: NonNullable<LlmSpec["reasoning"]>) {
  if (reasoning === "off") return { kind: "off" as const };
  return "effort" in reasoning
    ? { kind: "effort" as const, effort: reasoning.effort }
    : { kind: "budget" as const, tokens: reasoning.tokens };
}

function outputOf(verdict: Exclude<Verdict, { output: "invalid" }>, { spec }: OpenedLlm, call: VariantCall): unknown {
  if ("error" in verdict) throw verdict.error;
  return typeof spec.output === "function" ? (spec.output(verdict.text, call.input) as unknown) : verdict.value;
}

/** The answer itself, and what is wrong with it. */
function complaint({ text, issues }: Extract<Verdict, { output: "invalid" }>, { format }: OpenedLlm): ChatMessage[] {
  const schema = format?.kind === "schema" ? JSON.stringify(format.schema) : "";
  const wrong = `This does not fit: ${issues.join("; ")}. Answer again, with nothing but JSON that keeps this schema: ${schema}`;
  return [
    ...(text === "" ? [] : [{ role: "assistant" as const, content: [{ type: "text" as const, text }] }]),
    { role: "user", content: [{ type: "text", text: wrong }] },
  ];
}

function unfit({ spec }: OpenedLlm, issues: readonly string[]): AppError {
  return new AppError("invalid_output", `${spec.model} answered outside the output schema: ${issues.join("; ")}.`, { details: { issues } });
}
