// Python's random.Random: the Mersenne Twister MT19937 (Matsumoto & Nishimura 1998), seeded from a whole number, with the
// draws that lm-evaluation-harness uses. So few-shot examples and bootstrapped errors are the same as there.

const [size, middle] = [624, 397];

/** A generator; the same seed gives the same numbers as `random.Random(seed)` of CPython. */
export class PythonRandom {
  readonly #state = new Uint32Array(size);
  #at = size;

  /** `seed`: a whole number from 0 to 2⁵³−1. */
  constructor(seed: number) {
    const key = seed < 2 ** 32 ? [seed] : [seed % 2 ** 32, Math.floor(seed / 2 ** 32)];
    this.#seed(key);
  }

  /** A number in [0, 1) with 53 random bits. */
  random(): number {
    const [high, low] = [this.#next() >>> 5, this.#next() >>> 6];
    return (high * 67108864 + low) / 9007199254740992;
  }

  /** A whole number below n, 1 ≤ n ≤ 2³². */
  below(n: number): number {
    const bits = n < 2 ** 32 ? 32 - Math.clz32(n) : 33;
    for (;;) {
      const drawn = bits > 32 ? this.#next() + (this.#next() >>> 31) * 2 ** 32 : this.#next() >>> (32 - bits);
      if (drawn < n) return drawn;
    }
  }

  /** `count` different items, in the order drawn. `count` must not be above their number. */
  sample<T>(items: readonly T[], count: number): T[] {
    const n = items.length;
    let setSize = 21;
    if (count > 5) setSize += 4 ** Math.ceil(Math.log(count * 3) / Math.log(4));
    return n <= setSize ? this.#samplePool(items, count) : this.#sampleSet(items, count);
  }

  /** `count` items, each of all with the same chance, as indices into a list of n. */
  choices(n: number, count: number): Uint32Array {
    const chosen = new Uint32Array(count);
    for (let i = 0; i < count; i++) chosen[i] = Math.floor(this.random() * n);
    return chosen;
  }

  #samplePool<T>(items: readonly T[], count: number): T[] {
    const pool = [...items];
    return Array.from({ length: count }, (_, i) => {
      const at = this.below(pool.length - i);
      const item = pool[at]!;
      pool[at] = pool[pool.length - i - 1]!;
      return item;
    });
  }

  #sampleSet<T>(items: readonly T[], count: number): T[] {
    const taken = new Set<number>();
    while (taken.size < count) {
      let at = this.below(items.length);
      while (taken.has(at)) at = this.below(items.length);
      taken.add(at);
    }
    return Array.from(taken, (at) => items[at]!);
  }

  #seed(key: readonly number[]): void {
    const mt = this.#state;
    mt[0] = 19650218;
    for (let i = 1; i < size; i++) mt[i] = Math.imul(1812433253, mt[i - 1]! ^ (mt[i - 1]! >>> 30)) + i;
    let [i, j] = [1, 0];
    const mixed = (factor: number) => mt[i]! ^ Math.imul(mt[i - 1]! ^ (mt[i - 1]! >>> 30), factor);
    const step = () => {
      if (++i < size) return;
      mt[0] = mt[size - 1]!;
      i = 1;
    };
    for (let k = Math.max(size, key.length); k > 0; k--) {
      mt[i] = mixed(1664525) + key[j]! + j;
      j = (j + 1) % key.length;
      step();
    }
    for (let k = size - 1; k > 0; k--) {
      mt[i] = mixed(1566083941) - i;
      step();
    }
    mt[0] = 0x80000000;
  }

  #next(): number {
    if (this.#at === size) this.#twist();
    let y = this.#state[this.#at++]!;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  #twist(): void {
    const mt = this.#state;
    for (let i = 0; i < size; i++) {
      const y = (mt[i]! & 0x80000000) | (mt[(i + 1) % size]! & 0x7fffffff);
      mt[i] = mt[(i + middle) % size]! ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.#at = 0;
  }
}
