// Validation messages and presets.
import { describe, expect, it } from "vitest";
import { HandheldError } from "../errors.ts";
import { findPresetName, preset, presetNames } from "./presets.ts";
import { createSpec, type SpecInput } from "./spec.ts";

const base = { layers: 2, width: 64, ffnWidth: 96, heads: 4, vocabulary: 100 };

describe("createSpec", () => {
  it("fills in defaults, also where a field is undefined", () => {
    const spec = createSpec({ ...base, kvHeads: undefined } as unknown as SpecInput);
    expect(spec).toMatchObject({ kvHeads: 4, headSize: 16, activation: "relu", tiedEmbeddings: true, context: 2048 });
  });

  it.each<[string, Record<string, unknown>, string]>([
    ["heads", { heads: 15, width: 1024 }, "spec: heads 15 does not divide width 1024; use 16, or give headSize"],
    ["kvHeads", { kvHeads: 3 }, "spec: kvHeads 3 does not divide heads 4; use 2"],
    ["headSize", { headSize: 7 }, "spec: headSize 7 is odd and RoPE needs an even one; use 8"],
    ["layers", { layers: 0 }, "spec: layers: Too small: expected number to be >0 (got 0)"],
    ["width", { width: "64" }, 'spec: width: Invalid input: expected number, received string (got "64")'],
    ["vocabulary", { vocabulary: undefined }, "spec: vocabulary: Invalid input: expected number"],
    ["activation", { activation: "swish" }, "spec: activation: Invalid option"],
    ["layer_repeat", { layer_repeat: 2 }, 'spec: unknown field "layer_repeat"; did you mean "layerRepeat"?'],
    ["normEps", { normEps: Number.NaN }, "spec: normEps: Invalid input"],
  ])("names the field: %s", (_field, change, message) => {
    const make = () => createSpec({ ...base, ...change } as SpecInput);
    expect(make).toThrow(HandheldError);
    expect(make).toThrow(message);
  });

  it("allows a head size that is not width / heads", () => {
    expect(createSpec({ ...base, heads: 3, headSize: 32 }).headSize).toBe(32);
  });
});

describe("presets", () => {
  it("are all valid and found without regard to case or the paper's word order", () => {
    expect(presetNames).toHaveLength(10);
    for (const name of presetNames) expect(preset(name.toUpperCase())).toEqual(preset(name));
    expect(findPresetName("mobilellm-LS-125m")).toBe("MobileLLM-125M-LS");
  });

  it("suggest the nearest name", () => {
    expect(() => preset("MobileLM-125M")).toThrow('no preset named "MobileLM-125M"; did you mean "MobileLLM-125M"?');
    expect(() => preset("gpt")).toThrow("known: PhoneLM-0.5B");
  });
});
