import type { HandlersOf, Ports } from "../types.ts";

export function healthHandlers({ readiness }: Pick<Ports, "readiness">): HandlersOf<"health"> {
  return {
    "health.live": async () => ({ status: "ok", reasons: [] }),
    "health.ready": async () => {
      const reasons = readiness();
      return { status: reasons.length === 0 ? "ok" : "unready", reasons };
    },
  };
}
