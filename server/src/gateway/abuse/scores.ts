import type { Clock } from "../../core/index.ts";

const mostScores = 50_000;
/** A score below is forgotten. */
const least = 0.01;

interface Score {
  readonly value: number;
  readonly at: number;
}

export interface ScoresDeps {
  readonly clock: Clock;
  readonly halfLifeMs: number;
  /** However much is added: how long a block can last hangs on it. */
  readonly most: number;
}

/** Scores that fall by half in each half-life, by name. */
export interface Scores {
  add(name: string, amount: number): void;
  /** Makes it at least so much. */
  raise(name: string, value: number): void;
  of(name: string): number;
  /** Until it is below. */
  msUntilBelow(name: string, level: number): number;
}

export function createScores({ clock, halfLifeMs, most }: ScoresDeps): Scores {
  // A Map remembers the order of insertion; one that grows is moved to its end.
  const scores = new Map<string, Score>();

  function of(name: string): number {
    const score = scores.get(name);
    if (score === undefined) return 0;
    // A clock that steps back lets nothing grow.
    const value = score.value * 0.5 ** (Math.max(0, clock.now() - score.at) / halfLifeMs);
    if (value >= least) return value;
    scores.delete(name);
    return 0;
  }

  function set(name: string, wanted: number): void {
    const value = Math.min(most, wanted);
    if (value < least) return;
    scores.delete(name);
    if (scores.size >= mostScores) scores.delete(scores.keys().next().value!);
    scores.set(name, { value, at: clock.now() });
  }

  return {
    of,
    add: (name, amount) => set(name, of(name) + amount),
    raise(name, value) {
      if (value > of(name)) set(name, value);
    },
    msUntilBelow(name, level) {
      const value = of(name);
      return value < level ? 0 : Math.ceil(Math.log2(value / level) * halfLifeMs) + 1;
    },
  };
}
