// Every differentiable operation against finite differences: one body for every backend.
import { afterAll, beforeAll, describe, test } from "vitest";
import type { Backend } from "../kernels/backend.ts";
import { activations } from "../spec/spec.ts";
import { choiceCrossEntropy, crossEntropy } from "./cross-entropy.ts";
import { checkGradients, type GradientTest, tolerance } from "./finite-difference.case.ts";
import { addLinear, linear } from "./linear.ts";
import { activate, add, attention, dropout, embedding, gather, layerNorm, rmsNorm, rope, scale } from "./ops.ts";
import type { Tape } from "./tape.ts";

const ids = (tape: Tape, ...values: number[]) => tape.integers(Int32Array.from(values));

/** One target per row, each of another weight. */
function targetsOf(tape: Tape, ...targets: number[]) {
  const weights = tape.floats(Float32Array.from(targets, (_, i) => 0.5 + 0.25 * i));
  return { targets: ids(tape, ...targets), weights };
}

/** The tokens that each row chooses among. */
function choicesOf(tape: Tape, ...rows: number[][]) {
  const offsets = [0];
  for (const row of rows) offsets.push(offsets.at(-1)! + row.length);
  return { offsets: ids(tape, ...offsets), ids: ids(tape, ...rows.flat()), total: offsets.at(-1)! };
}

/** Cosines and sines of arbitrary angles for 4 positions of heads of size 4. */
function angles(tape: Tape) {
  return tape.floats(Float32Array.from({ length: 16 }, (_, i) => (i % 4 < 2 ? Math.cos(i) : Math.sin(i - 2))));
}

const heads = { heads: 4, kvHeads: 2, headSize: 2 };

