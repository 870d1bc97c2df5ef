// Model directories and GGUF files, read without their weights.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { convertModel } from "../model/convert.ts";
import { saveSafetensors } from "../model/safetensors-file.ts";
import { saveModel } from "../model/save.ts";
import { randomTensors, tinySpec } from "../model/tiny.case.ts";
import { countParameters, modelBytes } from "../spec/arithmetic.ts";
import { trainTokenizer } from "../tokenizer/bpe-trainer.ts";
import { inspectModel } from "./inspect.ts";

const folder = mkdtempSync(join(tmpdir(), "handheld-inspect-"));
const [float, int4] = [join(folder, "float"), join(folder, "int4")];
const place = { memoryBytes: 8e9 };
const tokenizer = trainTokenizer(["wake me up at eight"], { vocabularySize: 270 });
const spec = tinySpec({ vocabulary: tokenizer.size });
const parameters = countParameters(spec).total;

beforeAll(async () => {
  await saveModel(float, { spec, tensors: randomTensors(spec), tokenizer });
  await convertModel(float, int4);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("a model directory", () => {
  it("of floats", async () => {
    expect(await inspectModel(`${float}/`, place)).toMatchObject({
      path: float,
      kind: "directory",
      attention: spec.kvHeads < spec.heads ? "GQA" : "MHA",
      spec,
      parameters,
      stored: { files: 1, bytes: 4 * parameters, elements: parameters, types: { F32: 4 * parameters } },
      int4Bytes: modelBytes(spec, "int4"),
      tokens: Math.min(2048, spec.context),
      fits: true,
      reason: null,
    });
  });

  it("of int4: the stored size is the one that was promised", async () => {
    const { stored, int4Bytes, parameters: counted } = await inspectModel(int4, place);
    expect(counted).toBe(parameters);
    expect(stored!.bytes).toBe(int4Bytes);
    expect(Object.keys(stored!.types).sort()).toEqual(["F32", "U8"]);
  });

  it("in shards, of an architecture that the engine does not know, weights counted from the headers", async () => {
    const dir = join(folder, "shards");
    mkdirSync(dir);
    writeFileSync(join(dir, "config.json"), JSON.stringify({ model_type: "mamba", kv_lora_rank: 8 }));
    const shards = { "a.weight": "model-1.safetensors", "b.weight": "model-2.safetensors" };
    writeFileSync(join(dir, "model.safetensors.index.json"), JSON.stringify({ weight_map: shards }));
    for (const [name, file] of Object.entries(shards)) {
      await saveSafetensors(join(dir, file), [{ name, dtype: "F32", shape: [3, 5], data: new Float32Array(15) }]);
    }
    const model = await inspectModel(dir, place);
    expect(model).toMatchObject({
      family: "mamba",
      attention: "MLA",
      spec: null,
      parameters: 30,
      int4Bytes: null,
      fits: null,
    });
    expect(model.stored).toEqual({ files: 2, bytes: 120, elements: 30, types: { F32: 120 } });
    expect(model.reason).toContain(join(dir, "config.json"));
    writeFileSync(join(dir, "model.safetensors.index.json"), JSON.stringify({ weight_map: { a: "../a.safetensors" } }));
    await expect(inspectModel(dir, place)).rejects.toThrow("weight_map does not name files");
  });

  it("without weights, or damaged", async () => {
    const dir = join(folder, "bare");
    mkdirSync(dir);
    await expect(inspectModel(dir, place)).rejects.toThrow("config.json: no such file");
    writeFileSync(join(dir, "config.json"), readFileSync(join(float, "config.json")));
    expect(await inspectModel(dir, place)).toMatchObject({ stored: null, parameters, spec });
    writeFileSync(join(dir, "model.safetensors"), readFileSync(join(float, "model.safetensors")));
    truncateSync(join(dir, "model.safetensors"), 4 * parameters);
    await expect(inspectModel(dir, place)).rejects.toThrow("truncated");
    await expect(inspectModel(join(folder, "nothing"), place)).rejects.toThrow("no such file or folder");
  });
});

describe("a GGUF file", () => {
  const fixtures = new URL("../../test/parity/fixtures/gguf/", import.meta.url).pathname;
  it.each(readdirSync(fixtures).filter((name) => name.endsWith(".gguf")))("%s", async (name) => {
    const model = await inspectModel(join(fixtures, name), place);
    expect(model).toMatchObject({ kind: "gguf", stored: { files: 1 } });
    expect(Object.values(model.stored!.types).reduce((a, b) => a + b, 0)).toBe(model.stored!.bytes);
    expect(model.spec === null).toBe(model.reason !== null);
    if (model.spec !== null) expect(model.parameters).toBe(model.stored!.elements);
  });

  it("llama.gguf has its architecture in the header", async () => {
    const { spec: read, stored, fits } = await inspectModel(join(fixtures, "llama.gguf"), place);
    expect(read).toMatchObject({ layers: 2, width: 64, heads: 4, kvHeads: 2, vocabulary: 400, activation: "silu" });
    expect(Object.keys(stored!.types)).toContain("Q8_0");
    expect(fits).toBe(true);
  });

  it("is no other file", async () => {
    await expect(inspectModel(join(float, "config.json"), place)).rejects.toThrow("not a GGUF file");
  });
});
