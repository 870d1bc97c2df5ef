// How well a shape will learn, before anything is trained: ln(loss) of a shape against another, with an interval.
//
// ln(loss) = terms of the shape (./features.ts) + curve of the aspect + a smooth deviation + what the training adds.
// A Gaussian process: the terms' coefficients have normal priors, the curve is a·c₁ + a²·c₂ with normal coefficients, the
// deviation has a squared-exponential kernel over aspect, head size and heads per key/value head. All of it is conditioned
// on two tables: 36 losses (PhoneLM, Table 7) and 19 accuracies (MobileLLM, Table 11).
//
// The tables disagree about depth: at 2 B tokens PhoneLM's losses are best at 11 to 18 layers and worse on both sides,
// MobileLLM's accuracies go on rising to 30 and then stay. So curve and deviation are random effects: each group of runs
// (a table's size) has its own, correlated 0.9 with the same table's other size and 0.5 with the other table's. A shape
// that is asked for belongs to a training run that nobody has seen yet, correlated 0.5 with all of them: it is drawn to what
// the tables share, and their disagreement is in its interval. Accuracy becomes loss by the exchange rate within the
// table itself: its two sizes differ by so many points and, by the exponent of 0.076, by so much ln(loss).
// Hyperparameters are those of the highest marginal likelihood on a coarse grid, but for the correlation of 0.5 (two tables
// cannot tell; 0.75 is likelier by half a nat) and the growth of the best aspect with size (./features.ts; 0.5 by as much).
// At 1.5 B and at 1 M all of this is an extrapolation; proxy training (../proxy) gives evidence where it matters.
import type { Estimate } from "../latency/predictor.ts";
import { cholesky, solve, solveLower } from "./cholesky.ts";
import { aspect, logWeights, type Shape, terms } from "./features.ts";
import { accuracyRows, lossRows } from "./tables.ts";

/** A measured quality. */
export interface Observation {
  shape: Shape;
  /** Runs with the same data, tokens and evaluation: only differences within one count. */
  group: string;
  /** Groups with the same source are more alike than others. */
  source: string;
  /** ln(loss), up to a constant of the group. */
  logLoss: number;
  /** Standard deviation of ln(loss) between equal runs. */
  noise: number;
}

/** A fitted model. */
export interface QualityModel {
  /** ln(loss) up to a constant: what ranks shapes; a few microseconds. */
  logLoss(shape: Shape): number;
  /** Loss ÷ the loss of `reference`, with the 95 % interval of their ratio. */
  relativeLoss(shape: Shape, reference: Shape): Estimate;
}

const curveDeviation = [0.03, 0.02] as const;
const smoothDeviation = 0.01;
const lengths = { aspect: 0.5, headSize: 0.7, sharing: 3 } as const;
const alike = { group: 1, source: 0.9, other: 0.5 } as const;
/** A group's constant: anything. */
const constantDeviation = 1;
/** Of a normal distribution, 95 % lie within so many standard deviations. */
const deviations = 1.96;

/** What the kernel needs of a shape. */
interface Point {
  mean: number;
  scaled: Float64Array;
  curve: readonly [number, number];
  place: readonly [number, number, number];
}

function pointOf(shape: Shape): Point {
  const values = terms.map((term) => term.of(shape));
  const a = aspect(shape);
  return {
    mean: values.reduce((sum, value, i) => sum + value * terms[i]!.mean, 0),
    scaled: Float64Array.from(values, (value, i) => value * terms[i]!.deviation),
    curve: [a * curveDeviation[0], a * a * curveDeviation[1]],
    place: [
      a / lengths.aspect,
      Math.log(shape.headSize) / lengths.headSize,
      Math.log(shape.heads / shape.kvHeads) / lengths.sharing,
    ],
  };
}

/** Covariance of what differs between groups, for the same group. */
function ownCovariance(p: Point, q: Point): number {
  const [x, y, z] = p.place;
  const [u, v, w] = q.place;
  const distance = (x - u) ** 2 + (y - v) ** 2 + (z - w) ** 2;
  const smooth = smoothDeviation ** 2 * Math.exp(-distance / 2);
  return p.curve[0] * q.curve[0] + p.curve[1] * q.curve[1] + smooth;
}

function sharedCovariance(p: Point, q: Point): number {
  let sum = 0;
  for (let i = 0; i < p.scaled.length; i++) sum += p.scaled[i]! * q.scaled[i]!;
  return sum;
}

function likeness(a: Observation, b: Observation): number {
  return a.group === b.group ? alike.group : a.source === b.source ? alike.source : alike.other;
}

/** What follows from some observations: their points, the factor of their covariance, and the weights of their residuals. */
interface Conditioned {
  points: Point[];
  factor: Float64Array;
  alpha: Float64Array;
}

function condition(observations: readonly Observation[]): Conditioned {
  const n = observations.length;
  const points = observations.map(({ shape }) => pointOf(shape));
  const covariance = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) covariance[i * n + j] = between(observations, points, i, j);
    covariance[i * n + i]! += observations[i]!.noise ** 2;
  }
  const residuals = residualsOf(observations, points);
  const factor = cholesky(covariance, n);
  return { points, factor, alpha: solve(factor, residuals) };
}

