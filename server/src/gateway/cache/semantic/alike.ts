import type { GatewayCall } from "../../stage.ts";
import type { ChatAnswer } from "../../types.ts";
import type { KeptAnswer } from "../kept-answers.ts";
import type { RequestKeys } from "../request-keys.ts";

/** What there was among kept answers that a question is like. */
export interface Look {
  readonly hit: KeptAnswer | null;
  /** For the evidence. */
  readonly note: Readonly<Record<string, unknown>>;
  /** Where the answer to this question is kept. */
  readonly place: KeptAnswer["place"];
  /** The provider's own answer, where there was no hit: what the threshold learns from. */
  heard(answer: ChatAnswer): void;
}

export const unseen: Look = { hit: null, note: {}, place: null, heard: () => {} };

export interface Alike {
  look(call: GatewayCall, keys: RequestKeys, maxAgeMs: number): Promise<Look>;
}
