// Model directories: what was saved loads again, and what is damaged is one line that names the file.
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HandheldError } from "../errors.ts";
import { createReferenceBackend } from "../kernels/index.ts";
import { fromBf16, int4Bytes, toBf16 } from "../quant/index.ts";
import { countParameters } from "../spec/arithmetic.ts";
import type { Spec, SpecInput } from "../spec/spec.ts";
import { trainTokenizer } from "../tokenizer/bpe-trainer.ts";
import { convertModel } from "./convert.ts";
import { Decoder } from "./decoder.ts";
import type { NamedTensor } from "./initialize.ts";
import { loadModel, readFloatTensors } from "./load.ts";
import { saveSafetensors } from "./safetensors-file.ts";
import type { TensorToWrite } from "./safetensors-write.ts";
import { saveModel } from "./save.ts";
import { floatDecoder, randomTensors, relativeError, tinySpec, worst } from "./tiny.case.ts";

const folder = mkdtempSync(join(tmpdir(), "handheld-model-"));
afterAll(() => rmSync(folder, { recursive: true }));
const tokenizer = trainTokenizer(["the cat sat on the mat"], { vocabularySize: 262, roles: { eos: "<|endoftext|>" } });
const prompt = tokenizer.encode("the mat sat");

function logitsOf(decoder: Decoder): Float32Array {
  const session = decoder.createSession({ kv: "f32" });
  session.append(prompt);
  const logits = session.logits().slice();
  session.close();
  return logits;
}

async function save(name: string, changes: Partial<SpecInput> = {}): Promise<[string, Spec, NamedTensor[]]> {
  const spec = tinySpec({ vocabulary: tokenizer.size, ...changes });
  const tensors = randomTensors(spec);
  const dir = join(folder, name);
  await saveModel(dir, { spec, tensors, tokenizer });
  return [dir, spec, tensors];
}

/** The weights of a directory as they would be written, to be changed. */
function asStored(tensors: readonly NamedTensor[]): TensorToWrite[] {
  return tensors.map(({ name, shape, data }) => ({ name, dtype: "F32", shape, data }));
}

describe("a float model", () => {
  const shapes: Record<string, Partial<SpecInput>> = {
    "Llama's shape": {},
    "an untied head": { tiedEmbeddings: false },
    "LayerNorm, no gate, int8 RoPE, repeated blocks": {
      norm: "layer",
      gated: false,
      ropeTable: "int8",
      layerRepeat: 2,
      activation: "relu2",
    },
  };
  it.each(Object.entries(shapes))("loads to the same spec, tokenizer and logits: %s", async (name, changes) => {
    const [dir, spec, tensors] = await save(`float ${name}`, changes);
    const backend = createReferenceBackend();
    const model = await loadModel(backend, dir);
    expect(model).toMatchObject({ dir, spec, format: "f32" });
    expect(model.eosIds).toEqual(new Set([tokenizer.eosId]));
    expect(model.tokenizer.encode("the mat sat")).toEqual(prompt);
    expect(logitsOf(model.decoder)).toEqual(logitsOf(floatDecoder(createReferenceBackend(), spec, tensors)));
    model.close();
    expect(backend.allocatedBytes).toBe(0);
  });

  it("loads from bf16 and beside tensors that it does not need", async () => {
    const [dir, spec, tensors] = await save("bf16");
    const halves = tensors.map(({ data, ...rest }) => ({ ...rest, data: data.map((x) => fromBf16(toBf16(x))) }));
    const stored = halves.map(
      ({ name, shape, data }): TensorToWrite => ({ name, dtype: "BF16", shape, data: Uint16Array.from(data, toBf16) }),
    );
    const extra: TensorToWrite = { name: "lm_head.weight", dtype: "F32", shape: [1], data: Float32Array.of(1) };
    await saveSafetensors(join(dir, "model.safetensors"), [...stored, extra]);
    const model = await loadModel(createReferenceBackend(), dir);
    expect(logitsOf(model.decoder)).toEqual(logitsOf(floatDecoder(createReferenceBackend(), spec, halves)));
  });
});

/** Int4 as the reference of the kernels packs it. */
function packedByKernel(data: Float32Array, rows: number, columns: number): Uint8Array {
  const backend = createReferenceBackend();
  const [from, to] = [backend.alloc(data.byteLength), backend.alloc(int4Bytes(rows, columns))];
  backend.f32(from, data.length).set(data);
  backend.packInt4(to, from, rows, columns, 0);
  return backend.u8(to, int4Bytes(rows, columns));
}

