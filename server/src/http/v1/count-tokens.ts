import { AppError, toAppError } from "../../core/index.ts";
import { type TokenCount, readBetas } from "../../gateway/index.ts";
import type { Principal } from "../../governance/index.ts";
import { untilGone } from "../until-gone.ts";
import { type Door, type GatewayDoorDeps, send, takeObject } from "./door.ts";
import { openCall } from "./open-call.ts";

/** Says who counted: the provider of the model, or our own tokenizer. */
const countedBy = "x-millrace-counted-by";

/** Anthropic's `POST /v1/messages/count_tokens`. A prompt may leave for a provider, so it is recorded like a call; nobody is paid for it. */
export async function countTokens(
  door: Door,
  { principal, startedAt }: { principal: Principal; startedAt: number },
  deps: GatewayDoorDeps,
): Promise<void> {
  const { gateway } = deps;
  const { body, text: input } = await takeObject(door.request, gateway.maxBodyBytes);
  // How long an answer may be says nothing of the prompt, and such a request does not tell it.
  const request = gateway.dialect("anthropic-messages").parseRequest({ max_tokens: 1, ...body });
  const betas = readBetas(door.request.headers["anthropic-beta"]);
  const resolved = gateway.resolve(request.model);
  const [first] = resolved.targets;
  const opening = { principal, model: resolved.name, variant: first!.name, input, startedAt, budgetMs: resolved.totalMs };
  const { call, origin } = openCall(door, opening, deps);
  let count: TokenCount;
  try {
    const signal = untilGone(door.response);
    count = await gateway.countTokens({ origin, request, body, resolved, betas, signal, evidence: call.evidence });
    if (count.tokens === null) throw new AppError("overloaded", "The tokens could not be counted now.");
  } catch (error) {
    await call.close({ status: "failed", error: toAppError(error).code, variant: null, output: "null", produced: {} });
    throw error;
  }
  const text = JSON.stringify({ input_tokens: count.tokens });
  await call.close({
    status: "ok",
    error: null,
    variant: first!.name,
    output: text,
    produced: { model: first!.name, countedBy: count.from, ...(betas === undefined ? {} : { betas }) },
  });
  send(door.response, text, { inferenceId: call.id, headers: { [countedBy]: count.from } });
}
