import { roundMs, toAppError } from "../../core/index.ts";
import type { ChatMessage } from "../../gateway/index.ts";
import { type OpenedLlm, answerWithModel } from "../llm/answer.ts";
import { nearnessByLetters, nearnessByMeaning } from "../llm/example-nearness.ts";
import { type Ranked, createMeasure, findShowable, rankExamples } from "../llm/rank-examples.ts";
import type { Demonstration, Erased, ExamplesSpec, LlmSpec, VariantCall } from "../types.ts";
import { openLlm } from "./llm.ts";
import type { VariantKind, VariantSurroundings } from "./types.ts";

/** An llm variant that is shown, as earlier turns, what was right for questions like the one it is asked. */
export const examplesKind: VariantKind<ExamplesSpec<Erased>> = {
  async resolve(name, spec, around) {
    const resolution = await around.kinds.llm.resolve(spec.of, around.definition.variants[spec.of] as LlmSpec<Erased, Erased>, around);
    if (resolution === null) return null;
    const { count, from, by, embedder, minimumNearness = 0 } = spec;
    return {
      label: `${name}(${resolution.label}, ${count} examples)`,
      resolved: {
        source: around.sourceHash,
        count,
        from,
        ...(by === undefined ? {} : { by }),
        ...(embedder === undefined ? {} : { embedder }),
        minimumNearness,
        parts: [{ variant: spec.of, ...resolution }],
      },
    };
  },

  async open(spec, binding, around) {
    const opened = openLlm(around.definition.variants[spec.of] as LlmSpec<Erased, Erased>, around);
    const showing = createShowing(spec, opened, around);
    return {
      binding,
      async run(call) {
        const turns = await showing(call);
        if (turns.length === 0) return answerWithModel(opened, call);
        const write: OpenedLlm["write"] = (input) => ({ ...opened.write(input), shown: turns });
        return answerWithModel({ ...opened, write }, call);
      },
    };
  },
};

/** What is shown to the model of a call, noted as a step. Without examples it is asked without: they help, and are not needed. */
function createShowing(spec: ExamplesSpec<Erased>, opened: OpenedLlm, { demonstrations: port, gateway }: VariantSurroundings) {
  const measure = createMeasure((input) => textOf(spec, opened, input));
  const { count, minimumNearness = 0, embedder } = spec;
  const nearness = embedder === undefined ? nearnessByLetters : nearnessByMeaning({ embedder, opened, gateway: gateway! });
  const by = embedder === undefined ? {} : { embedder };

  return async (call: VariantCall): Promise<readonly ChatMessage[]> => {
    const startMs = call.evidence.elapsed();
    const step = (status: "ok" | "failed", details: Record<string, unknown>, error?: string) =>
      call.evidence.step({
        name: `${spec.of}, examples`,
        kind: "policy",
        startMs: roundMs(startMs),
        durationMs: roundMs(call.evidence.elapsed() - startMs),
        status,
        ...(error === undefined ? {} : { error }),
        details,
      });
    try {
      const known = (await port?.()?.demonstrations(call.context.projectId, opened.definition.name)) ?? [];
      const measured = measure(known);
      const showable = findShowable(measured, { input: call.input, dataClass: call.metadata?.["data_class"] });
      const near = await nearness(textOf(spec, opened, call.input) ?? "", { measured, showable }, call);
      const ranked = rankExamples(showable, near, { count, minimumNearness });
      const turns = ranked.flatMap((each) => turnsOf(each, spec, opened));
      step("ok", { ...by, shown: ranked.map(({ demonstration, nearness }) => ({ inference: demonstration.inferenceId, nearness })) });
      return turns;
    } catch (error) {
      const { code, message } = toAppError(error);
      step("failed", { ...by, message, shown: [] }, code);
      return [];
    }
  };
}

/** Undefined where it cannot be written: the prompt of today may not fit a question of long ago. */
function textOf({ by }: ExamplesSpec<Erased>, { write }: OpenedLlm, input: Record<string, unknown>): string | undefined {
  try {
    if (by === undefined)
      return write(input)
        .messages.flatMap(({ content }) => content.map((part) => (part.type === "text" ? part.text : "")))
        .join("\n");
    const value = input[by];
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

function turnsOf({ demonstration }: Ranked, spec: ExamplesSpec<Erased>, { write }: OpenedLlm): ChatMessage[] {
  const { input, output }: Demonstration = demonstration;
  const text: string = spec.write === undefined ? JSON.stringify(output) : spec.write(output);
  return [...write(input).messages, { role: "assistant", content: [{ type: "text", text }] }];
}