describe("convertModel", () => {
  it("writes an int4 model of the packed weights, a fifth as large or less, and leaves the float model alone", async () => {
    const [dir, spec, tensors] = await save("q-float", { width: 64, ffnWidth: 96 });
    writeFileSync(join(dir, "functions.json"), "[]\n");
    const before = readdirSync(dir).map((name) => [name, readFileSync(join(dir, name))]);
    const to = join(folder, "q-int4");
    const sizes = await convertModel(dir, to);
    expect(readdirSync(dir).map((name) => [name, readFileSync(join(dir, name))])).toEqual(before);
    expect(sizes).toEqual({
      spec,
      fromBytes: statSync(join(dir, "model.safetensors")).size,
      sizeBytes: statSync(join(to, "model.safetensors")).size,
    });
    expect(sizes.sizeBytes * 5).toBeLessThan(sizes.fromBytes);
    expect(readFileSync(join(to, "functions.json"), "utf8")).toBe("[]\n");
    expect(existsSync(join(to, "handheld.json"))).toBe(false);

    const model = await loadModel(createReferenceBackend(), to);
    expect(model).toMatchObject({ spec, format: "int4" });
    const packed = Decoder.create(createReferenceBackend(), spec, "int4", (name, target, [rows, columns]) => {
      const { data } = tensors.find((tensor) => tensor.name === name)!;
      target.set(columns === undefined ? new Uint8Array(data.buffer) : packedByKernel(data, rows!, columns));
    });
    expect(logitsOf(model.decoder)).toEqual(logitsOf(packed));
    expect(
      worst(logitsOf(model.decoder), logitsOf(floatDecoder(createReferenceBackend(), spec, tensors))),
    ).toBeGreaterThan(0.01);
  });

  it("calibrates int4 on a text: other codes, and a smaller error of the logits of that text", async () => {
    // 64 tokens are too few for a table that is the embedding too.
    const [dir, spec, tensors] = await save("q-text", { width: 64, ffnWidth: 96, tiedEmbeddings: false });
    const [alone, fitted] = [join(folder, "q-alone"), join(folder, "q-fitted")];
    await convertModel(dir, alone);
    const text = "the mat sat on the cat. the cat sat. on the mat ".repeat(4);
    const [steps, written]: [number, number][][] = [[], []];
    await convertModel(dir, fitted, {
      calibration: { text, tokens: 64 },
      onCalibration: (...step) => steps!.push(step),
      onProgress: (...step) => written!.push(step),
    });
    expect(steps!.at(-1)![0]).toBe(steps!.at(-1)![1] - 1);
    expect(written!.at(-1)![0]).toBe(countParameters(spec).total);
    expect(written!.at(-1)![1]).toBe(countParameters(spec).total);
    const wanted = logitsOf(floatDecoder(createReferenceBackend(), spec, tensors));
    const errors = [];
    for (const path of [alone, fitted]) {
      const { decoder, format } = await loadModel(createReferenceBackend(), path);
      expect(format).toBe("int4");
      errors.push(relativeError(logitsOf(decoder), wanted));
    }
    expect(errors[1]).toBeLessThan(errors[0]! * 0.9);
    await expect(convertModel(dir, join(folder, "q-none"), { format: "int8", calibration: { text } })).rejects.toThrow(
      "calibration is for int4, not for int8",
    );
  });

  it("refuses a model that is quantised already, and weights that are not finite", async () => {
    await expect(readFloatTensors(join(folder, "q-int4"))).rejects.toMatchObject({
      code: "unsupported",
      message: `${join(folder, "q-int4")}: the weights are quantised; give the float model they were made from`,
    });
    const [dir, spec, tensors] = await save("nan");
    tensors[2]!.data[5] = Number.NaN;
    await saveModel(dir, { spec, tensors, tokenizer });
    const to = join(folder, "nan-int4");
    await expect(convertModel(dir, to)).rejects.toMatchObject({ code: "invalid-data" });
    expect(existsSync(join(to, "config.json"))).toBe(false); // without it, it is no model
    expect(readdirSync(to).filter((name) => /tmp|safetensors/.test(name))).toEqual([]);
  });
});

