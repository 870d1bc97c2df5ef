// What must not depend on the machine: the integer arithmetic of the kernels bit for bit, the tokens of a greedy int4
// model, and a training step within rounding. Computed here on any backend; machines.ts stores it, machines.test.ts
// compares.
import { createHash } from "node:crypto";
import type { Backend, Ptr } from "../../src/kernels/backend.ts";
import { packValues } from "../../src/kernels/contract/packed.case.ts";
import { Decoder } from "../../src/model/decoder.ts";
import { randomIds, randomTensors, tinySpec } from "../../src/model/tiny.case.ts";
import { createTrainable } from "../../src/model/trainable.ts";
import { packInt4 } from "../../src/quant/int4.ts";
import { createRandom } from "../../src/random.ts";
import { Optimizer } from "../../src/train/optimizer.ts";
import { createRecipe } from "../../src/train/recipe.ts";

/** 1 as a bf16. */
const one = 0x3f80;

/** Runs `operation` with the address of `inputs` in turn, then of `outBytes` of zeros, which it returns. */
function compute(
  backend: Backend,
  inputs: (Float32Array | Int32Array | Uint8Array)[],
  outBytes: number,
  operation: (out: Ptr, ...inputs: Ptr[]) => void,
): Uint8Array {
  const slots = inputs.map((input) => {
    const ptr = backend.alloc(input.byteLength);
    backend.u8(ptr, input.byteLength).set(new Uint8Array(input.buffer, input.byteOffset, input.byteLength));
    return ptr;
  });
  const out = backend.alloc(outBytes);
  operation(out, ...slots);
  const bytes = backend.u8(out, outBytes).slice();
  for (const ptr of [...slots, out]) backend.free(ptr);
  return bytes;
}

/** out [N,M] = x [N,K] times a packed matrix, bytes of f32: whole numbers where scales are 1, below 2²⁴, so exact. */
function multiply(backend: Backend, x: Float32Array, weights: Uint8Array, M: number, K: number): Uint8Array {
  const N = x.length / K;
  const codes = backend.alloc(backend.activationBytes(N, K));
  const bytes = compute(backend, [x, weights], 4 * N * M, (out, from, w) => {
    backend.quantizeRows(codes, from, N, K);
    backend.matmulInt4(out, codes, w, N, M, K, M, false);
  });
  backend.free(codes);
  return bytes;
}

/** Floats uniform in ±scale. */
function noise(n: number, label: string, scale = 1): Float32Array {
  const random = createRandom(1, label);
  return Float32Array.from({ length: n }, () => (random.float() * 2 - 1) * scale);
}

/** Rows [N,K] of whole and half numbers in −127 … 127, the first of each row 127: codes are the numbers, rounded. */
function halves(N: number, K: number): Float32Array {
  const random = createRandom(2, "halves", N);
  return Float32Array.from({ length: N * K }, (_, i) => (i % K === 0 ? 127 : random.below(509) / 2 - 127));
}

/** A packed matrix with every scale 1. */
function integers(M: number, K: number, code: (row: number, k: number) => number): Uint8Array {
  return packValues(M, K, { code, scale: () => one });
}

const [M, K] = [75, 1100];

/** Each case's result as bytes. Prefill has two tiles of six tokens and one over; decode has panels by fours and over. */
const cases: Record<string, (backend: Backend) => Uint8Array> = {
  // Times the identity: the codes, times their row's scale.
  "codes of activations": (backend) => {
    const identity = integers(100, 100, (row, k) => (row === k ? 9 : 8));
    const rows = [...halves(6, 100), ...noise(700, "activations", 3)];
    return multiply(backend, Float32Array.from(rows), identity, 100, 100);
  },
  // The largest sums that a block can have: ±127 times 0 or 15, and all of one sign in the first row.
  "extreme products, prefill": (backend) => multiply(backend, extremes(13), extremeWeights(), M, K),
  "extreme products, decode": (backend) => multiply(backend, extremes(1), extremeWeights(), M, K),
  "products, prefill": (backend) => multiply(backend, halves(13, K), anyWeights(), M, K),
  "products, decode": (backend) => multiply(backend, halves(1, K), anyWeights(), M, K),
  "rows of a packed table": (backend) =>
    compute(backend, [anyWeights(), Int32Array.of(0, 74, 8, 8)], 16 * K, (out, table, ids) =>
      backend.gatherInt4(out, table, ids, 4, K),
    ),
  // 3 heads of 10: codes and scales of tokens 1 to 9 of a page.
  "codes of keys and values": (backend) => {
    const values = backend.kvBytes(3, 10, "int8");
    const inputs = [noise(270, "keys", 2), noise(270, "values", 2), new Int32Array(1)];
    return compute(backend, inputs, 2 * values, (out, k, v, pages) => {
      backend.i32(pages!, 1)[0] = out;
      backend.kvAppend({ pages: pages!, keys: 0, values, format: "int8" }, k!, v!, 9, 1, 3, 10, 30);
    });
  },
  "weights rounded in training": (backend) =>
    compute(backend, [noise(9 * 100, "weights", 0.1)], 3600, (out, w) => backend.fakeQuantizeInt4(out, w, 9, 100)),
  "rows that dropout keeps": (backend) =>
    compute(backend, [new Float32Array(1000).fill(1)], 4000, (out, x) => backend.dropout(out, x, 1000, 0.5, 7)),
};

