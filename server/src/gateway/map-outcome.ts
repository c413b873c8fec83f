import type { CallOutcome, GatewayReply } from "./stage.ts";

/** The same reply, with another word on how it ended. */
export function mapOutcome(reply: GatewayReply, change: (outcome: CallOutcome) => CallOutcome): GatewayReply {
  if (reply.kind === "whole") return { ...reply, outcome: change(reply.outcome) };
  return { ...reply, outcome: () => change(reply.outcome()), leave: () => reply.leave() };
}
