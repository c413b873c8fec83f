/** Callers choose names of models: what is kept for each must not grow with them. */
const most = 2000;
/** Of those kept, a used one is put at the end again when so many others were asked for since: moving it costs more than finding it. */
const fresh = most / 16;

interface Kept<Value> {
  readonly value: Value;
  movedAt: number;
}

/** One of a kind for each name, made when it is first asked for. Past a bound the idle ones are let go, those unused longest first. */
export class ByName<Value> {
  readonly #isIdle: (value: Value) => boolean;
  readonly #kept = new Map<string, Kept<Value>>();
  #turn = 0;

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
    return this.#kept.get(name)?.value;
  }

  of(name: string, make: () => Value): Value {
    this.#turn += 1;
    let kept = this.#kept.get(name);
    if (kept === undefined) {
      if (this.#kept.size >= most) this.#makeRoom();
      kept = { value: make(), movedAt: this.#turn };
    } else if (this.#turn - kept.movedAt < fresh) return kept.value;
    else this.#kept.delete(name);
    kept.movedAt = this.#turn;
    this.#kept.set(name, kept);
    return kept.value;
  }

  #makeRoom(): void {
    for (const [name, { value }] of this.#kept) {
      if (this.#kept.size < most) return;
      if (this.#isIdle(value)) this.#kept.delete(name);
    }
  }
}
