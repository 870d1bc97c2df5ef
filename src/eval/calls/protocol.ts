// What a protocol of function calling is: how one answer is scored. Implementations: droidcall.ts, api.ts, slots.ts, listed in
// protocols.ts.
import type { Sample } from "../../functions/types.ts";
import type { CallAnswer } from "./answers.ts";
import type { CompareOptions } from "./compare.ts";

/** What a sample adds to a metric: the metric is the sum of the first numbers ÷ that of the second. A mean has ones there. */
export type Share = readonly [number, number];

/** One protocol. */
export interface CallProtocol {
  readonly name: string;
  /** Whether the model is also asked what it tells the user, where the data say what is right. */
  readonly asksResponse: boolean;
  /** The metrics of one answer, by name; all are better when higher. */
  score(answer: CallAnswer, sample: Sample, options: CompareOptions): Record<string, Share>;
}

/** A mean's part. */
export function share(value: number | boolean): Share {
  return [Number(value), 1];
}

/** A metric over samples: its value, null where there is nothing to divide by, and its standard error. */
export interface CallMetric {
  value: number | null;
  stderr: number | null;
}

/**
 * The ratio of two sums and its standard error by linearisation (Cochran 1977, section 2.11): for a mean that is the usual one,
 * s ÷ √n.
 */
export function ratio(shares: readonly Share[]): CallMetric {
  const top = shares.reduce((sum, [a]) => sum + a, 0);
  const bottom = shares.reduce((sum, [, b]) => sum + b, 0);
  const n = shares.length;
  if (bottom === 0) return { value: null, stderr: null };
  const value = top / bottom;
  if (n < 2) return { value, stderr: null };
  const squares = shares.reduce((sum, [a, b]) => sum + (a - value * b) ** 2, 0);
  return { value, stderr: Math.sqrt((n / (n - 1)) * squares) / bottom };
}
