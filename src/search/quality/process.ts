// The Gaussian process behind the quality model: covariances of shapes and groups, and what follows from observations.
import { covarianceFactor, solve } from "../cholesky.ts";
import { mean } from "../statistics.ts";
import { aspect, type Shape, terms } from "./features.ts";
import type { Observation } from "./observations.ts";

const curveDeviation = [0.03, 0.02] as const;
const smoothDeviation = 0.01;
const lengths = { aspect: 0.5, headSize: 0.7, sharing: 3 } as const;
export const alike = { group: 1, source: 0.9, other: 0.5 } as const;
/** A group's constant: anything. */
export const constantDeviation = 1;

/** What the kernel needs of a shape. */
export interface Point {
  mean: number;
  scaled: Float64Array;
  curve: readonly [number, number];
  place: readonly [number, number, number];
}

export function pointOf(shape: Shape): Point {
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
export function ownCovariance(p: Point, q: Point): number {
  const [x, y, z] = p.place;
  const [u, v, w] = q.place;
  const distance = (x - u) ** 2 + (y - v) ** 2 + (z - w) ** 2;
  const smooth = smoothDeviation ** 2 * Math.exp(-distance / 2);
  return p.curve[0] * q.curve[0] + p.curve[1] * q.curve[1] + smooth;
}

export function sharedCovariance(p: Point, q: Point): number {
  let sum = 0;
  for (let i = 0; i < p.scaled.length; i++) sum += p.scaled[i]! * q.scaled[i]!;
  return sum;
}

export function likeness(a: Observation, b: Observation): number {
  return a.group === b.group ? alike.group : a.source === b.source ? alike.source : alike.other;
}

/** What follows from some observations: their points, the factor of their covariance, and the weights of their residuals. */
export interface Conditioned {
  points: Point[];
  factor: Float64Array;
  alpha: Float64Array;
}

export function condition(observations: readonly Observation[]): Conditioned {
  const points = observations.map(({ shape }) => pointOf(shape));
  const variances = observations.map(({ noise }) => noise ** 2);
  const factor = covarianceFactor(variances, (i, j) => between(observations, points, i, j));
  return { points, factor, alpha: solve(factor, residualsOf(observations, points)) };
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
