// How well a shape will learn, before anything is trained: ln(loss) of a shape against another, with an interval.
//
// ln(loss) = terms of the shape (./features.ts) + curve of the aspect + a smooth deviation + what the training adds.
// A Gaussian process: the terms' coefficients have normal priors, the curve is a·c₁ + a²·c₂ with normal coefficients, the
// deviation has a squared-exponential kernel over aspect, head size and heads per key/value head. All of it is conditioned
// on two tables: 36 losses (PhoneLM, Table 7) and 19 accuracies (MobileLLM, Table 11).
//
// The tables disagree about depth: PhoneLM's losses are best at 11 to 18 layers and worse on both sides,
// MobileLLM's accuracies go on rising to 30 and then stay. So curve and deviation are random effects: each group of runs
// (a table's size) has its own, correlated 0.9 with the same table's other size and 0.5 with the other table's. A shape
// that is asked for belongs to a training run that nobody has seen yet, correlated 0.5 with all of them: it is drawn to what
// the tables share, and their disagreement is in its interval. Accuracy becomes loss by the exchange rate within the
// table itself: its two sizes differ by so many points and, by the exponent of 0.076, by so much ln(loss).
// Hyperparameters are those of the highest marginal likelihood on a coarse grid, but for the correlation of 0.5 (two tables
// cannot tell; 0.75 is a little likelier) and the growth of the best aspect with size (./features.ts; 0.5 is a little
// likelier than 0.25): together half a nat.
// At 1.5 B and at 1 M all of this is an extrapolation; proxy training (../proxy) gives evidence where it matters.
import { solveLower } from "../cholesky.ts";
import type { Estimate } from "../latency/predictor.ts";
import { mean } from "../statistics.ts";
import type { Shape } from "./features.ts";
import { type Observation, publishedObservations } from "./observations.ts";
import {
  alike,
  type Conditioned,
  condition,
  constantDeviation,
  likeness,
  ownCovariance,
  type Point,
  pointOf,
  sharedCovariance,
} from "./process.ts";

/** What a shape will lose, in ln(loss) up to a constant that all shapes share. */
export interface PredictedLoss {
  logLoss: number;
  /** The loss that is not exceeded with 84 % certainty: one standard deviation above, of the difference to the anchor. */
  cautious: number;
}

/** A fitted model. */
export interface QualityModel {
  /** ln(loss) up to a constant: what ranks shapes. */
  logLoss(shape: Shape): number;
  /** Loss ÷ the loss of `reference`, with the 95 % interval of their ratio. */
  relativeLoss(shape: Shape, reference: Shape): Estimate;
  /** Judges many shapes by their distance to one; some microseconds each. */
  judge(anchor: Shape): (shape: Shape) => PredictedLoss;
}

/** Of a normal distribution, 95 % lie within so many standard deviations. */
const deviations = 1.96;

/**
 * Fits the model.
 *
 * @param observations default: both tables. Add your own runs as a group and source of their own.
 * @example
 * ```ts
 * const { value, low, high } = createQualityModel().relativeLoss(spec, preset("PhoneLM-1.5B"));
 * ```
 */
export function createQualityModel(observations: readonly Observation[] = publishedObservations()): QualityModel {
  const fitted = condition(observations);
  const judge = (anchor: Shape) => {
    const origin = new Origin(fitted, anchor);
    return (shape: Shape) => {
      const { logLoss, deviation } = origin.to(shape);
      return { logLoss, cautious: logLoss + deviation };
    };
  };
  return {
    logLoss: (shape) => new Origin(fitted, shape).logLoss,
    judge,
    relativeLoss(shape, reference) {
      const origin = new Origin(fitted, reference);
      const { logLoss, deviation } = origin.to(shape);
      const [difference, half] = [logLoss - origin.logLoss, deviations * deviation];
      return { value: Math.exp(difference), low: Math.exp(difference - half), high: Math.exp(difference + half) };
    },
  };
}

/** A shape from which others are judged. */
class Origin {
  readonly logLoss: number;
  private readonly fitted: Conditioned;
  private readonly point: Point;
  private readonly known: Float64Array;
  private readonly own: number;

  constructor(fitted: Conditioned, shape: Shape) {
    this.fitted = fitted;
    this.point = pointOf(shape);
    this.known = new Float64Array(fitted.points.length);
    this.own = between(this.point, this.point);
    this.logLoss = this.fill(this.point, this.known);
  }

  /** Another shape's ln(loss), and the standard deviation of its difference to this one's. */
  to(shape: Shape): { logLoss: number; deviation: number } {
    const point = pointOf(shape);
    const difference = new Float64Array(this.known.length);
    const logLoss = this.fill(point, difference);
    for (let i = 0; i < difference.length; i++) difference[i]! -= this.known[i]!;
    const explained = solveLower(this.fitted.factor, difference);
    let variance = between(point, point) + this.own - 2 * between(point, this.point);
    for (let i = 0; i < explained.length; i++) variance -= explained[i]! ** 2;
    return { logLoss, deviation: Math.sqrt(Math.max(0, variance)) };
  }

  /** Writes a point's covariances with all observations; returns its ln(loss). */
  private fill(point: Point, covariances: Float64Array): number {
    const { points, alpha } = this.fitted;
    let sum = point.mean;
    for (let i = 0; i < points.length; i++) {
      const other = points[i]!;
      const covariance = sharedCovariance(point, other) + alike.other * ownCovariance(point, other);
      covariances[i] = covariance;
      sum += alpha[i]! * covariance;
    }
    return sum;
  }
}

/** Covariance of two shapes in one training run that nobody has seen. */
function between(p: Point, q: Point): number {
  return sharedCovariance(p, q) + ownCovariance(p, q);
}

/** ln(loss) of one observation as the others predict it, within its group, and the standard deviation of the error. */
export function predictHeldOut(
  observations: readonly Observation[],
  heldOut: readonly number[],
): { logLoss: number; deviation: number }[] {
  const rest = observations.filter((_, i) => !heldOut.includes(i));
  const { points, factor, alpha } = condition(rest);
  const raw = (i: number) => rest[i]!.logLoss - points[i]!.mean;
  return heldOut.map((index) => {
    const target = observations[index]!;
    const point = pointOf(target.shape);
    const members = [...rest.keys()].filter((i) => rest[i]!.group === target.group);
    const centre = members.length === 0 ? 0 : mean(members.map(raw));
    const covariances = Float64Array.from(points, (other, i) => {
      const constant = rest[i]!.group === target.group ? constantDeviation ** 2 : 0;
      return sharedCovariance(point, other) + likeness(target, rest[i]!) * ownCovariance(point, other) + constant;
    });
    const explained = solveLower(factor, covariances).reduce((sum, value) => sum + value * value, 0);
    const prior = sharedCovariance(point, point) + ownCovariance(point, point) + constantDeviation ** 2;
    const shift = covariances.reduce((sum, value, i) => sum + value * alpha[i]!, 0);
    const variance = Math.max(0, prior - explained) + target.noise ** 2;
    return { logLoss: point.mean + centre + shift, deviation: Math.sqrt(variance) };
  });
}
