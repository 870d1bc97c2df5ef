// Loss and gradients of whole tiny models against PyTorch's, from fixtures that gradients.py wrote.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Backend } from "../../src/kernels/backend.ts";
import { createBackend, createReferenceBackend } from "../../src/kernels/index.ts";
import { fromHfConfig } from "../../src/model/families/index.ts";
import { createTrainable, type NamedTensor } from "../../src/model/trainable.ts";
import { packBatch } from "../../src/train/batches.ts";
import { Optimizer } from "../../src/train/optimizer.ts";
import { createRecipe } from "../../src/train/recipe.ts";

const tolerance = 1e-4;

interface About {
  config: unknown;
  sequences: [number[], number[]][];
  loss: number;
  smoothing: number;
  /** Losses before each of some AdamW steps on the same batch. */
  losses: number[];
}

/** Reads a fixture: a safetensors file of f32 tensors. */
function readFixture(name: string): { about: About; tensors: NamedTensor[] } {
  const bytes = readFileSync(new URL(`./fixtures/gradients/${name}.safetensors`, import.meta.url));
  const size = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString("utf8", 8, 8 + size)) as Record<
    string,
    { shape: number[]; data_offsets: [number, number] }
  >;
  const { about } = header.__metadata__ as unknown as { about: string };
  const tensors = Object.entries(header)
    .filter(([key]) => key !== "__metadata__")
    .map(([key, { shape, data_offsets }]) => {
      const [begin, end] = data_offsets.map((offset) => 8 + size + offset) as [number, number];
      return { name: key, shape, data: new Float32Array(new Uint8Array(bytes.subarray(begin, end)).buffer) };
    });
  return { about: JSON.parse(about), tensors };
}

function strip(tensors: NamedTensor[], prefix: string): NamedTensor[] {
  const chosen = tensors.filter(({ name }) => name.startsWith(prefix));
  return chosen.map((tensor) => ({ ...tensor, name: tensor.name.slice(prefix.length) }));
}

const fixtures = ["relu-tied", "relu-untied", "silu-tied", "silu-untied-smoothed"];

function create(name: string, backend: Backend) {
  const { about, tensors } = readFixture(name);
  const model = createTrainable(backend, fromHfConfig(about.config), { weights: strip(tensors, "weight/") });
  const examples = about.sequences.map(([ids, w]) => ({ ids: Int32Array.from(ids), weights: Float32Array.from(w) }));
  const batch = packBatch(examples);
  const loss = () => {
    model.parameters.zeroGrads();
    return model.loss(batch, { gradients: true, labelSmoothing: about.smoothing });
  };
  return { about, tensors, model, loss };
}

function compareGradients(name: string, backend: Backend): void {
  const { about, tensors, model, loss: compute } = create(name, backend);
  const loss = compute();
  expect(Math.abs(loss / about.loss - 1)).toBeLessThan(1e-5);
  const { parameters } = model;
  const gradients = strip(tensors, "gradient/");
  expect(gradients.map((tensor) => tensor.name).sort()).toEqual(parameters.shapes.map((p) => p.name).sort());
  for (const gradient of gradients) {
    const got = backend.f32(parameters.get(gradient.name).grad, gradient.data.length);
    const largest = gradient.data.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
    const worst = gradient.data.reduce((max, value, i) => Math.max(max, Math.abs(value - got[i]!)), 0);
    expect(worst / largest, gradient.name).toBeLessThan(tolerance);
  }
  model.close();
}

function compareLosses(name: string, backend: Backend): void {
  const { about, model, loss } = create(name, backend);
  const optimizer = new Optimizer(model.parameters, createRecipe({ weightDecay: 0.1, clipNorm: 1 }));
  about.losses.forEach((expected, i) => {
    expect(Math.abs(loss() / expected - 1), `step ${i + 1}`).toBeLessThan(tolerance);
    optimizer.update(i + 1, 0.01, optimizer.gradNorm());
  });
  model.close();
}

describe(`loss and gradients equal PyTorch's within ${tolerance} of each tensor's largest`, () => {
  test.each(fixtures)("%s, reference", (name) => compareGradients(name, createReferenceBackend()));
  test.each(fixtures)("%s, this machine's backend", async (name) => {
    const backend = await createBackend();
    compareGradients(name, backend);
    await backend.close();
  });
});

describe(`the losses of 12 AdamW steps equal PyTorch's within a factor of 1 ± ${tolerance}`, () => {
  test.each(fixtures)("%s, reference", (name) => compareLosses(name, createReferenceBackend()));
  test.each(fixtures)("%s, this machine's backend", async (name) => {
    const backend = await createBackend();
    compareLosses(name, backend);
    await backend.close();
  });
});