function between(observations: readonly Observation[], points: readonly Point[], i: number, j: number): number {
  const [a, b, p, q] = [observations[i]!, observations[j]!, points[i]!, points[j]!];
  const constant = a.group === b.group ? constantDeviation ** 2 : 0;
  return sharedCovariance(p, q) + likeness(a, b) * ownCovariance(p, q) + constant;
}

/** Observations less their prior means, each group centred (its constant is free anyway). */
function residualsOf(observations: readonly Observation[], points: readonly Point[]): Float64Array {
  const raw = observations.map(({ logLoss }, i) => logLoss - points[i]!.mean);
  const groups = Map.groupBy(observations.keys(), (i) => observations[i]!.group);
  const centres = new Map([...groups].map(([group, members]) => [group, mean(members.map((i) => raw[i]!))]));
  return Float64Array.from(raw, (value, i) => value - centres.get(observations[i]!.group)!);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

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
  const { points, factor, alpha } = condition(observations);
  const shared = new Float64Array(terms.length);
  const curve: [number, number] = [0, 0];
  for (const [i, point] of points.entries()) {
    for (let t = 0; t < shared.length; t++) shared[t]! += alpha[i]! * point.scaled[t]!;
    for (const k of [0, 1] as const) curve[k] += alpha[i]! * alike.other * point.curve[k];
  }
  const logLoss = (shape: Shape) => {
    const point = pointOf(shape);
    let sum = point.mean + point.curve[0] * curve[0] + point.curve[1] * curve[1];
    for (let t = 0; t < shared.length; t++) sum += point.scaled[t]! * shared[t]!;
    return sum + alike.other * smooth(point);
  };
  const smooth = (point: Point) => {
    const [x, y, z] = point.place;
    let sum = 0;
    for (let i = 0; i < points.length; i++) {
      const [u, v, w] = points[i]!.place;
      sum += alpha[i]! * Math.exp(-((x - u) ** 2 + (y - v) ** 2 + (z - w) ** 2) / 2);
    }
    return smoothDeviation ** 2 * sum;
  };
  const known = (point: Point) =>
    Float64Array.from(points, (other) => sharedCovariance(point, other) + alike.other * ownCovariance(point, other));
  const own = (p: Point, q: Point) => sharedCovariance(p, q) + ownCovariance(p, q);
  return {
    logLoss,
    relativeLoss(shape, reference) {
      const [p, q] = [pointOf(shape), pointOf(reference)];
      const [kp, kq] = [known(p), known(q)];
      const explained = solveLower(
        factor,
        kp.map((value, i) => value - kq[i]!),
      );
      const prior = own(p, p) + own(q, q) - 2 * own(p, q);
      const variance = prior - explained.reduce((sum, value) => sum + value * value, 0);
      const half = deviations * Math.sqrt(Math.max(0, variance));
      const difference = logLoss(shape) - logLoss(reference);
      return { value: Math.exp(difference), low: Math.exp(difference - half), high: Math.exp(difference + half) };
    },
  };
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

// Between equal runs PhoneLM's losses are taken to differ by 0.4 % (their twins with 4 and 16 key/value heads do), mean
// accuracies over eight tasks by half a point.
const lossNoise = 0.004;
const accuracyNoise = 0.008;

/** Both tables as observations. */
export function publishedObservations(): Observation[] {
  const losses = lossRows.map((row): Observation => {
    const fixed = { headSize: row.width / row.heads, gated: true, tiedEmbeddings: true, layerRepeat: 1 };
    const place = { group: `PhoneLM ${row.group}`, source: "PhoneLM", noise: lossNoise };
    return { shape: { ...row, ...fixed }, ...place, logLoss: Math.log(row.loss) };
  });
  const shapes = accuracyRows.map(accuracyShape);
  const rate = exchangeRate(shapes);
  const accuracies = accuracyRows.map((row, i): Observation => {
    const place = { group: `MobileLLM ${row.group}`, source: "MobileLLM", noise: accuracyNoise };
    return { shape: shapes[i]!, ...place, logLoss: -rate * row.accuracy };
  });
  return [...losses, ...accuracies];
}

// Table 11 does not name FFN widths: they follow from the parameters, with embedding and head of 32,000 each.
function accuracyShape({ layers, heads, width, parameters }: (typeof accuracyRows)[number]): Shape {
  const perBlock = (parameters - 2 * 32_000 * width) / layers;
  const ffnWidth = (perBlock - 4 * width * width) / (3 * width);
  const sizes = { layers, heads, kvHeads: heads, width, ffnWidth, headSize: width / heads };
  return { ...sizes, activation: "silu", gated: true, tiedEmbeddings: false, layerRepeat: 1 };
}

/** ln(loss) per point of accuracy: the table's two sizes, those of at least 12 layers, against Kaplan's exponent. */
function exchangeRate(shapes: readonly Shape[]): number {
  const of = (group: string, value: (i: number) => number) =>
    mean(
      [...accuracyRows.keys()].filter((i) => accuracyRows[i]!.group === group && shapes[i]!.layers >= 12).map(value),
    );
  const grown = (value: (i: number) => number) => of("350M", value) - of("125M", value);
  return (0.076 * grown((i) => logWeights(shapes[i]!))) / grown((i) => accuracyRows[i]!.accuracy);
}
