// Seeded random numbers, the same on every machine: sfc32 (Chris Doty-Humphrey's PractRand) whose state is hashed from a
// seed and a path of labels, so that independent streams need no shared state. Not for secrets.

/** A stream of random numbers. */
export interface Random {
  /** A whole number, uniform in 0..2³²−1. */
  uint32(): number;
  /** A number in [0, 1) with 32 random bits. */
  float(): number;
  /** A whole number, uniform in 0..n−1; n ≥ 1. */
  below(n: number): number;
  /** A standard normal number (Box–Muller). */
  normal(): number;
  /** One of `items`, which must not be empty. */
  pick<T>(items: readonly T[]): T;
  /** Shuffles in place (Fisher–Yates) and returns the array. */
  shuffle<A extends { length: number; [index: number]: unknown }>(items: A): A;
}

/**
 * Creates a stream. The same seed and path give the same numbers; different ones are independent.
 *
 * @example
 * ```ts
 * const order = createRandom(7, "epoch", 3).shuffle([0, 1, 2, 3]);
 * ```
 */
export function createRandom(seed: number, ...path: (string | number)[]): Random {
  const state = seedWords(seed, ...path);
  const uint32 = () => nextWord(state);
  const float = () => uint32() / 2 ** 32;
  const below = (n: number) => Math.floor(float() * n);
  return {
    uint32,
    float,
    below,
    normal: () => Math.sqrt(-2 * Math.log(1 - float())) * Math.cos(2 * Math.PI * float()),
    pick: (items) => items[below(items.length)]!,
    shuffle(items) {
      for (let i = items.length - 1; i > 0; i--) {
        const j = below(i + 1);
        const kept = items[i];
        items[i] = items[j];
        items[j] = kept;
      }
      return items;
    },
  };
}

/** A 32-bit hash of a seed and labels: FNV-1a over their text, finished with murmur3's mixer. */
export function hash32(...path: (string | number)[]): number {
  let hash = 0x811c9dc5;
  const text = path.join("\u0000");
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return mix(hash);
}

function mix(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** The generator's state for a seed and labels: the four words of sfc32, for {@link nextWord}. */
export function seedWords(seed: number, ...path: (string | number)[]): Int32Array {
  const hash = hash32(seed, ...path);
  const state = Int32Array.of(mix(hash ^ 0x9e3779b9), mix(hash ^ 0x243f6a88), hash, 1);
  for (let i = 0; i < 15; i++) nextWord(state);
  return state;
}

/** The next whole number 0..2³²−1 of the generator whose state is given, which moves on. */
export function nextWord(state: Int32Array): number {
  const a = state[0]!;
  const b = state[1]!;
  const c = state[2]!;
  const counter = state[3]!;
  const t = (((a + b) | 0) + counter) | 0;
  state[0] = b ^ (b >>> 9);
  state[1] = (c + (c << 3)) | 0;
  state[2] = (((c << 21) | (c >>> 11)) + t) | 0;
  state[3] = (counter + 1) | 0;
  return t >>> 0;
}
