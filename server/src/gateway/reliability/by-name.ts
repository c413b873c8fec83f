/** Callers choose names of models: what is kept for each must not grow with them. */
const most = 2000;

/** One of a kind for each name, made when it is first asked for. Past a bound the idle ones are let go, those unused longest first. */
export class ByName<Value> {
  readonly #isIdle: (value: Value) => boolean;
  readonly #kept = new Map<string, Value>();

  constructor(isIdle: (value: Value) => boolean) {
    this.#isIdle = isIdle;
  }

  get size(): number {
    return this.#kept.size;
  }

  names(): string[] {
    return [...this.#kept.keys()];
  }

  get(name: string): Value | undefined {
    return this.#kept.get(name);
  }

  of(name: string, make: () => Value): Value {
    let value = this.#kept.get(name);
    if (value === undefined) {
      if (this.#kept.size >= most) this.#makeRoom();
      value = make();
    } else this.#kept.delete(name);
    this.#kept.set(name, value);
    return value;
  }

  #makeRoom(): void {
    for (const [name, value] of this.#kept) {
      if (this.#kept.size < most) return;
      if (this.#isIdle(value)) this.#kept.delete(name);
    }
  }
}
