// The catalogue's facts: complete, well formed, and configs that have as many weights as was published. The counts are
// those of count.case.ts; where the engine knows the family, its spec must agree.
import { describe, expect, it } from "vitest";
import { HandheldError } from "../errors.ts";
import { fromHfConfig } from "../model/families/index.ts";
import { countParameters } from "../spec/arithmetic.ts";
import type { Spec } from "../spec/spec.ts";
import { countConfig } from "./count.case.ts";
import { catalogueModels } from "./models/index.ts";
import { leaderboard, mobileLlm, phoneLm, survey } from "./sources.ts";
import { type CatalogueModel, catalogueModelSchema } from "./types.ts";

const from = (source: string) => catalogueModels.filter((model) => model.source === source);
const withConfig = catalogueModels.flatMap(({ config, ...model }) => (config === null ? [] : [{ ...model, config }]));
const nominal = ({ size }: Pick<CatalogueModel, "size">) =>
  Number(size.slice(0, -1)) * (size.endsWith("B") ? 1e9 : 1e6);

describe("the catalogue", () => {
  it("has the 68 models of 24 organisations of the survey's Table 1, and the families of PhoneLM and MobileLLM", () => {
    expect(from(survey)).toHaveLength(68);
    expect(new Set(from(survey).map(({ organisation }) => organisation)).size).toBe(24);
    expect(from(phoneLm).map(({ size }) => size)).toEqual(["0.5B", "1.5B"]);
    expect(from(mobileLlm).map(({ size }) => size)).toEqual(["125M", "350M", "600M", "1B", "1.5B"]);
    expect(from(leaderboard).map(({ name }) => name)).toEqual(["Galactica-1.3B", "MiniCPM-2B"]);
  });

  it("has well-formed entries with names and repositories of their own", () => {
    for (const model of catalogueModels) expect(catalogueModelSchema.parse(model)).toEqual(model);
    expect(new Set(catalogueModels.map(({ name }) => name.toLowerCase())).size).toBe(catalogueModels.length);
    expect(new Set(catalogueModels.map(({ id }) => id.toLowerCase())).size).toBe(catalogueModels.length);
  });
});

// Sizes that leave out the embedding in their name.
const withoutEmbedding = ["MiniCPM-1B", "MiniCPM-2B", "MobiLlama-1B"];

describe("a config has as many weights as were published", () => {
  it.each(withConfig)("$name", (model) => {
    const count = countConfig(model.config);
    if (model.publishedParameters !== undefined) expect(count).toBe(model.publishedParameters);
    else if (withoutEmbedding.includes(model.name)) expect(count / nominal(model)).toBeCloseTo(1.3, 0);
    else expect(Math.abs(count / nominal(model) - 1)).toBeLessThan(0.1);
  });
});

// Null where the engine does not know the family. One that has not Llama's words may be told so by a missing field.
const words = ["hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads"];
function specOf(config: Record<string, unknown>): Spec | null {
  try {
    return fromHfConfig(config);
  } catch (error) {
    if (!(error instanceof HandheldError)) throw error;
    if (error.code === "unsupported" || words.some((word) => !(word in config))) return null;
    throw error;
  }
}

// What the engine stores more or less than was published, by family.
type Sizes = { hidden_size: number; num_hidden_layers: number };
const differences: Record<string, (config: Sizes) => number> = {
  // The first two rows of the table of positions belong to no token.
  opt: ({ hidden_size: C }) => -2 * C,
  // Attention and FFN share a norm; here each has its own.
  phi: ({ hidden_size: C, num_hidden_layers: L }) => L * 2 * C,
  // Norms without weights are norms with weights of 1 and biases of 0.
  olmo: ({ hidden_size: C, num_hidden_layers: L }) => (2 * L + 1) * 2 * C,
};

describe("specs agree with the facts", () => {
  it.each(withConfig)("$name", ({ config, attention, activation, context }) => {
    const spec = specOf(config);
    if (spec === null) return;
    const difference = differences[config.model_type]?.(config as unknown as Sizes) ?? 0;
    expect(countParameters(spec).total).toBe(countConfig(config) + difference);
    expect(spec.activation).toBe(activation);
    expect(spec.context).toBeGreaterThanOrEqual(context);
    const { heads, kvHeads } = spec;
    if (attention === "MHA") expect(kvHeads).toBe(heads);
    if (attention === "MQA") expect(kvHeads).toBe(1);
    if (attention === "GQA") expect(kvHeads).toBeLessThan(heads);
  });

  it("the engine knows the families of Llama, PhoneLM and MobileLLM", () => {
    for (const name of ["TinyLlama-1.1B", "SmolLM-135M", "PhoneLM-1.5B", "MobileLLM-125M", "AMD-Llama-135M"]) {
      expect(specOf(withConfig.find((model) => model.name === name)!.config)).not.toBeNull();
    }
  });
});
