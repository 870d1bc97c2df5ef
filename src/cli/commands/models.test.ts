// models and info as a user sees them: a table that fits a terminal, one JSON object, errors that suggest.
import { describe, expect, it } from "vitest";
import { runHere as handheld } from "../run-here.case.ts";

describe("handheld models", () => {
  it("lists every model in lines of at most 120 characters", async () => {
    const { code, out, err } = await handheld("models");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    for (const line of out.split("\n")) expect([...line].length).toBeLessThanOrEqual(120);
    expect(out).toMatch(/SmolLM-135M +Hugging Face +2024-07 +GQA +silu +2k +open +135 M +75.8 MB +12.2 kB +(yes|no)\n/);
    expect(out).toContain("77 models of 25 organisations");
  });

  it("combines filters, in any spelling, and sorts", async () => {
    const line = ["--organisation", "huggingface", "--sort", "size", "--max-size", "1G", "--max-parameters", "400M"];
    const { result } = await handheld("models", ...line, "--json");
    expect(result.models.map((model: { name: string }) => model.name)).toEqual(["SmolLM-135M", "SmolLM-360M"]);
    expect(result).toMatchObject({ count: 2, context: 2048, memoryBytes: expect.any(Number) });
    expect(result.models[0]).toMatchObject({
      id: "HuggingFaceTB/SmolLM-135M",
      parameters: 134_515_008,
      neededBytes: expect.any(Number),
      fits: expect.any(Boolean),
      source: "Lu et al. 2025, Table 1",
    });
  });

  it("says so when none passes", async () => {
    const { code, out } = await handheld("models", "--organisation", "h2o", "--max-size", "1k");
    expect({ code, out }).toEqual({ code: 0, out: "none of the 77 models passes; leave out a filter\n" });
  });

  it.each([
    [["--organisation", "Gogle"], 'got "Gogle"; did you mean "Google"?'],
    [["--organisation", "m"], 'got "m"'],
    [["--attention", "GKA"], 'did you mean "GQA"?'],
    [["--activation", "swish-glu"], "known: relu, silu, gelu, gelu_tanh, relu2"],
    [["--sort", "sice"], 'did you mean "size"?'],
    [["--max-size", "big"], 'takes a number, got "big"'],
  ])("%j: %s", async (options, message) => {
    const { code, out, err } = await handheld("models", ...options);
    expect(err).toContain(message);
    expect({ code, out }).toEqual({ code: 2, out: "" });
  });
});

describe("handheld info", () => {
  it("shows a model of the catalogue", async () => {
    const { code, out } = await handheld("info", "hub:TinyLlama/TinyLlama-1.1B-intermediate-step-1431k-3T");
    expect(code).toBe(0);
    expect(out).toMatch(/TinyLlama-1\.1B \(TinyLlama, 2023-12\)/);
    expect(out).toContain("1.1 B (1,100,048,384)");
    expect(out).toMatch(/fits here +(yes|no)/);
    const { result } = await handheld("info", "recurrentgemma-2b", "--json");
    expect(result).toMatchObject({ kind: "catalogue", fits: null, config: { model_type: "recurrent_gemma" } });
    expect(result.reason).toContain("recurrent_gemma");
  });

  it("shows a GGUF file", async () => {
    const file = new URL("../../../test/parity/fixtures/gguf/llama.gguf", import.meta.url).pathname;
    const { code, out } = await handheld("info", file, "--context", "64");
    expect(code).toBe(0);
    expect(out).toContain("GQA, 4 query and 2 key/value heads of 16");
    expect(out).toMatch(/stored +190 kB as F32 104 kB, Q8_0/);
    expect(out).toContain("as int4 with 64 tokens");
  });

  it.each([
    ["SmolML-135M", 'did you mean "SmolLM-135M"?'],
    ["zzzzzzzzzzzzzz", '"handheld models" lists the catalogue'],
    ["no/such", "cannot read no/such: no such file or folder"],
    ["no.gguf", "cannot read no.gguf: no such file or folder"],
  ])("%s: %s", async (model, message) => {
    const { code, err } = await handheld("info", model);
    expect(err).toContain(message);
    expect(code).toBe(1);
  });
});
