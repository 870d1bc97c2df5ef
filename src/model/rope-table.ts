// The cosines and sines of rotary position embedding, as Backend.rope reads them. Shared by training and inference.
import type { Spec } from "../spec/spec.ts";

/**
 * The table f32 [context, D]: per position D/2 cosines, then D/2 sines, of position · base^(−2j/D).
 *
 * With `ropeTable: "int8"` the values are those that 8 bits can hold (PhoneLM section 3.1):
 * cos_int8 = ⌊cos / max|cos| · 127 + 1/2⌋, used as cos_int8 · max|cos| / 127; the maximum is over the table, sines alike.
 */
export function ropeTable(spec: Pick<Spec, "context" | "headSize" | "ropeBase" | "ropeTable">): Float32Array {
  const { context, headSize: D, ropeBase } = spec;
  const half = D / 2;
  const table = new Float32Array(context * D);
  for (let j = 0; j < half; j++) {
    const frequency = ropeBase ** (-j / half);
    for (let position = 0; position < context; position++) {
      table[position * D + j] = Math.cos(position * frequency);
      table[position * D + half + j] = Math.sin(position * frequency);
    }
  }
  if (spec.ropeTable === "int8") {
    roundColumns(table, D, 0, half);
    roundColumns(table, D, half, D);
  }
  return table;
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