const cases: Record<string, GradientTest> = {
  "embedding with a repeated id": {
    w: { table: [5, 3] },
    build: ({ tape, w }) => embedding(tape, w.get("table"), ids(tape, 4, 0, 4, 2), 4),
  },
  "some of the rows": {
    x: { x: [5, 3] },
    build: ({ tape, x }) => gather(tape, x.x!, ids(tape, 0, 2, 4), 3),
  },
  rmsNorm: {
    x: { x: [5, 7] },
    w: { weight: [7] },
    build: ({ tape, x, w }) => rmsNorm(tape, x.x!, w.get("weight"), 1e-5),
  },
  layerNorm: {
    x: { x: [5, 7] },
    w: { weight: [7], bias: [7] },
    build: ({ tape, x, w }) => layerNorm(tape, x.x!, w.get("weight"), w.get("bias"), 1e-5),
  },
  linear: {
    x: { x: [7, 5] },
    w: { weight: [9, 5] },
    build: ({ tape, x, w }) => linear(tape, x.x!, w.get("weight")),
  },
  "linear with a residual": {
    x: { x: [7, 5], residual: [7, 9] },
    w: { weight: [9, 5] },
    build: ({ tape, x, w }) => linear(tape, x.x!, w.get("weight"), { residual: x.residual }),
  },
  "linear with dropout and a residual": {
    x: { x: [7, 5], residual: [7, 9] },
    w: { weight: [9, 5] },
    build: ({ tape, x, w }) => linear(tape, x.x!, w.get("weight"), { residual: x.residual, dropout: 0.4 }),
  },
  "a residual stream that is also normed": {
    x: { x: [4, 6] },
    w: { weight: [6, 6], norm: [6] },
    build: ({ tape, x, w }) => {
      const normed = rmsNorm(tape, x.x!, w.get("norm"), 1e-5);
      return linear(tape, normed, w.get("weight"), { residual: x.x });
    },
  },
  "low-rank products added to columns": {
    x: { x: [4, 6] },
    w: { base: [10, 6], a: [2, 6], b: [3, 2] },
    build: ({ tape, x, w }) => {
      const y = linear(tape, x.x!, w.get("base"));
      addLinear(tape, y, 5, scale(tape, linear(tape, x.x!, w.get("a")), 2), w.get("b"));
      return y;
    },
  },
  "a weight used twice": {
    x: { x: [4, 6] },
    w: { weight: [6, 6] },
    build: ({ tape, x, w }) => linear(tape, linear(tape, x.x!, w.get("weight")), w.get("weight")),
  },
  "rope on some of the heads": {
    x: { x: [3, 12], y: [3, 12] },
    build: ({ tape, x }) => {
      const table = angles(tape);
      const sum = add(tape, x.x!, x.y!);
      rope(tape, sum, table, ids(tape, 0, 3, 1), 2, 4);
      return sum;
    },
  },
  "attention over two sequences, 4 query and 2 key/value heads": {
    x: { qkv: [7, 16] },
    build: ({ tape, x }) => attention(tape, x.qkv!, { cu: ids(tape, 0, 3, 7), segments: 2 }, heads),
  },
  add: { x: { a: [3, 5], b: [3, 5] }, build: ({ tape, x }) => add(tape, x.a!, x.b!) },
  "add to itself": { x: { a: [3, 5] }, build: ({ tape, x }) => add(tape, x.a!, x.a!) },
  dropout: { x: { x: [6, 5] }, build: ({ tape, x }) => dropout(tape, x.x!, 0.4) },
  scale: { x: { x: [3, 5] }, build: ({ tape, x }) => scale(tape, x.x!, -1.5) },
  "cross-entropy": {
    x: { x: [4, 6] },
    w: { head: [9, 6] },
    build: ({ tape, x, w }) => crossEntropy(tape, x.x!, w.get("head"), targetsOf(tape, 3, 8, 0, 3)),
  },
  "cross-entropy in blocks, with label smoothing": {
    x: { x: [3, 5] },
    w: { head: [11, 5] },
    build: ({ tape, x, w }) => {
      const options = { smoothing: 0.1, block: { rows: 2, width: 4 } };
      return crossEntropy(tape, x.x!, w.get("head"), targetsOf(tape, 3, 10, 0), options);
    },
  },
  "cross-entropy among a few tokens": {
    x: { x: [3, 6] },
    w: { head: [9, 6] },
    build: ({ tape, x, w }) =>
      choiceCrossEntropy(
        tape,
        x.x!,
        w.get("head"),
        targetsOf(tape, 3, 8, 0),
        choicesOf(tape, [3, 5], [1, 8, 0], [2, 0]),
      ),
  },
  "cross-entropy among a few tokens, with label smoothing": {
    x: { x: [2, 5] },
    w: { head: [7, 5] },
    build: ({ tape, x, w }) =>
      choiceCrossEntropy(tape, x.x!, w.get("head"), targetsOf(tape, 6, 2), choicesOf(tape, [6, 5, 0], [2, 6]), 0.2),
  },
};
for (const activation of activations) {
  const awayFromZero = 0.1;
  cases[`activation ${activation}, gated`] = {
    x: { x: [4, 10] },
    awayFromZero,
    build: ({ tape, x }) => activate(tape, x.x!, activation, true),
  };
  cases[`activation ${activation}`] = {
    x: { x: [4, 5] },
    awayFromZero,
    build: ({ tape, x }) => activate(tape, x.x!, activation, false),
  };
}

/** Declares the tests on a backend. */
export function testGradients(name: string, create: () => Promise<Backend>): void {
  describe(`gradients on ${name}: within ${tolerance} of finite differences`, () => {
    let backend: Backend;
    beforeAll(async () => {
      backend = await create();
    });
    afterAll(() => backend.close());
    for (const [title, body] of Object.entries(cases)) test(title, () => checkGradients(backend, body));
  });
}

/** Declares that a backend cannot be tested here; a failure where REQUIRE_DEVICES is set. */
export function skipGradients(name: string, reason: string): void {
  test(`gradients on ${name}: ${reason}`, ({ skip }) => {
    if (process.env.REQUIRE_DEVICES) throw new Error(reason);
    skip(reason);
  });
}
