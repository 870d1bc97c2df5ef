// config.json: the round trip of our own, the words of its errors, and where a spec may come from.
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { HandheldError } from "../errors.ts";
import { countParameters } from "../spec/arithmetic.ts";
import { preset, presetNames } from "../spec/presets.ts";
import { activations, createSpec, type SpecInput } from "../spec/spec.ts";
import { fromHfConfig } from "./families/index.ts";
import { isLlama, toHfConfig } from "./hf-config.ts";
import { loadSpec, parseSpec } from "./spec-file.ts";

const base = { layers: 2, width: 64, ffnWidth: 96, heads: 4, vocabulary: 100 };

describe("config.json", () => {
  const variants: SpecInput[] = [
    ...activations.map((activation) => ({ ...base, activation })),
    { ...base, norm: "layer" },
    { ...base, gated: false },
    { ...base, ropeTable: "int8" },
    { ...base, layerRepeat: 3 },
    { ...base, qkvBias: true, slidingWindow: 7, fullLayers: [1], ropeScaling: { type: "linear", factor: 3 } },
    { ...base, latent: { query: 12, keyValue: 8, valueSize: 10, normEps: 1e-6 }, ropeSize: 6 },
    {
      ...base,
      layerShapes: [
        { heads: 4, kvHeads: 4, ffnWidth: 96 },
        { heads: 2, kvHeads: 1, ffnWidth: 48 },
      ],
    },
    { ...base, tiedEmbeddings: false, kvHeads: 1, headSize: 32, normEps: 1e-5, ropeBase: 5e5, context: 77 },
    ...presetNames.map((name) => preset(name)),
  ];

  it.each(variants)("round-trips %j", (input) => {
    const spec = createSpec(input);
    const json = JSON.parse(JSON.stringify(toHfConfig(spec, { eosTokenId: 2 })));
    expect(json.model_type).toBe(isLlama(spec) ? "llama" : "handheld");
    expect(fromHfConfig(json)).toEqual(spec);
  });

  it("is llama exactly where transformers' Llama computes the same", () => {
    expect(isLlama(createSpec({ ...base, activation: "relu2" }))).toBe(true);
    for (const change of [{ norm: "layer" }, { gated: false }, { ropeTable: "int8" }, { layerRepeat: 2 }] as const) {
      expect(isLlama(createSpec({ ...base, ...change }))).toBe(false);
    }
  });

  const good = toHfConfig(createSpec({ ...base, width: 1024, heads: 16 }));
  const bad: [Record<string, unknown>, string][] = [
    [
      { num_attention_heads: 15, num_key_value_heads: 15, head_dim: null },
      "config.json: num_attention_heads 15 does not divide hidden_size 1024; use 16",
    ],
    [{ num_key_value_heads: 3 }, "config.json: num_key_value_heads 3 does not divide num_attention_heads 16; use 2"],
    [{ hidden_size: "big" }, 'config.json: hidden_size: expected a number, got "big"'],
    [{ num_hidden_layers: -1 }, "config.json: num_hidden_layers: Too small"],
    [{ hidden_act: "sillu" }, 'hidden_act "sillu" is not supported; did you mean "silu"?'],
    [{ model_type: "lama" }, 'model_type "lama" is not supported; did you mean "llama"?'],
    [{ model_type: "constructor" }, 'model_type "constructor" is not supported'],
    [{ rope_scaling: { type: "yarn", factor: 2 } }, 'rope type "yarn" is not supported'],
    [
      { rope_parameters: { rope_type: "llama3" } },
      "config.json: rope_parameters: factor: expected a number, got nothing",
    ],
    [{ rope_scaling: [] }, "config.json: rope_scaling: expected a JSON object"],
    [{ model_type: "mamba" }, 'model_type "mamba": Mamba is a state space model, and this runtime has attention only'],
    [{ model_type: "recurrent_gemma" }, 'model_type "recurrent_gemma": RecurrentGemma mixes recurrent blocks'],
  ];
  it.each(bad)("rejects %j", (change, message) => {
    expect(() => fromHfConfig({ ...good, ...change })).toThrow(message);
    expect(() => fromHfConfig({ ...good, ...change })).toThrow(HandheldError);
  });

  it("reads MobileLLM's own model_type", () => {
    const config = { ...good, model_type: "mobilellm", share_embedding: true, layer_sharing: true };
    expect(fromHfConfig(config)).toMatchObject({ tiedEmbeddings: true, layerRepeat: 2 });
  });

  const folder = new URL("../../../shared/data/configs/", import.meta.url);
  it.skipIf(!existsSync(folder))(
    "reads the published MobileLLM configs, which do not tie (needs ../shared/data)",
    () => {
      for (const size of ["125M", "350M", "600M", "1B", "1.5B"]) {
        const json = JSON.parse(readFileSync(new URL(`mobilellm-${size}.json`, folder), "utf8"));
        const published = preset(`MobileLLM-${size}`);
        expect(fromHfConfig(json)).toEqual({ ...published, tiedEmbeddings: false });
        const difference = countParameters(fromHfConfig(json)).total - countParameters(published).total;
        expect(difference).toBe(32_000 * published.width);
      }
    },
  );
});

describe("loadSpec", () => {
  const folder = mkdtempSync(join(tmpdir(), "handheld-spec-"));
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  it("takes a preset, a spec file, a config.json and a model directory", async () => {
    const spec = createSpec(base);
    expect(await loadSpec("phonelm-0.5b")).toEqual(preset("PhoneLM-0.5B"));
    expect(await loadSpec(write("tiny.json", JSON.stringify(base)))).toEqual(spec);
    expect(await loadSpec(write("config.json", JSON.stringify(toHfConfig(spec))))).toEqual(spec);
    expect(await loadSpec(`${folder}/`)).toEqual(spec);
  });

  it("says what is wrong, and where", async () => {
    await expect(loadSpec("PhoneLM-05B")).rejects.toThrow('did you mean "PhoneLM-0.5B"?');
    await expect(loadSpec("no/such.json")).rejects.toThrow("cannot read no/such.json: no such file or folder");
    const broken = write("broken.json", '{"layers": 2,');
    await expect(loadSpec(broken)).rejects.toThrow(`${broken}: not valid JSON`);
    await expect(loadSpec(write("list.json", "[1]"))).rejects.toThrow("a spec is a JSON object");
    expect(() => parseSpec(null, "x")).toThrow("x: a spec is a JSON object with layers, width, …; got null");
  });
});