function extremes(N: number): Float32Array {
  const random = createRandom(3, "extremes", N);
  return Float32Array.from({ length: N * K }, (_, i) => (i < K || random.below(2) ? 127 : -127));
}

function extremeWeights(): Uint8Array {
  const random = createRandom(4);
  return integers(M, K, (row) => (row === 0 || (row > 1 && random.below(2)) ? 15 : 0));
}

function anyWeights(): Uint8Array {
  const random = createRandom(5);
  return integers(M, K, () => random.below(16));
}

/** SHA-256 of each case's bytes. */
export function integerDigests(backend: Backend): Record<string, string> {
  const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
  return Object.fromEntries(Object.entries(cases).map(([name, run]) => [name, digest(run(backend))]));
}

/** A greedy continuation, and by how much of the logits' range the second best token was behind at the closest choice. */
export interface Continuation {
  tokens: number[];
  margin: number;
}

/** Prompt of 20 tokens and 40 greedy ones of an int4 model, with an int8 KV cache. Seed 96: varied, and no close choice. */
export function greedyTokens(backend: Backend): Continuation {
  const spec = tinySpec({ width: 64, ffnWidth: 96, vocabulary: 301, context: 64 });
  const tensors = new Map(randomTensors(spec, 96).map((tensor) => [tensor.name, tensor]));
  const decoder = Decoder.create(backend, spec, "int4", (name, target) => {
    const { shape, data } = tensors.get(name)!;
    target.set(shape.length === 2 ? packInt4(data, shape[0]!, shape[1]!) : new Uint8Array(data.buffer));
  });
  const session = decoder.createSession();
  let next: ArrayLike<number> = randomIds(spec, 20);
  const tokens: number[] = [];
  let margin = Number.POSITIVE_INFINITY;
  while (tokens.length < 40) {
    session.append(next);
    const logits = session.logits();
    const order = [...logits.keys()].sort((a, b) => logits[b]! - logits[a]!);
    const [best, second, least] = [order[0]!, order[1]!, order.at(-1)!];
    margin = Math.min(margin, (logits[best]! - logits[second]!) / (logits[best]! - logits[least]!));
    tokens.push(best);
    next = [best];
  }
  session.close();
  decoder.close();
  return { tokens, margin };
}

/** One training step. */
export interface TrainingStep {
  loss: number;
  /** Of each parameter tensor. */
  gradients: Record<string, Float32Array>;
  /** After an update by AdamW. */
  lossAfter: number;
  /** Of the same weights rounded to int4, as quantisation-aware training has it. */
  quantizedLoss: number;
}

/** One step of a tiny model on a batch of two sequences. */
export function trainingStep(backend: Backend): TrainingStep {
  const spec = tinySpec({ width: 16, ffnWidth: 24, heads: 2, kvHeads: 1, vocabulary: 29 });
  const model = createTrainable(backend, spec, { weights: randomTensors(spec, 6) });
  const { parameters } = model;
  const ids = randomIds(spec, 20);
  const batch = {
    ids,
    positions: ids.map((_, i) => (i < 12 ? i : i - 12)),
    cu: Int32Array.of(0, 12, 20),
    rows: ids.map((_, i) => i),
    targets: randomIds(spec, 20, 2),
    weights: new Float32Array(20).fill(1 / 20),
  };
  const optimizer = new Optimizer(parameters, createRecipe({ weightDecay: 0.1, clipNorm: 1 }));
  parameters.zeroGrads();
  const loss = model.loss(batch, { gradients: true });
  const gradients: TrainingStep["gradients"] = {};
  for (const { name, shape } of parameters.shapes) {
    const size = shape.reduce((a, b) => a * b, 1);
    gradients[name] = backend.f32(parameters.get(name).grad, size).slice();
  }
  optimizer.update(1, 0.01, optimizer.gradNorm());
  const lossAfter = model.loss(batch);
  const quantizedLoss = model.loss(batch, { quantized: true });
  model.close();
  return { loss, gradients, lossAfter, quantizedLoss };
}
