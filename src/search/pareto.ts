// Pareto fronts of two costs, both to be small.

/** Indices that no other beats or equals in both costs, by ascending first cost. Of equals, the first. */
export function paretoFront(first: ArrayLike<number>, second: ArrayLike<number>): number[] {
  const order = Array.from({ length: first.length }, (_, i) => i);
  order.sort((a, b) => first[a]! - first[b]! || second[a]! - second[b]! || a - b);
  const front: number[] = [];
  let best = Infinity;
  for (const i of order) {
    if (!(second[i]! < best)) continue;
    best = second[i]!;
    front.push(i);
  }
  return front;
}

/**
 * The front of each index, 0 the best, and its crowding distance within that front (Deb et al. 2002, NSGA-II): Infinity at
 * the ends, else how far apart its neighbours are.
 */
export function rankByPareto(
  first: ArrayLike<number>,
  second: ArrayLike<number>,
): { front: Int32Array; distance: Float64Array } {
  const n = first.length;
  const result = { front: new Int32Array(n), distance: new Float64Array(n) };
  let left = Array.from({ length: n }, (_, i) => i);
  for (let level = 0; left.length > 0; level++) {
    const members = paretoFront(
      left.map((i) => first[i]!),
      left.map((i) => second[i]!),
    ).map((at) => left[at]!);
    const spans = [first, second].map((cost) => Math.abs(cost[members.at(-1)!]! - cost[members[0]!]!) || 1);
    members.forEach((i, at) => {
      const [before, after] = [members[at - 1], members[at + 1]];
      result.front[i] = level;
      result.distance[i] =
        before === undefined || after === undefined
          ? Infinity
          : Math.abs(first[after]! - first[before]!) / spans[0]! +
            Math.abs(second[after]! - second[before]!) / spans[1]!;
    });
    const taken = new Set(members);
    left = left.filter((i) => !taken.has(i));
  }
  return result;
}
