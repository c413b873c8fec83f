import { type Gateway, createPoints, similarityOf } from "../../gateway/index.ts";
import type { VariantCall } from "../types.ts";
import { type OpenedLlm, originOf } from "./answer.ts";
import { type Measured, measureText } from "./rank-examples.ts";

interface Known {
  readonly measured: readonly Measured[];
  readonly showable: readonly Measured[];
}

/** How near each example that may be shown is to what is asked, in [0, 1]. */
type Nearness = (asked: string, known: Known, call: VariantCall) => readonly number[] | Promise<readonly number[]>;

/** By three letters in a row. */
export function nearnessByLetters(asked: string, { showable }: Pick<Known, "showable">): readonly number[] {
  const letters = measureText(asked);
  return showable.map(({ trigrams }) => similarityOf(letters, trigrams));
}

export interface MeaningDeps {
  readonly embedder: string;
  readonly opened: OpenedLlm;
  readonly gateway: Pick<Gateway, "vectors">;
}

/** By what an embedder makes of them. Each example is sent once, with the first question that it may be shown beside. */
export function nearnessByMeaning({ embedder, opened, gateway }: MeaningDeps): Nearness {
  const points = createPoints(gateway.vectors);
  const { definition } = opened;
  return async (asked, { measured, showable }, call) => {
    points.keep(new Set(measured.map(({ text }) => text)));
    if (showable.length === 0) return [];
    return points.near(
      asked,
      showable.map(({ text }) => text),
      {
        embedder,
        origin: originOf(call, definition),
        dataClasses: [definition.dataClass],
        tags: call.metadata,
        evidence: call.evidence,
        step: "ask",
        signal: call.signal,
      },
    );
  };
}
