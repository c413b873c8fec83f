/** `numpy.random.RandomState(seed).permutation(count)`: MT19937 (Matsumoto and Nishimura 1998), Fisher-Yates from the end, masked rejection. */
export function permuteAsNumpy(count: number, seed: number): Uint32Array {
  const next = createTwister(seed);
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const mask = 2 ** (32 - Math.clz32(last)) - 1;
    let other = next() & mask;
    while (other > last) other = next() & mask;
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  return order;
}

function createTwister(seed: number): () => number {
  const state = new Uint32Array(624);
  state[0] = seed;
  for (let index = 1; index < 624; index++) {
    const before = state[index - 1]!;
    state[index] = Math.imul(1_812_433_253, before ^ (before >>> 30)) + index;
  }
  let place = 624;
  function refill(): void {
    for (let index = 0; index < 624; index++) {
      const mixed = (state[index]! & 0x80000000) | (state[(index + 1) % 624]! & 0x7fffffff);
      state[index] = state[(index + 397) % 624]! ^ (mixed >>> 1) ^ ((mixed & 1) * 0x9908b0df);
    }
    place = 0;
  }
  return () => {
    if (place === 624) refill();
    let word = state[place++]!;
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    return (word ^ (word >>> 18)) >>> 0;
  };
}
