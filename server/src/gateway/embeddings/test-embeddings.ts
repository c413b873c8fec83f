import { createEgress, createId, egressConfigSchema, silentLogger, systemClock } from "../../core/index.ts";
import type { EvidenceRecorder, Step } from "../../core/index.ts";
import type { ScriptedUpstream } from "../../../test/scripted-upstream.ts";
import { configSchema } from "../config.ts";
import { type Gateway, createGateway } from "../create.ts";
import type { EmbeddingCall, EmbeddingReply, EmbeddingRequest } from "./types.ts";

export interface TestEmbeddings {
  readonly gateway: Gateway;
  /** Texts of a model by its name, on behalf of a project. */
  embed(
    request: Partial<EmbeddingRequest> & Pick<EmbeddingRequest, "model" | "inputs">,
    projectId?: string,
    onFailure?: EmbeddingCall["onFailure"],
  ): Promise<EmbeddingReply>;
  /** Of all calls so far. */
  readonly steps: Step[];
}

/** A gateway over the scripted provider: `one` speaks OpenAI's dialect and takes three inputs at a time, `two` speaks Anthropic's. */
export function openEmbeddings(upstream: ScriptedUpstream, config: Record<string, unknown> = {}, cacheFolder?: string): TestEmbeddings {
  const egress = createEgress({
    config: egressConfigSchema.parse({ hosts: [{ host: "127.0.0.1", private: true, http: true, ports: [upstream.port, 9] }] }),
    logger: silentLogger,
  });
  const baseUrl = `${upstream.origin}/v1`;
  const gateway = createGateway({
    config: configSchema.parse({
      providers: {
        one: { dialect: "openai", baseUrl, maxInputs: 3 },
        two: { dialect: "anthropic", baseUrl },
        dead: { dialect: "openai", baseUrl: "http://127.0.0.1:9/v1", attempts: 1 },
      },
      prices: [{ provider: "one", model: "*", from: "2020-01-01", perMillion: { input: "1", output: "0" } }],
      ...config,
    }),
    egress,
    clock: systemClock,
    ...(cacheFolder === undefined ? {} : { cacheFolder }),
  });
  const steps: Step[] = [];
  const evidence: EvidenceRecorder = { step: (step) => void steps.push(step), elapsed: () => 0 };

  return {
    gateway,
    steps,
    embed(request, projectId = createId(), onFailure = () => {}) {
      const call: EmbeddingCall = {
        origin: { projectId, principalId: "key:test", function: `model:${request.model}`, address: null },
        request: { encoding: "float", foreign: {}, ...request },
        resolved: gateway.embeddings.resolve(request.model),
        evidence,
        signal: new AbortController().signal,
        startedAt: performance.now(),
        onFailure,
      };
      return gateway.embeddings.call(call);
    },
  };
}
