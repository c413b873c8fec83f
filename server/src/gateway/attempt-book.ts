import { estimateParts, estimateTokens } from "./budgets/estimate-tokens.ts";
import type { Cost } from "./money/cost-of.ts";
import type { ChatAnswer, ChatRequest, Usage } from "./types.ts";

/** What one attempt comes to: from its provider's own count where that came, else from ours, marked so in `usage.from`. */
export interface PaidAttempt {
  readonly target: string;
  readonly usage: Usage;
  readonly cost: Cost;
  /** What came of an answer. */
  readonly answer: ChatAnswer | null;
}

export interface BegunAttempt {
  readonly target: string;
  readonly request: ChatRequest;
  price(usage: Usage): Cost;
}

/** One attempt under way, as whoever makes it tells of it. */
export interface OpenAttempt {
  /** Its provider told what it counts, before anything of use came. */
  heard(usage: Usage | null): void;
  /** It answers: as far as it came, and whether that is all. */
  follow(read: () => { readonly answer: ChatAnswer; readonly isWhole: boolean }): void;
  /** `wasCut`: by our clocks or its caller, while the provider worked on what it had read. What else fails is billed by nobody. */
  failed(wasCut: boolean): void;
  /** Undefined where it failed and costs nothing, and where it did not fail. */
  lost(): PaidAttempt | undefined;
}

interface Entry extends BegunAttempt {
  state: "running" | "answers" | "lost" | "free";
  told: Usage | null;
  read: (() => { readonly answer: ChatAnswer; readonly isWhole: boolean }) | undefined;
}

/** The attempts of one call, and what they cost as far as they are: known at every moment, since a record may be written at any. */
export class AttemptBook {
  readonly #entries: Entry[] = [];
  #isLeft = false;

  begin(begun: BegunAttempt): OpenAttempt {
    const entry: Entry = { ...begun, state: "running", told: null, read: undefined };
    this.#entries.push(entry);
    return {
      heard: (usage) => void (entry.told = usage ?? entry.told),
      follow(read) {
        [entry.state, entry.read] = ["answers", read];
      },
      failed: (wasCut) => void (entry.state = wasCut || entry.told !== null ? "lost" : "free"),
      lost: () => (entry.state === "lost" ? look(entry) : undefined),
    };
  }

  /** Its caller goes, and others wait for what is under way. */
  leaveToOthers(): void {
    this.#isLeft = true;
  }

  /** Its caller is the last who waited for what another began. */
  takeOver(other: AttemptBook): void {
    this.#entries.push(...other.#entries);
  }

  /** Failed, and paid all the same. */
  lost(): PaidAttempt[] {
    return this.#entries.filter(({ state }) => state === "lost").map(look);
  }

  /** All that is to be paid: what was lost, what answered, and what still runs. Nothing where others wait on for the answer, and pay. */
  soFar(): PaidAttempt[] {
    return this.#isLeft ? [] : this.#entries.filter(({ state }) => state !== "free").map(look);
  }
}

function look(entry: Entry): PaidAttempt {
  const { target, request, read } = entry;
  const { answer, isWhole } = read?.() ?? { answer: null, isWhole: false };
  const told = answer?.usage ?? entry.told;
  // A stream that broke off has told the beginning at most; of one that gave nothing of use it is all there is.
  const isTold = told !== null && told.input !== null && told.output !== null && (isWhole || entry.state === "lost");
  const usage: Usage = isTold
    ? told
    : {
        input: told?.input ?? estimateTokens(request),
        output: Math.max(told?.output ?? 0, answer === null ? 0 : estimateParts(answer.content)),
        cachedInput: told?.cachedInput ?? null,
        cacheWrite: told?.cacheWrite ?? null,
        reasoning: told?.reasoning ?? null,
        from: "tokenizer",
      };
  return { target, usage, cost: entry.price(usage), answer };
}
