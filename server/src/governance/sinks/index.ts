import { resolve } from "node:path";
import type { Egress } from "../../core/index.ts";
import { type SinkConfig, sinkName } from "../config.ts";
import { createFileSink } from "./file-sink.ts";
import type { Sink } from "./types.ts";
import { createWebhookSink } from "./webhook-sink.ts";

export type { Sink } from "./types.ts";

/** Opens the configured sinks. To add a kind: a member of `sinkSchema`, a file of the shape `Sink`, a case here. */
export function openSinks(configs: readonly SinkConfig[], egress: Pick<Egress, "check" | "request">): Sink[] {
  return configs.map((config) => {
    const name = sinkName(config);
    switch (config.kind) {
      case "file":
        return createFileSink(resolve(config.path), name);
      case "webhook":
        return createWebhookSink({ ...config, name }, egress);
    }
  });
}
