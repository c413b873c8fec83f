import type { AuditReport } from "@millrace/contract";
import type { Delivery } from "./delivery-repository.ts";
import type { Sink } from "./sinks/index.ts";
import type { Checkpoint } from "./types.ts";

type SinkState = AuditReport["sinks"][number];

export interface ReadSink {
  readonly sink: Sink;
  /** None, of a sink that cannot be read. */
  readonly checkpoints: readonly Checkpoint[];
  readonly problem: string | null;
}

/** What the sinks hold of a project. One that cannot be opened is a problem of its own, and keeps no other from being read. */
export function readSinks(sinks: readonly Sink[], projectId: string): ReadSink[] {
  return sinks.map((sink) => {
    try {
      return { sink, checkpoints: sink.read?.(projectId) ?? [], problem: null };
    } catch (error) {
      return { sink, checkpoints: [], problem: error instanceof Error ? error.message : String(error) };
    }
  });
}

/** How far each sink has come with the checkpoints there are. */
export function statesOf(
  read: readonly ReadSink[],
  known: {
    readonly checkpoints: readonly Checkpoint[];
    readonly deliveries: readonly Delivery[];
    readonly problemOf: (sink: Sink) => string | null;
  },
): SinkState[] {
  return read.map(({ sink, checkpoints, problem }) => {
    const delivery = sink.read === undefined ? known.deliveries.find((each) => each.sink === sink.name) : undefined;
    const size = delivery?.size ?? checkpoints.reduce((most, each) => Math.max(most, each.size), 0);
    return {
      name: sink.name,
      kind: sink.kind,
      size,
      behind: known.checkpoints.filter((each) => each.size > size).length,
      problem: problem ?? delivery?.lastError ?? known.problemOf(sink),
    };
  });
}
