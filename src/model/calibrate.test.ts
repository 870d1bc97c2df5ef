// Calibrated int4: every matrix is packed once, and the model's outputs lose less than by rounding each weight alone.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Backend, createBackend } from "../kernels/index.ts";
import { packInt4, unpackInt4 } from "../quant/int4.ts";
import type { SpecInput } from "../spec/spec.ts";
import { calibrateInt4 } from "./calibrate.ts";
import type { Decoder } from "./decoder.ts";
import type { NamedTensor } from "./initialize.ts";
import { embeddingName } from "./layout.ts";
import { floatDecoder, randomIds, randomTensors, relativeError, tinySpec } from "./tiny.case.ts";

let backend: Backend;
beforeAll(async () => {
  backend = await createBackend({ threads: 1 });
});
afterAll(() => backend.close());

const shapes: Record<string, Partial<SpecInput>> = {
  "tied embeddings": {},
  "an untied head": { tiedEmbeddings: false },
  "LayerNorm, no gate, repeated blocks": { norm: "layer", gated: false, layerRepeat: 2, activation: "relu" },
  "rows that are no multiple of 8": { heads: 3, kvHeads: 1, headSize: 10, ffnWidth: 52 },
};

function logitsOf(decoder: Decoder, ids: Int32Array): Float32Array {
  const session = decoder.createSession({ kv: "f32" });
  session.append(ids);
  const logits = session.logits().slice();
  session.close();
  return logits;
}

describe("calibrateInt4", () => {
  it.each(Object.entries(shapes))("packs every matrix, for a smaller error than alone: %s", async (_, changes) => {
    const spec = tinySpec({ width: 64, ffnWidth: 96, ...changes });
    const tensors = randomTensors(spec);
    const texts = Array.from({ length: 24 }, (__, i) => randomIds(spec, 32, i));
    const decoder = floatDecoder(backend, spec, tensors, 20); // sequences take two chunks each
    const progress: [done: number, total: number][] = [];
    const packed = await calibrateInt4(decoder, texts, { onProgress: (...step) => progress.push(step) });
    const steps = 2 * (2 * 48 + 4) + 48 + 1;
    expect(progress).toEqual(Array.from({ length: steps }, (__, i) => [i, steps]));
    const matrices = tensors.filter(({ shape }) => shape.length === 2).map(({ name }) => name);
    const looked = spec.tiedEmbeddings ? [] : [embeddingName];
    expect([...packed.keys(), ...looked].sort()).toEqual(matrices.sort());

    const rounded = (pack: (tensor: NamedTensor) => Uint8Array) =>
      tensors.map((tensor) => {
        const [rows, columns] = tensor.shape as [number, number];
        return columns === undefined ? tensor : { ...tensor, data: unpackInt4(pack(tensor), rows, columns) };
      });
    const alone = (tensor: NamedTensor) => packInt4(tensor.data, tensor.shape[0]!, tensor.shape[1]!);
    const calibrated = rounded((tensor) => packed.get(tensor.name) ?? alone(tensor));
    for (const { name, ptr } of decoder.weights.places) {
      const wanted = calibrated.find((tensor) => tensor.name === name)!.data;
      if (packed.has(name)) expect(backend.f32(ptr, wanted.length)).toEqual(wanted);
    }
    decoder.close();

    const errorOf = (some: NamedTensor[]) => {
      const [exact, changed] = [floatDecoder(backend, spec, tensors), floatDecoder(backend, spec, some)];
      const errors = texts.map((ids) => relativeError(logitsOf(changed, ids), logitsOf(exact, ids)));
      for (const each of [exact, changed]) each.close();
      return errors.reduce((sum, error) => sum + error ** 2, 0);
    };
    expect(errorOf(calibrated)).toBeLessThan(0.9 * errorOf(rounded(alone)));
    expect(backend.allocatedBytes).toBe(0);
  });

  it("stops when it is told to, and refuses no text and unknown tokens; nothing stays reserved", async () => {
    const spec = tinySpec();
    const decoder = floatDecoder(backend, spec, randomTensors(spec));
    const before = backend.allocatedBytes;
    const signal = AbortSignal.abort();
    await expect(calibrateInt4(decoder, [[1, 2]], { signal })).rejects.toThrow("stopped calibrating");
    await expect(calibrateInt4(decoder, [])).rejects.toThrow("needs text of at least one token");
    await expect(calibrateInt4(decoder, [[1, 99]])).rejects.toThrow("token id 99");
    expect(backend.allocatedBytes).toBe(before);
    decoder.close();
  });
});
