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
  const uint32 = sfc32(hash32(seed, ...path));
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

function sfc32(seed: number): () => number {
  let a = mix(seed ^ 0x9e3779b9);
  let b = mix(seed ^ 0x243f6a88);
  let c = seed | 0;
  let counter = 1;
  const next = () => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + t) | 0;
    return t >>> 0;
  };
  for (let i = 0; i < 15; i++) next();
  return next;
}
