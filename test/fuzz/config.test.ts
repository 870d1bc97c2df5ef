// Hostile config.json files of every family: a spec or a typed error, also of families that are not known.
import { describe, expect, it } from "vitest";
import { readModelConfig } from "../../src/model/directory.ts";
import { tensorShapes } from "../../src/model/layout.ts";
import { parseSpec } from "../../src/model/spec-file.ts";
import { createRandom, type Random } from "../../src/random.ts";
import { configs } from "./configs.ts";
import { attempt, type FuzzInput, fuzz, inputCount } from "./fuzz.ts";
import { memorySource } from "./memory-source.ts";
import { mutateBytes } from "./mutate-bytes.ts";
import { jsonText, mutateJson, repeatName } from "./mutate-json.ts";

const encoder = new TextEncoder();

function make(random: Random): FuzzInput {
  const config = random.pick(configs);
  if (random.below(8) === 0) return inputOf(mutateBytes(encoder.encode(JSON.stringify(config)), random), random);
  const text = jsonText(mutateJson(config, random));
  return inputOf(encoder.encode(random.below(8) === 0 ? repeatName(text, random) : text), random);
}

/** Reads a config as a model directory's, or as what `--spec` names; then lists the tensors that it asks for. */
function inputOf(bytes: Uint8Array, random: Random): FuzzInput {
  const alone = random.below(4) === 0;
  const source = memorySource({ "config.json": bytes }, random);
  const read = async () => {
    if (alone) return void specOf(bytes);
    const { spec, layout } = await readModelConfig(source);
    const names = new Set(layout().sources.map(({ to }) => to));
    expect(tensorShapes(spec).filter(({ name }) => !names.has(name))).toEqual([]);
  };
  return { sizeBytes: bytes.length, read };
}

function specOf(bytes: Uint8Array) {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
  return parseSpec(json, "config.json");
}

describe("hostile config.json", () => {
  it("mutated configs give specs or typed errors", async () => {
    const outcome = await fuzz({ name: "config", make }, inputCount(5000));
    expect(outcome.findings).toEqual([]);
    expect(outcome.read).toBeGreaterThan(outcome.inputs / 50);
    expect(outcome.refused["invalid-spec"]).toBeGreaterThan(outcome.inputs / 20);
  }, 3_600_000);

  const config = (changes: Record<string, unknown>) => jsonText({ ...configs[0], ...changes });
  const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;
  it.each<[string, string]>([
    ["nesting of 100,000 alone", nested(100_000)],
    ["nesting where a number belongs", config({}).replace("576", nested(100_000))],
    [
      "nesting where a quantisation's name belongs",
      config({ quantization_config: { quant_method: "?" } }).replace('"?"', nested(100_000)),
    ],
    ["a quantisation's name that is no text", config({ quantization_config: { quant_method: { toString: 1 } } })],
    ["16 million layers", config({ num_hidden_layers: 1 << 24 })],
    ["a model_type of 10 MB", config({ model_type: "llama".repeat(2_000_000) })],
    ["a model_type with line breaks", config({ model_type: "a\n\u001b[31mb" })],
  ])("%s", async (_, text) => {
    for (let i = 0; i < 4; i++) {
      expect((await attempt(inputOf(encoder.encode(text), createRandom(i)))).finding).toBeNull();
    }
  });
});
