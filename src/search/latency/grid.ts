// Times over a grid of shapes: interpolation that never says a larger operation is faster. Pure arithmetic.

/** Values at all combinations of ascending axis points; the last axis varies fastest. */
export interface Grid {
  axes: number[][];
  values: number[];
}

/** Most axes of a grid. */
const mostAxes = 5;
// Below the first point of an axis the straight line through the first two goes on, but not under this share of the first.
const leastAtZero = 0.2;

/**
 * A grid ready to be asked. Between points it is linear along every axis (so a time (a + b·M)·(c + d·K) comes out
 * exactly), beyond the last point proportional to the coordinate, below the first a straight line to a value above 0.
 * It rises along every axis: where neighbours are out of order, the mean of the least rising surface above and the
 * greatest one below counts.
 */
export class MonotoneGrid {
  private readonly axes: Float64Array[];
  private readonly strides: number[];
  private readonly values: Float64Array;
  // Where the last question fell, kept so that nothing is allocated while thousands are asked.
  private readonly cells = new Int32Array(mostAxes);
  private readonly shares = new Float64Array(mostAxes);
  private readonly point = new Float64Array(mostAxes);
  private readonly offsets = new Int32Array(2 ** mostAxes);
  private readonly corners = new Float64Array(2 ** mostAxes);

  constructor(grid: Grid) {
    const extended = startAtZero({ axes: grid.axes, values: monotone(grid) });
    this.axes = extended.axes.map((axis) => Float64Array.from(axis));
    this.strides = stridesOf(extended.axes);
    this.values = Float64Array.from(extended.values);
  }

  /** The value at a point of as many coordinates as there are axes, none negative; the rest is ignored. */
  at(a: number, b = 0, c = 0, d = 0, e = 0): number {
    const { axes, cells, shares, point } = this;
    point[0] = a;
    point[1] = b;
    point[2] = c;
    point[3] = d;
    point[4] = e;
    let beyond = 1;
    for (let k = 0; k < axes.length; k++) {
      const axis = axes[k]!;
      const last = axis[axis.length - 1]!;
      let x = point[k]!;
      if (x > last) {
        beyond *= x / last;
        x = last;
      }
      let cell = 0;
      while (cell + 2 < axis.length && x > axis[cell + 1]!) cell++;
      cells[k] = cell;
      shares[k] = axis.length === 1 ? 0 : (x - axis[cell]!) / (axis[cell + 1]! - axis[cell]!);
    }
    return beyond * this.blend();
  }

  /** The corners of the cell around the point, folded axis by axis, the last one first. */
  private blend(): number {
    const { cells, shares, strides, values, offsets, corners } = this;
    let count = 1;
    offsets[0] = 0;
    for (let k = 0; k < strides.length; k++) {
      const base = cells[k]! * strides[k]!;
      const upper = shares[k] === 0 ? base : base + strides[k]!;
      for (let i = 0; i < count; i++) {
        offsets[i + count] = offsets[i]! + upper;
        offsets[i] = offsets[i]! + base;
      }
      count *= 2;
    }
    for (let i = 0; i < count; i++) corners[i] = values[offsets[i]!]!;
    for (let k = strides.length - 1; k >= 0; k--) {
      count /= 2;
      const share = shares[k]!;
      for (let i = 0; i < count; i++) corners[i] = corners[i]! + share * (corners[i + count]! - corners[i]!);
    }
    return corners[0]!;
  }
}

/** Number of values between neighbours along each axis. */
export function stridesOf(axes: readonly (readonly number[])[]): number[] {
  const strides: number[] = new Array(axes.length).fill(1);
  for (let k = axes.length - 2; k >= 0; k--) strides[k] = strides[k + 1]! * axes[k + 1]!.length;
  return strides;
}

/** All points of a grid in the order of its values. */
export function pointsOf(axes: readonly (readonly number[])[]): number[][] {
  return axes.reduce<number[][]>((points, axis) => points.flatMap((point) => axis.map((x) => [...point, x])), [[]]);
}

// Running maxima from the left and running minima from the right along one axis after the other: both rise along all axes,
// and so does their mean.
function monotone({ axes, values }: Grid): number[] {
  const above = [...values];
  const below = [...values];
  const strides = stridesOf(axes);
  axes.forEach((axis, k) => {
    const stride = strides[k]!;
    for (let i = 0; i < values.length; i++) {
      if (Math.floor(i / stride) % axis.length > 0) above[i] = Math.max(above[i]!, above[i - stride]!);
    }
    for (let i = values.length - 1; i >= 0; i--) {
      if (Math.floor(i / stride) % axis.length < axis.length - 1) below[i] = Math.min(below[i]!, below[i + stride]!);
    }
  });
  return above.map((value, i) => (value + below[i]!) / 2);
}

/** The rising curve of least squares through values: neighbours out of order get their mean (pool adjacent violators). */
export function rising(values: readonly number[]): number[] {
  const pools: { sum: number; count: number }[] = [];
  const mean = ({ sum, count }: { sum: number; count: number }) => sum / count;
  for (const value of values) {
    let last = { sum: value, count: 1 };
    for (let before = pools.at(-1); before !== undefined && mean(before) > mean(last); before = pools.at(-1)) {
      last = { sum: before.sum + last.sum, count: before.count + last.count };
      pools.pop();
    }
    pools.push(last);
  }
  return pools.flatMap((pool) => new Array<number>(pool.count).fill(mean(pool)));
}

// A point 0 before every axis of two points or more.
function startAtZero(grid: Grid): Grid {
  return grid.axes.reduce<Grid>((current, axis, k) => {
    if (axis.length < 2 || axis[0] === 0) return current;
    const stride = stridesOf(current.axes)[k]!;
    const block = stride * axis.length;
    const slope = axis[0]! / (axis[1]! - axis[0]!);
    const values: number[] = [];
    for (let start = 0; start < current.values.length; start += block) {
      for (let i = start; i < start + stride; i++) {
        const first = current.values[i]!;
        values.push(Math.max(leastAtZero * first, first - slope * (current.values[i + stride]! - first)));
      }
      values.push(...current.values.slice(start, start + block));
    }
    return { axes: current.axes.map((one, j) => (j === k ? [0, ...axis] : one)), values };
  }, grid);
}