describe("a damaged directory is a typed error of one line that names the file", () => {
  let [float, int4] = ["", ""];
  let tensors: NamedTensor[] = [];
  beforeAll(async () => {
    [float, , tensors] = await save("whole");
    int4 = join(folder, "whole-int4");
    await convertModel(float, int4);
  });

  type Damage = (dir: string) => unknown;
  const weights = (dir: string) => join(dir, "model.safetensors");
  const cut =
    (share: number): Damage =>
    (dir) =>
      writeFileSync(weights(dir), readFileSync(weights(dir)).subarray(0, share * statSync(weights(dir)).size));
  const rewrite =
    (change: (stored: TensorToWrite[]) => TensorToWrite[]): Damage =>
    (dir) =>
      saveSafetensors(weights(dir), change(asStored(tensors)));
  const config =
    (changes: object): Damage =>
    (dir) => {
      const path = join(dir, "config.json");
      writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), ...changes }));
    };
  const without =
    (name: string): Damage =>
    (dir) =>
      rmSync(join(dir, name));
  const put =
    (name: string, text: string): Damage =>
    (dir) =>
      writeFileSync(join(dir, name), text);

  const norm = "model.layers.1.input_layernorm.weight";
  const cases: [what: string, damage: Damage, code: string, message: RegExp, int4?: true][] = [
    ["weights cut in half", cut(0.5), "invalid-file", /model\.safetensors: .*truncated/],
    ["int4 weights cut in half", cut(0.5), "invalid-file", /model\.safetensors: .*truncated/, true],
    ["weights cut in their header", cut(0.001), "invalid-file", /model\.safetensors: .*truncated/],
    ["empty weights", cut(0), "invalid-file", /model\.safetensors: .*truncated/],
    ["no weights", without("model.safetensors"), "io", /model\.safetensors: no such file/],
    ["no config", without("config.json"), "io", /config\.json: no such file/],
    ["no tokenizer", without("tokenizer.json"), "io", /tokenizer\.json: no such file/],
    ["a config that is not JSON", put("config.json", "{\n  layers"), "invalid-file", /config\.json: not valid JSON/],
    ["a config that is a list", put("config.json", "[]"), "invalid-spec", /config\.json: /],
    ["a config that is null", put("config.json", "null"), "invalid-spec", /config\.json: /],
    ["a tokenizer that is not one", put("tokenizer.json", "{}"), "invalid-file", /tokenizer\.json: /],
    [
      "a missing tensor",
      rewrite((stored) => stored.filter(({ name }) => name !== norm)),
      "invalid-file",
      /model\.safetensors: no tensor "model\.layers\.1\.input_layernorm\.weight"/,
    ],
    [
      "a tensor of another shape",
      rewrite((stored) =>
        stored.map((tensor) =>
          tensor.name === norm ? { ...tensor, shape: [16], data: new Float32Array(16) } : tensor,
        ),
      ),
      "invalid-file",
      /model\.layers\.1\.input_layernorm\.weight has shape \[16\], config\.json asks for \[32\]/,
    ],
    [
      "a tensor of integers",
      rewrite((stored) =>
        stored.map((tensor) => (tensor.name === norm ? { ...tensor, dtype: "I32", data: new Int32Array(32) } : tensor)),
      ),
      "invalid-file",
      /model\.layers\.1\.input_layernorm\.weight: has type I32, a float type was expected/,
    ],
    ["a wider config", config({ intermediate_size: 64 }), "invalid-file", /config\.json asks for \[64,32\]/],
    [
      "int4 weights of a wider config",
      config({ intermediate_size: 64 }),
      "invalid-file",
      /has shape \[864\], config\.json asks for \[1152\]/,
      true,
    ],
    ["int4 weights without their config", config({ quantization_config: null }), "invalid-file", /has shape/, true],
    [
      "a tokenizer with more tokens than the model",
      (dir) => saveTokenizerOf(dir, ["aa bb cc aa bb cc dd dd ee ee".repeat(3)], 280),
      "invalid-file",
      /: the tokenizer has 2\d\d tokens, config\.json vocab_size \d+; they belong to different models$/,
    ],
    [
      "heads that do not divide the width",
      config({ num_attention_heads: 3, num_key_value_heads: 3, head_dim: null }),
      "invalid-spec",
      /config\.json: num_attention_heads 3 does not divide hidden_size 32; use /,
    ],
    [
      "key/value heads that do not divide the heads",
      config({ num_key_value_heads: 3 }),
      "invalid-spec",
      /config\.json: num_key_value_heads 3 does not divide num_attention_heads 4; use /,
    ],
    [
      "another quantisation",
      config({ quantization_config: { quant_method: "gptq", bits: 4 } }),
      "unsupported",
      /config\.json: quantization_config \(gptq, 4 bits\) is not supported; use the float model$/,
    ],
  ];

  it.each(cases)("%s", async (what, damage, code, message, quantised) => {
    const dir = join(folder, `damaged ${what.replaceAll("/", "")}`);
    cpSync(quantised ? int4 : float, dir, { recursive: true });
    await damage(dir);
    const backend = createReferenceBackend();
    const error = (await loadModel(backend, dir).then(
      () => new Error("it loaded"),
      (cause: unknown) => cause,
    )) as HandheldError;
    expect(error.message).toMatch(message);
    expect(error).toBeInstanceOf(HandheldError);
    expect(error.code).toBe(code);
    expect(error.message).toContain(dir);
    expect(error.message).not.toContain("\n");
    expect(backend.allocatedBytes).toBe(0);
  });
});

async function saveTokenizerOf(dir: string, texts: string[], vocabularySize: number): Promise<void> {
  const larger = trainTokenizer(texts, { vocabularySize });
  expect(larger.size).toBeGreaterThan(tokenizer.size);
  writeFileSync(join(dir, "tokenizer.json"), JSON.stringify(larger.json));
}
