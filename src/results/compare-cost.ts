// Two costs beside each other: ratios, with what the repeats' spread makes of them.
import type { Cost, CostPoint } from "../cost/result.ts";

/** One quantity at one point of both grids. */
export interface CostComparison {
  /** Number formats of the matrices on both sides. */
  weights: [string, string];
  threads: number;
  prompt: number;
  output: number;
  quantity: "firstTokenMs" | "prefillTokensPerSecond" | "decodeTokensPerSecond" | "memoryBytes";
  higherIsBetter: boolean;
  a: number;
  b: number;
  /** b ÷ a; null where a is 0. */
  ratio: number | null;
  /** The ratio if both medians were as far off as half their spreads, this way and that. */
  low: number | null;
  high: number | null;
}

const timed = [
  ["firstTokenMs", false],
  ["prefillTokensPerSecond", true],
  ["decodeTokensPerSecond", true],
] as const;

/**
 * The points that both have: of the same weights, threads, prompt and output; where each side has one form of weights, of
 * whatever forms these are.
 */
export function compareCosts(a: Cost | null, b: Cost | null): CostComparison[] {
  if (a === null || b === null) return [];
  const single = [a, b].every(({ points }) => new Set(points.map(formOf)).size === 1);
  return a.points.flatMap((one) => {
    const other = b.points.find(
      (point) =>
        (single || formOf(point) === formOf(one)) &&
        point.threads === one.threads &&
        point.prompt === one.prompt &&
        point.output === one.output,
    );
    return other ? comparePoints(one, other) : [];
  });
}

function formOf({ weights, kv }: CostPoint): string {
  return `${weights} ${kv}`;
}

function comparePoints(a: CostPoint, b: CostPoint): CostComparison[] {
  const { threads, prompt, output } = a;
  const where = { weights: [a.weights, b.weights] as [string, string], threads, prompt, output };
  const exact = (value: number) => ({ median: value, spread: 0 });
  const quantities = [
    ...timed.map(([quantity, higherIsBetter]) => ({ quantity, higherIsBetter, a: a[quantity], b: b[quantity] })),
    {
      quantity: "memoryBytes" as const,
      higherIsBetter: false,
      a: exact(a.memoryBytes),
      b: exact(b.memoryBytes),
    },
  ];
  return quantities.map(({ quantity, higherIsBetter, a: left, b: right }) => {
    const ratio = left.median > 0 ? right.median / left.median : null;
    // A spread of 2 or more says nothing at all of the lower end.
    const far = ({ spread }: { spread: number }, sign: number) => Math.max(0, 1 + (sign * spread) / 2);
    const bound = (sign: number) => {
      const below = far(left, -sign);
      return ratio === null || below === 0 ? null : (ratio * far(right, sign)) / below;
    };
    return {
      ...where,
      quantity,
      higherIsBetter,
      a: left.median,
      b: right.median,
      ratio,
      low: bound(-1),
      high: bound(1),
    };
  });
}
