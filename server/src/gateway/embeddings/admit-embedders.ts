import { AppError } from "../../core/index.ts";
import { whyUnseen } from "../routing/data-class.ts";
import type { EmbeddingCall, EmbeddingReply } from "./types.ts";

/** Leaves the targets that may see a call; refuses where there is none, before anything is reserved or sent. What runs here may see all. */
export async function admitEmbedders(call: EmbeddingCall, next: (call: EmbeddingCall) => Promise<EmbeddingReply>): Promise<EmbeddingReply> {
  const { alias, name, targets } = call.resolved;
  const judged = targets.map((target) => ({
    target,
    why: target.kind === "local" ? undefined : whyUnseen(target.config, alias?.dataClass, alias?.regions),
  }));
  const passedOver = judged.flatMap(({ target, why }) => (why === undefined ? [] : [{ target: target.name, why }]));
  if (passedOver.length === 0) return next(call);
  const left = judged.filter(({ why }) => why === undefined).map(({ target }) => target);
  if (left.length === 0) {
    const words = passedOver.map(({ target, why }) => `${target} ${why}`).join("; ");
    throw new AppError("data_class_refused", `No provider of "${name}" may see its calls: ${words}.`, {
      details: { model: name, dataClass: alias?.dataClass ?? null, passedOver },
    });
  }
  const reply = await next({ ...call, resolved: { ...call.resolved, targets: left } });
  return { ...reply, notes: { ...reply.notes, passedOver } };
}
