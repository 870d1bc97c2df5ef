// What the parity test against PyTorch does not cover: variants beyond Llama, adapters, memory.
import { describe, expect, test } from "vitest";
import { createReferenceBackend } from "../kernels/index.ts";
import { createRandom } from "../random.ts";
import { createSpec, type SpecInput } from "../spec/spec.ts";
import type { NamedTensor } from "./initialize.ts";
import { createTrainable, type TrainableModel, type TrainableOptions } from "./trainable.ts";

const shape: SpecInput = { layers: 2, width: 8, ffnWidth: 12, heads: 2, kvHeads: 1, vocabulary: 13, context: 8 };

const batch = {
  ids: Int32Array.of(3, 1, 12, 0, 7, 7, 2),
  positions: Int32Array.of(0, 1, 2, 3, 0, 1, 2),
  cu: Int32Array.of(0, 4, 7),
  rows: Int32Array.of(1, 3, 4, 6),
  targets: Int32Array.of(5, 12, 0, 3),
  weights: Float32Array.of(1, 0.5, 1, 2),
};

function create(spec: Partial<SpecInput>, options: TrainableOptions = {}): TrainableModel {
  const model = createTrainable(createReferenceBackend(), createSpec({ ...shape, ...spec }), options);
  const { parameters, backend } = model;
  const random = createRandom(9);
  const values = backend.f32(parameters.values, parameters.size);
  for (let i = 0; i < values.length; i++) values[i]! += 0.3 * random.normal();
  return model;
}

/** Derivative of the loss along the gradient's sign, by the tape and by four-point differences. */
function slopes(model: TrainableModel, dropout: number): [analytic: number, numeric: number] {
  const { parameters, backend } = model;
  const { size, values, grads } = parameters;
  parameters.zeroGrads();
  model.loss(batch, { gradients: true, dropout, seed: 3 });
  const gradient = backend.f32(grads, size).slice();
  const direction = gradient.map(Math.sign);
  const at = (delta: number) => {
    const move = (factor: number) => {
      const view = backend.f32(values, size);
      for (let i = 0; i < size; i++) view[i]! += factor * delta * direction[i]!;
    };
    move(1);
    const loss = model.loss(batch, { dropout, seed: 3 });
    move(-1);
    return loss;
  };
  const h = 5e-4;
  const numeric = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
  return [gradient.reduce((sum, value) => sum + Math.abs(value), 0), numeric];
}

describe("gradients are within 0.5 % of finite differences along their own direction", () => {
  const lora = { rank: 2, alpha: 4 };
  const variants: Record<string, [Partial<SpecInput>, TrainableOptions, number]> = {
    "LayerNorm, ungated": [{ norm: "layer", gated: false, activation: "gelu" }, {}, 0],
    "blocks that run three times": [{ layerRepeat: 3, activation: "silu" }, {}, 0],
    "int8 RoPE tables": [{ ropeTable: "int8", activation: "silu" }, {}, 0],
    dropout: [{ activation: "silu" }, {}, 0.3],
    adapters: [{ activation: "silu" }, { lora }, 0],
    "adapters on blocks that run twice, with dropout": [{ activation: "gelu_tanh", layerRepeat: 2 }, { lora }, 0.2],
  };
  for (const [name, [spec, options, dropout]] of Object.entries(variants)) {
    test(name, () => {
      const [analytic, numeric] = slopes(create(spec, options), dropout);
      expect(Math.abs(numeric)).toBeGreaterThan(0.1);
      expect(Math.abs(analytic / numeric - 1)).toBeLessThan(5e-3);
    });
  }
});

test("new adapters change nothing, trained ones are merged into the tensors", () => {
  const plain = createTrainable(createReferenceBackend(), createSpec(shape));
  const adapted = createTrainable(createReferenceBackend(), createSpec(shape), { lora: { rank: 2, alpha: 4 } });
  expect(adapted.loss(batch)).toBe(plain.loss(batch));
  const { parameters, backend } = adapted;
  const random = createRandom(4);
  const values = backend.f32(parameters.values, parameters.size);
  for (let i = 0; i < values.length; i++) values[i] = 0.1 * random.normal();
  const merged = createTrainable(createReferenceBackend(), createSpec(shape), { weights: adapted.tensors() });
  expect(adapted.loss(batch)).not.toBeCloseTo(plain.loss(batch), 3);
  expect(merged.loss(batch)).toBeCloseTo(adapted.loss(batch), 5);
});

