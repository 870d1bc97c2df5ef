// Int8 models: a directory's codes and scales become the products that they stand for, in any order and form of scales.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { createBackend, createReferenceBackend, type Ptr } from "../kernels/index.ts";
import { int8Bytes, packInt8, toBf16, unpackInt8 } from "../quant/index.ts";
import { trainTokenizer } from "../tokenizer/bpe-trainer.ts";
import { convertModel } from "./convert.ts";
import type { Decoder } from "./decoder.ts";
import { Int8Matrix, int8Tensors, scaleName } from "./int8-tensors.ts";
import { loadModel } from "./load.ts";
import { type IncomingTensor, saveSafetensors } from "./safetensors-file.ts";
import type { TensorToWrite } from "./safetensors-write.ts";
import { saveModel } from "./save.ts";
import { floatDecoder, randomTensors, relativeError, tinySpec } from "./tiny.case.ts";

const folder = mkdtempSync(join(tmpdir(), "handheld-int8-"));
afterAll(() => rmSync(folder, { recursive: true }));
const tokenizer = trainTokenizer(["the cat sat on the mat"], { vocabularySize: 262, roles: { eos: "<|endoftext|>" } });
const prompt = tokenizer.encode("the mat sat on the cat");
const spec = tinySpec({ vocabulary: tokenizer.size, width: 40, ffnWidth: 52, heads: 5, kvHeads: 1, headSize: 6 });
const tensors = randomTensors(spec);
const rounded = tensors.map((tensor) => {
  const [rows, columns] = tensor.shape as [number, number];
  return columns === undefined ? tensor : { ...tensor, data: unpackInt8(packInt8(tensor.data, rows, columns)) };
});

function logitsOf(decoder: Decoder): Float32Array {
  const session = decoder.createSession({ kv: "f32" });
  session.append(prompt);
  const logits = session.logits().slice();
  session.close();
  return logits;
}

async function saved(name: string): Promise<string> {
  const float = join(folder, `${name}-float`);
  await saveModel(float, { spec, tensors, tokenizer });
  const to = join(folder, name);
  const { fromBytes, sizeBytes } = await convertModel(float, to, { format: "int8" });
  expect(sizeBytes).toBeLessThan(0.45 * fromBytes);
  return to;
}

describe("an int8 model", () => {
  it.each(["the reference", "the kernels"])(
    "has the logits of the weights it stands for within 2 %%, on %s",
    async (on) => {
      const dir = await saved(`whole ${on}`);
      const backend = on === "the reference" ? createReferenceBackend() : await createBackend({ threads: 1 });
      const model = await loadModel(backend, dir);
      expect(model).toMatchObject({ spec, format: "int8" });
      const reference = createReferenceBackend();
      const logits = logitsOf(model.decoder);
      expect(relativeError(logits, logitsOf(floatDecoder(reference, spec, rounded)))).toBeLessThan(0.02);
      expect(relativeError(logits, logitsOf(floatDecoder(reference, spec, tensors)))).toBeLessThan(0.03);
      model.close();
      expect(backend.allocatedBytes).toBe(0);
      await backend.close();
    },
  );

  it("loads from scales [rows, 1] of bf16", async () => {
    const dir = await saved("bf16");
    const stored = tensors.flatMap(({ name, shape, data }): TensorToWrite[] => {
      if (shape.length === 1) return [{ name, dtype: "F32", shape, data }];
      const [codes, scales] = int8Tensors(name, shape, data) as [TensorToWrite, TensorToWrite];
      const halves = Uint16Array.from(scales.data as Float32Array, toBf16);
      return [codes, { ...scales, dtype: "BF16", shape: [shape[0]!, 1], data: halves }];
    });
    await saveSafetensors(join(dir, "model.safetensors"), stored);
    const model = await loadModel(createReferenceBackend(), dir);
    const wanted = logitsOf(floatDecoder(createReferenceBackend(), spec, tensors));
    expect(relativeError(logitsOf(model.decoder), wanted)).toBeLessThan(0.03);
  });

  it("is the same whether a file has its codes or its scales first", async () => {
    const backend = createReferenceBackend();
    const [rows, columns] = [19, 40];
    const weights = Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(i));
    const [codes, scales] = int8Tensors("w", [rows, columns], weights).map(incoming) as [
      IncomingTensor,
      IncomingTensor,
    ];
    const [first, last, wanted] = [0, 0, 0].map(() => backend.alloc(int8Bytes(rows, columns))) as [Ptr, Ptr, Ptr];
    const codesFirst = new Int8Matrix(backend, first, [rows, columns]);
    await codesFirst.readCodes(codes, "");
    await codesFirst.readScales(scales, "");
    const scalesFirst = new Int8Matrix(backend, last, [rows, columns]);
    await scalesFirst.readScales(scales, "");
    await scalesFirst.readCodes(codes, "");
    const from = backend.alloc(weights.byteLength);
    backend.f32(from, weights.length).set(weights);
    backend.packInt8(wanted, from, rows, columns, 0);
    for (const ptr of [first, last]) {
      expect([...backend.u8(ptr, int8Bytes(rows, columns))]).toEqual([...backend.u8(wanted, int8Bytes(rows, columns))]);
    }
  });

  it("names the tensor where codes or scales are missing or of another form", async () => {
    const dir = await saved("damaged");
    const stored = tensors.flatMap(({ name, shape, data }): TensorToWrite[] =>
      shape.length === 1 ? [{ name, dtype: "F32", shape, data }] : int8Tensors(name, shape, data),
    );
    const name = "model.layers.0.mlp.up_proj.weight";
    const load = async (change: (tensor: TensorToWrite) => TensorToWrite[]) => {
      await saveSafetensors(join(dir, "model.safetensors"), stored.flatMap(change));
      return loadModel(createReferenceBackend(), dir);
    };
    const replaced = (which: string, by: Partial<TensorToWrite>) => (tensor: TensorToWrite) =>
      tensor.name === which ? [{ ...tensor, ...by }] : [tensor];
    await expect(load((tensor) => (tensor.name === scaleName(name) ? [] : [tensor]))).rejects.toMatchObject({
      code: "invalid-file",
      message: expect.stringContaining(`no tensor "${scaleName(name)}"`),
    });
    const scales = new Float32Array(52).fill(0.01);
    scales[7] = Number.NaN;
    await expect(load(replaced(scaleName(name), { data: scales }))).rejects.toThrow("the scale of row 7 is NaN");
    const short = { shape: [40], data: new Float32Array(40) };
    await expect(load(replaced(scaleName(name), short))).rejects.toThrow("a scale for each of 52 rows was expected");
    const bytes = { dtype: "U8", data: new Uint8Array(52 * 40) } as const;
    await expect(load(replaced(name, bytes))).rejects.toThrow("is U8 [52,40], not I8 [52,40]");
  });
});

/** A tensor as a file would deliver it. */
function incoming({ name, dtype, shape, data }: TensorToWrite): IncomingTensor {
  const view = data as Int8Array | Float32Array;
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  return {
    name,
    dtype,
    shape,
    sizeBytes: bytes.byteLength,
    readBytes: async (target) => target.set(bytes),
    readFloats: async (target) => target.set(view),
  };
}
