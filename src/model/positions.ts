// How a decoder knows where a token stands: the cosines and sines of rotary position embedding, as Backend.rope reads
// them, and the slopes of ALiBi. Shared by training and inference.
import type { RopeScaling, Spec } from "../spec/spec.ts";

type RopeSpec = Pick<
  Spec,
  "context" | "headSize" | "ropeBase" | "ropeTable" | "ropeSize" | "ropeScaling" | "localRopeBase"
>;

/**
 * Which of the tables: the usual one, the one for sequences beyond LongRoPE's original context, or the one of blocks with
 * a sliding window where these have a base of their own.
 */
export type RopeKind = "usual" | "long" | "local";

/** Whether a sequence of so many tokens has keys turned as those of long ones: beyond LongRoPE's original context. */
export function isLongSequence({ ropeScaling }: Pick<Spec, "ropeScaling">, tokens: number): boolean {
  return ropeScaling?.type === "longrope" && tokens > ropeScaling.original;
}

/** The tables that an architecture needs, in this order. */
export function ropeKinds({ positions, ropeScaling, localRopeBase }: Spec): RopeKind[] {
  if (positions !== "rope") return [];
  return [
    "usual",
    ...(ropeScaling?.type === "longrope" ? ["long" as const] : []),
    ...(localRopeBase ? ["local" as const] : []),
  ];
}

/**
 * The table f32 [context, D]: per position D/2 cosines, then D/2 sines, of position · base^(−2j/R), R = `ropeSize`, or of
 * what scaling makes of these frequencies. Pair j of a head is its numbers j and j + D/2; pairs from R/2 on do not turn.
 *
 * With `ropeTable: "int8"` the values are those that 8 bits can hold (PhoneLM section 3.1):
 * cos_int8 = ⌊cos / max|cos| · 127 + 1/2⌋, used as cos_int8 · max|cos| / 127; the maximum is over the table, sines alike.
 */
export function ropeTable(spec: RopeSpec, kind: RopeKind = "usual"): Float32Array {
  const { context, headSize: D } = spec;
  const half = D / 2;
  const table = new Float32Array(context * D);
  const frequencies = ropeFrequencies(spec, kind);
  const { ropeScaling } = spec;
  const magnitude = ropeScaling?.type === "longrope" && kind !== "local" ? ropeScaling.magnitude : 1;
  for (let j = 0; j < half; j++) {
    const frequency = frequencies[j] ?? 0;
    const factor = j < frequencies.length ? magnitude : 1;
    for (let position = 0; position < context; position++) {
      table[position * D + j] = factor * Math.cos(position * frequency);
      table[position * D + half + j] = factor * Math.sin(position * frequency);
    }
  }
  if (spec.ropeTable === "int8") {
    roundColumns(table, D, 0, half);
    roundColumns(table, D, half, D);
  }
  return table;
}

/** Radians per token of each pair that turns, [ropeSize / 2]. */
export function ropeFrequencies(
  { ropeSize: R, ropeBase, ropeScaling, localRopeBase }: RopeSpec,
  kind: RopeKind,
): number[] {
  const base = kind === "local" ? localRopeBase! : ropeBase;
  const plain = Array.from({ length: R / 2 }, (_, j) => base ** ((-2 * j) / R));
  return kind === "local" || ropeScaling === null ? plain : plain.map((f, j) => scaled(f, j, ropeScaling, kind));
}

function scaled(frequency: number, j: number, scaling: RopeScaling, kind: RopeKind): number {
  switch (scaling.type) {
    case "linear":
      return frequency / scaling.factor;
    case "longrope":
      return frequency / (kind === "long" ? scaling.long : scaling.short)[j]!;
    case "llama3": {
      // Turns within the original context; from highFrequency on nothing changes, below lowFrequency all is scaled.
      const turns = (scaling.original * frequency) / (2 * Math.PI);
      const { factor, lowFrequency, highFrequency } = scaling;
      const kept = Math.min(1, Math.max(0, (turns - lowFrequency) / (highFrequency - lowFrequency)));
      return kept * frequency + (1 - kept) * (frequency / factor);
    }
  }
}

/**
 * ALiBi's slopes [heads] (Press et al. 2022): a geometric series for the largest power of two below the number of heads,
 * and every second one of the next series for the rest.
 */
export function alibiSlopes(heads: number): Float32Array {
  const series = (count: number) => Array.from({ length: count }, (_, h) => 2 ** ((-8 * (h + 1)) / count));
  const power = 2 ** Math.floor(Math.log2(heads));
  const finer = series(2 * power).filter((_, h) => h % 2 === 0);
  return Float32Array.from([...series(power), ...finer.slice(0, heads - power)]);
}

/** Rounds columns begin..end of a table with D columns to 255 levels of their common maximum. */
function roundColumns(table: Float32Array, D: number, begin: number, end: number): void {
  let max = 0;
  forEach((i) => {
    max = Math.max(max, Math.abs(table[i]!));
  });
  if (max === 0) return;
  forEach((i) => {
    table[i] = (Math.floor((table[i]! / max) * 127 + 0.5) * max) / 127;
  });
  function forEach(visit: (index: number) => void): void {
    for (let row = 0; row < table.length; row += D) for (let j = begin; j < end; j++) visit(row + j);
  }
}