/** The model's weights, its matrices rounded as `quantized` rounds them. */
function rounded(model: TrainableModel): NamedTensor[] {
  const { backend } = model;
  return model.tensors().map((tensor) => {
    const { shape, data } = tensor;
    if (shape.length === 1) return tensor;
    const ptr = backend.alloc(data.byteLength);
    backend.f32(ptr, data.length).set(data);
    backend.fakeQuantizeInt4(ptr, ptr, shape[0]!, shape[1]!);
    return { ...tensor, data: backend.f32(ptr, data.length).slice() };
  });
}

describe("quantised", () => {
  const gradient = ({ parameters, backend }: TrainableModel) => backend.f32(parameters.grads, parameters.size).slice();
  const options = { gradients: true, dropout: 0.2, seed: 5 };

  test.each([true, false])(
    "loss and gradients are those of the rounded weights, which stay (tied head: %s)",
    (tied) => {
      const model = create({ tiedEmbeddings: tied, width: 40, ffnWidth: 36 });
      const twin = createTrainable(createReferenceBackend(), model.spec, { weights: rounded(model) });
      const before = model.tensors();
      const float = model.loss(batch);
      expect(model.loss(batch, { ...options, quantized: true })).toBe(twin.loss(batch, options));
      expect(gradient(model)).toEqual(gradient(twin));
      expect(model.tensors()).toEqual(before);
      expect(model.loss(batch)).toBe(float);
      expect(twin.loss(batch)).not.toBe(float);
    },
  );

  test("has no effect with adapters", () => {
    const model = create({}, { lora: { rank: 2, alpha: 4 } });
    expect(model.loss(batch, { quantized: true })).toBe(model.loss(batch));
  });
});

test("an untrained model's loss is that of a uniform guess within 5 %, and the scale multiplies it", () => {
  const model = createTrainable(createReferenceBackend(), createSpec(shape));
  expect(Math.abs(model.loss(batch) / (4.5 * Math.log(13)) - 1)).toBeLessThan(0.05);
  expect(model.loss(batch, { scale: 0.5 })).toBeCloseTo(model.loss(batch) / 2, 5);
});

test("memory does not grow after the first step, and close returns all of it", () => {
  const backend = createReferenceBackend();
  const model = createTrainable(backend, createSpec(shape));
  model.loss(batch, { gradients: true });
  model.loss(batch, { gradients: true });
  const before = backend.allocatedBytes;
  for (let i = 0; i < 3; i++) model.loss(batch, { gradients: true, dropout: 0.1 });
  expect(backend.allocatedBytes).toBe(before);
  model.close();
  expect(backend.allocatedBytes).toBe(0);
});

test("ids and positions that would read outside the tables are refused", () => {
  const model = createTrainable(createReferenceBackend(), createSpec(shape));
  expect(() => model.loss({ ...batch, ids: batch.ids.map(() => 13) })).toThrow(/token id 13 is outside the vocabulary/);
  expect(() => model.loss({ ...batch, positions: batch.ids.map(() => 8) })).toThrow(
    /position 8 is outside the context/,
  );
});

test("weights of another shape are refused by name", () => {
  const backend = createReferenceBackend();
  const weights = createTrainable(backend, createSpec(shape)).tensors();
  const before = backend.allocatedBytes;
  const other = createSpec({ ...shape, ffnWidth: 16 });
  expect(() => createTrainable(backend, other, { weights })).toThrow(
    /mlp.gate_proj.weight" has shape \[12,8\], the spec wants/,
  );
  expect(() => createTrainable(backend, createSpec({ ...shape, layers: 3 }), { weights })).toThrow(
    /no tensor "model.layers.2/,
  );
  expect(backend.allocatedBytes).toBe(before);
});

test("the depth scales the projections into the residual stream", () => {
  const model = createTrainable(createReferenceBackend(), createSpec({ ...shape, width: 64, ffnWidth: 64, layers: 8 }));
  const deviation = (name: string) => {
    const values = model.parameters.view(name);
    return Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length);
  };
  expect(deviation("model.layers.0.self_attn.q_proj.weight")).toBeCloseTo(0.02, 3);
  expect(deviation("model.layers.7.mlp.down_proj.weight")).toBeCloseTo(0.005, 3);
});

test.each<[Partial<SpecInput>, string]>([
  [{ qkvBias: true }, "qkvBias true"],
  [{ ropeSize: 2 }, "ropeSize 2"],
  [{ slidingWindow: 8 }, "slidingWindow 8"],
  [{ normPlacement: "output" }, 'normPlacement "output"'],
])("what only runs here is refused by name: %j", (change, message) => {
  const make = () => createTrainable(createReferenceBackend(), createSpec({ ...shape, ...change }));
  expect(make).toThrow(`an architecture with ${message} runs here, but is not trained`);
});
