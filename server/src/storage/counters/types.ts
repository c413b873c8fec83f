export interface CounterRule {
  readonly windowMs: number;
  /** Most that may be admitted within any window of this length. */
  readonly limit: number;
}

export interface CounterDecision {
  readonly allowed: boolean;
  /** What is left after this decision. */
  readonly remaining: number;
  /** Milliseconds until more is free: the Retry-After of a refusal. */
  readonly resetMs: number;
}

/** Limits that must be decided without waiting: in memory now, shared through Redis later. */
export interface Counters {
  /** Counts `amount` (default 1) under `key` if the rule allows it; a refusal counts nothing. */
  increment(key: string, rule: CounterRule, amount?: number): CounterDecision;
  /** Keys held now. */
  size(): number;
}
