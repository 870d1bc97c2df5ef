// Word vectors from the company that tokens keep, in seconds: positive pointwise mutual information, factorised (Levy and
// Goldberg 2014, "Neural word embedding as implicit matrix factorization"). Tokens that are used alike begin alike, which
// a short training would first have to find out.
import { createRandom, type Random } from "../random.ts";

/** Tokens in their order, and tokens that say what the text is about: they keep company with all of it. */
export interface LabelledText {
  tokens: ArrayLike<number>;
  labels: ArrayLike<number>;
}

/** Tokens at most this far apart count as company, the nearer the more. */
const window = 3;

/** How much a label counts beside a neighbour. */
const labelWeight = 0.5;

/** Tokens with less company than this (neighbours and labels, weighted) say too little. */
const leastCompany = 3;

/** Rounds of subspace iteration: the largest singular values are far apart. */
const rounds = 4;

/**
 * Vectors [vocabulary, width] of unit length by token id: the more alike the company of two tokens, the smaller the angle.
 * The rows of tokens without enough company are zero. Contexts are smoothed with the power 0.75 and singular values
 * enter with their square root (Levy, Goldberg and Dagan 2015); a random rotation makes all dimensions alike.
 */
export function wordVectors(
  texts: Iterable<LabelledText>,
  vocabulary: number,
  width: number,
  seed: number,
  onProgress: (done: number, total: number) => void = () => {},
): Float32Array {
  const random = createRandom(seed, "word vectors");
  const matrix = mutualInformation(countCompany(texts, vocabulary), vocabulary);
  let basis = orthonormal(randomColumns(vocabulary, width, random));
  for (let round = 0; round < rounds; round++) {
    onProgress(round + 1, rounds + 1); // counting takes about as long as a round
    basis = orthonormal(basis.map((column) => multiply(matrix, transposedMultiply(matrix, column))));
  }
  const scales = basis.map((column) => Math.sqrt(norm(transposedMultiply(matrix, column))));
  const rotation = orthonormal(randomColumns(width, width, random));
  const vectors = new Float32Array(vocabulary * width);
  const seen = new Set(matrix.rows);
  for (const token of seen) {
    const row = vectors.subarray(token * width, (token + 1) * width);
    for (const [d, column] of basis.entries()) addScaled(row, rotation[d]!, column[token]! * scales[d]!);
    const length = norm(row);
    if (length > 0) for (let c = 0; c < width; c++) row[c]! /= length;
  }
  onProgress(rounds + 1, rounds + 1);
  return vectors;
}

/** A sparse square matrix, entry by entry. */
interface SparseMatrix {
  rows: Int32Array;
  columns: Int32Array;
  values: Float32Array;
}

/** How often pairs of tokens a ≤ b keep company, by a · vocabulary + b. */
function countCompany(texts: Iterable<LabelledText>, vocabulary: number): Map<number, number> {
  const counts = new Map<number, number>();
  const add = (a: number, b: number, weight: number) => {
    const pair = a < b ? a * vocabulary + b : b * vocabulary + a;
    counts.set(pair, (counts.get(pair) ?? 0) + weight);
  };
  for (const { tokens, labels } of texts) {
    for (let i = 0; i < tokens.length; i++) {
      const last = Math.min(i + window, tokens.length - 1);
      for (let j = i + 1; j <= last; j++) add(tokens[i]!, tokens[j]!, (window + 1 - (j - i)) / window);
    }
    const distinct = new Set(Array.from(tokens));
    for (const label of new Set(Array.from(labels))) for (const token of distinct) add(label, token, labelWeight);
  }
  return counts;
}

function mutualInformation(counts: Map<number, number>, vocabulary: number): SparseMatrix {
  const company = new Float64Array(vocabulary);
  const pairs = Float64Array.from(counts.keys()).sort();
  for (const pair of pairs) {
    const count = counts.get(pair)!;
    company[Math.floor(pair / vocabulary)]! += count;
    company[pair % vocabulary]! += count;
  }
  const smoothed = company.map((count) => count ** 0.75);
  const total = smoothed.reduce((a, b) => a + b, 0);
  const [rows, columns, values]: [number[], number[], number[]] = [[], [], []];
  const put = (row: number, column: number, count: number) => {
    const information = Math.log((count / company[row]!) * (total / smoothed[column]!));
    if (information <= 0 || company[row]! <= leastCompany) return;
    rows.push(row);
    columns.push(column);
    values.push(information);
  };
  for (const pair of pairs) {
    const [a, b] = [Math.floor(pair / vocabulary), pair % vocabulary];
    put(a, b, counts.get(pair)!);
    if (a !== b) put(b, a, counts.get(pair)!);
  }
  return { rows: Int32Array.from(rows), columns: Int32Array.from(columns), values: Float32Array.from(values) };
}

function multiply({ rows, columns, values }: SparseMatrix, x: Float32Array): Float32Array {
  const y = new Float32Array(x.length);
  for (let e = 0; e < values.length; e++) y[rows[e]!]! += values[e]! * x[columns[e]!]!;
  return y;
}

function transposedMultiply({ rows, columns, values }: SparseMatrix, x: Float32Array): Float32Array {
  return multiply({ rows: columns, columns: rows, values }, x);
}

function randomColumns(length: number, count: number, random: Random): Float32Array[] {
  return Array.from({ length: count }, () => Float32Array.from({ length }, () => random.normal()));
}

/** Makes columns orthonormal, one after the other (modified Gram–Schmidt); what depends on those before becomes zero. */
function orthonormal(columns: Float32Array[]): Float32Array[] {
  columns.forEach((column, c) => {
    const before = norm(column);
    for (const other of columns.slice(0, c)) addScaled(column, other, -dot(column, other));
    const length = norm(column);
    const scale = length > 1e-5 * before ? 1 / length : 0;
    for (let i = 0; i < column.length; i++) column[i]! *= scale;
  });
  return columns;
}

// Four sums at once: each has to wait for its last addition only.
function dot(a: Float32Array, b: Float32Array): number {
  const whole = a.length & ~3;
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  for (let i = 0; i < whole; i += 4) {
    s0 += a[i]! * b[i]!;
    s1 += a[i + 1]! * b[i + 1]!;
    s2 += a[i + 2]! * b[i + 2]!;
    s3 += a[i + 3]! * b[i + 3]!;
  }
  for (let i = whole; i < a.length; i++) s0 += a[i]! * b[i]!;
  return s0 + s1 + (s2 + s3);
}

function norm(a: Float32Array): number {
  return Math.sqrt(dot(a, a));
}

function addScaled(a: Float32Array, b: Float32Array, factor: number): void {
  for (let i = 0; i < a.length; i++) a[i]! += factor * b[i]!;
}
