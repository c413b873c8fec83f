import { toAppError } from "../../core/index.ts";
import type { EmbeddingReply, EmbeddingSpend } from "../../gateway/index.ts";
import type { Principal } from "../../governance/index.ts";
import { untilGone } from "../until-gone.ts";
import { type Door, type GatewayDoorDeps, send, takeObject } from "./door.ts";
import { openCall } from "./open-call.ts";

/** `POST /v1/embeddings`: an inference like any other. What went in is in the evidence; the vectors are not, but what tells them apart. */
export async function embed(
  door: Door,
  { principal, startedAt }: { principal: Principal; startedAt: number },
  deps: GatewayDoorDeps,
): Promise<void> {
  const { embeddings, maxBodyBytes } = deps.gateway;
  const { body, text } = await takeObject(door.request, maxBodyBytes);
  const request = embeddings.parse(body);
  const resolved = embeddings.resolve(request.model);
  const variant = resolved.targets[0]!.name;
  const { call, origin } = openCall(
    door,
    { principal, model: resolved.name, variant, input: text, startedAt, budgetMs: resolved.totalMs },
    deps,
  );
  let reply: EmbeddingReply;
  let inVain: EmbeddingSpend | undefined;
  const onFailure = (spent: EmbeddingSpend) => {
    inVain = spent;
  };
  try {
    reply = await embeddings.call({
      origin,
      request,
      resolved,
      evidence: call.evidence,
      signal: untilGone(door.response),
      startedAt,
      onFailure,
    });
  } catch (error) {
    await call.close({ status: "failed", error: toAppError(error).code, variant: null, output: "null", produced: { ...inVain } });
    throw error;
  }
  const { target, usage, cost, remembered, notes } = reply;
  await call.close({
    status: "ok",
    error: null,
    variant: target,
    output: JSON.stringify(embeddings.describe(reply)),
    produced: { model: target, usage, cost, remembered, ...notes },
  });
  send(door.response, embeddings.write(request, reply), { inferenceId: call.id });
}
