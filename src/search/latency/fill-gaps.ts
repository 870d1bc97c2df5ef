// Completes a grid of which some points were not measured: too large for the time, or not possible. Pure arithmetic.
import { HandheldError } from "../../errors.ts";
import { type Grid, stridesOf } from "./grid.ts";

/**
 * Fills what is NaN from its neighbours: along each axis with two known neighbours on one side the straight line through
 * them, of several axes the mean; where there is one neighbour only, in proportion to the coordinate. No value falls below
 * a fifth of its nearest neighbour's.
 * @throws HandheldError `unsteady` when nothing was measured at all
 */
export function fillGaps(grid: Grid): Grid {
  const values = [...grid.values];
  if (values.every(Number.isNaN))
    throw new HandheldError("unsteady", "no operation of a kind could be measured; give the calibration more seconds");
  const strides = stridesOf(grid.axes);
  const order = values.map((_, i) => i);
  while (values.some(Number.isNaN)) {
    const before = values.filter(Number.isNaN).length;
    // Upwards, then downwards, so that what is next to measured points comes first.
    for (const sweep of [order, order.toReversed()]) {
      for (const i of sweep) if (Number.isNaN(values[i])) values[i] = guess(grid.axes, values, strides, i, 2);
    }
    if (values.filter(Number.isNaN).length < before) continue;
    for (const i of order) if (Number.isNaN(values[i])) values[i] = guess(grid.axes, values, strides, i, 1);
  }
  return { axes: grid.axes, values };
}

function guess(
  axes: readonly (readonly number[])[],
  values: readonly number[],
  strides: readonly number[],
  i: number,
  neighbours: 1 | 2,
): number {
  const guesses: number[] = [];
  axes.forEach((axis, k) => {
    const at = Math.floor(i / strides[k]!) % axis.length;
    for (const side of [-1, 1]) {
      const [near, far] = [at + side, at + 2 * side];
      if (near < 0 || near >= axis.length) continue;
      const nearest = values[i + side * strides[k]!]!;
      if (Number.isNaN(nearest)) continue;
      if (neighbours === 1) {
        guesses.push(nearest * Math.max(0.2, axis[at]! / Math.max(1e-9, axis[near]!)));
      } else if (far >= 0 && far < axis.length) {
        const slope = (nearest - values[i + 2 * side * strides[k]!]!) / (axis[near]! - axis[far]!);
        guesses.push(Math.max(0.2 * nearest, nearest + slope * (axis[at]! - axis[near]!)));
      }
    }
  });
  const known = guesses.filter((value) => !Number.isNaN(value));
  return known.length === 0 ? Number.NaN : known.reduce((sum, value) => sum + value, 0) / known.length;
}
