import { AppError, canonicalJson, sha256 } from "../../core/index.ts";
import { type OpenedLlm, answerWithModel } from "../llm/answer.ts";
import { outputFormat } from "../llm/output-format.ts";
import { questionWriter } from "../llm/write-question.ts";
import type { Erased, LlmSpec } from "../types.ts";
import type { VariantKind, VariantSurroundings } from "./types.ts";

/** A foundation model with a prompt: bound to the targets its name stands for, the hash of the prompt, and every parameter. */
export const llmKind: VariantKind<LlmSpec<Erased, Erased>> = {
  async resolve(_name, spec, around) {
    const { kind: _kind, system, prompt, messages, output, ...parameters } = spec;
    const { targets, alias } = requireGateway(around).resolve(spec.model);
    const hasCode = [system, prompt, output].some((part) => typeof part === "function");
    const hash = promptHash(spec, around.sourceHash);
    return {
      label: `${spec.model}:${hash.slice(0, 8)}`,
      resolved: {
        ...parameters,
        targets: targets.map(({ name }) => name),
        // How one of them is chosen decides who answers.
        ...(alias === null || alias.choose === "order" ? {} : { routing: `${alias.choose}:${sha256(canonicalJson(alias)).slice(0, 8)}` }),
        prompt: hash,
        ...(messages === undefined ? {} : { messages }),
        output:
          typeof output === "function" ? "code" : sha256(canonicalJson(outputFormat(around.definition.name, around.definition.output))),
        ...(hasCode ? { source: around.sourceHash } : {}),
      },
    };
  },

  async open(spec, binding, around) {
    const opened = openLlm(spec, around);
    return { binding, run: (call) => answerWithModel(opened, call) };
  },
};

export function openLlm(spec: LlmSpec<Erased, Erased>, around: VariantSurroundings): OpenedLlm {
  const gateway = requireGateway(around);
  const { definition } = around;
  return {
    gateway,
    spec,
    definition,
    write: questionWriter(spec, gateway.dialect),
    format: typeof spec.output === "function" ? null : outputFormat(definition.name, definition.output),
    prompt: promptHash(spec, around.sourceHash),
    takesSeed: gateway.resolve(spec.model).targets.every(({ config }) => config.dialect === "openai"),
  };
}

/** Code has the version of the sources; text its own. */
function promptHash({ system, prompt }: LlmSpec<Erased, Erased>, source: string): string {
  const version = (text: unknown) => (typeof text === "function" ? { source } : (text ?? null));
  return sha256(canonicalJson({ system: version(system), prompt: version(prompt) }));
}

function requireGateway({ gateway, definition }: VariantSurroundings): NonNullable<VariantSurroundings["gateway"]> {
  if (gateway === undefined)
    throw new AppError("config_invalid", `Function "${definition.name}" asks a model, and there is no gateway here.`);
  return gateway;
}
