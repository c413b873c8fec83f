/** A seeded source of random numbers. The same seed gives the same sequence on every machine. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform integer in [0, bound). */
  integer(bound: number): number;
  /** Fisher-Yates, in place. */
  shuffle<T extends { length: number; [index: number]: unknown }>(items: T): T;
}

/** xoshiro128** (Blackman and Vigna, 2018), seeded through splitmix32. */
export function createRandom(seed: number): Random {
  let mix = seed >>> 0;
  function splitmix(): number {
    mix = (mix + 0x9e3779b9) >>> 0;
    let z = mix;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  }
  let a = splitmix();
  let b = splitmix();
  let c = splitmix();
  let d = splitmix();

  function next32(): number {
    const product = Math.imul(b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return result;
  }

  function next(): number {
    return ((next32() >>> 5) * 67108864 + (next32() >>> 6)) / 9007199254740992;
  }

  function integer(bound: number): number {
    return Math.floor(next() * bound);
  }

  function shuffle<T extends { length: number; [index: number]: unknown }>(items: T): T {
    for (let index = items.length - 1; index > 0; index--) {
      const other = integer(index + 1);
      const held = items[index];
      items[index] = items[other];
      items[other] = held;
    }
    return items;
  }

  return { next, integer, shuffle };
}
