// Damages bytes without knowing what they mean.
import type { Random } from "../../src/random.ts";

/** Numbers at which counters, sizes and signs turn. */
export const oddNumbers: readonly bigint[] = [
  ...[0n, 1n, 2n, 7n, 127n, 128n, 255n, 256n, 32767n, 65535n, 65536n],
  ...[2n ** 24n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 40n],
  ...[2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 62n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 2n, 2n ** 64n - 1n],
];

type Change = (bytes: Uint8Array, at: number, random: Random) => Uint8Array;

const changes: readonly Change[] = [
  // One bit.
  (bytes, at, random) => put(bytes, at, [bytes[at]! ^ (1 << random.below(8))]),
  // One byte.
  (bytes, at, random) =>
    put(bytes, at, [random.pick([0, 1, 0x7f, 0x80, 0xc0, 0xff, 0x22, 0x5b, 0x7b, random.below(256)])]),
  // A number of 1, 2, 4 or 8 bytes.
  (bytes, at, random) => put(bytes, at, littleEndian(random.pick(oddNumbers), random.pick([1, 2, 4, 8]))),
  // The end is missing.
  (bytes, at) => bytes.slice(0, at),
  // A piece is missing, there twice, or somewhere else.
  (bytes, at, random) => join(bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(64))),
  (bytes, at, random) => join(bytes.subarray(0, at + 1 + random.below(64)), bytes.subarray(at)),
  (bytes, at, random) => put(bytes, at, bytes.slice(random.below(bytes.length)).subarray(0, 1 + random.below(64))),
  // Something is put in between.
  (bytes, at, random) =>
    join(
      bytes.subarray(0, at),
      Uint8Array.from({ length: 1 + random.below(32) }, () => random.below(256)),
      bytes.subarray(at),
    ),
];

/** A damaged copy: one to four changes, more often near the beginning, where headers are. */
export function mutateBytes(original: Uint8Array, random: Random): Uint8Array {
  let bytes = original.slice();
  for (let left = 1 + random.below(4); left > 0 && bytes.length > 0; left--) {
    const nearness = random.pick([1, 2, 4]);
    bytes = random.pick(changes)(bytes, Math.floor(bytes.length * random.float() ** nearness), random) as typeof bytes;
  }
  return bytes;
}

/** The lowest `count` bytes of a number. */
export function littleEndian(value: bigint, count: number): number[] {
  return Array.from({ length: count }, (_, i) => Number((value >> BigInt(8 * i)) & 255n));
}

function put(bytes: Uint8Array, at: number, values: Iterable<number>): Uint8Array {
  let to = at;
  for (const value of values) if (to < bytes.length) bytes[to++] = value;
  return bytes;
}

function join(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
