// Costs, fits, filters and orders.
import { describe, expect, it } from "vitest";
import { modelBytes } from "../spec/arithmetic.ts";
import { preset } from "../spec/presets.ts";
import { type DescribedModel, describeModel } from "./describe.ts";
import { findModel } from "./find.ts";
import { catalogueModels } from "./models/index.ts";
import { filterValues, type Selection, type SortColumn, selectModels, sortColumns } from "./select.ts";

const describeAll = (memoryBytes: number | null, tokens?: number) =>
  catalogueModels.map((model) => describeModel(model, { memoryBytes, tokens }));
const all = describeAll(8e9);
const named = (models: readonly DescribedModel[], name: string) => models.find((model) => model.name === name)!;

describe("describeModel", () => {
  it("costs what the preset of the same architecture does", () => {
    const model = named(all, "PhoneLM-0.5B");
    const spec = preset("PhoneLM-0.5B");
    expect(model).toMatchObject({ family: "phonelm", parameters: 509_658_112, reason: null, fits: true, tokens: 2048 });
    expect(model.int4Bytes).toBe(modelBytes(spec, "int4"));
    expect(model.kvBytesPerToken).toBe(2 * 24 * 16 * (64 + 4));
    expect(model.neededBytes!).toBeGreaterThan(model.int4Bytes! + 2048 * model.kvBytesPerToken!);
    expect(model.neededBytes!).toBeLessThan(1.2 * (model.int4Bytes! + 2048 * model.kvBytesPerToken!));
  });

  it("a longer cache needs its bytes more, and no more than the model's context", () => {
    const [short, long, longest] = [256, 2048, 1 << 20].map((tokens) => named(describeAll(8e9, tokens), "SmolLM-1.7B"));
    expect(long!.neededBytes! - short!.neededBytes!).toBe((2048 - 256) * long!.kvBytesPerToken!);
    expect(longest).toEqual(long);
  });

  it("fits what memory holds, and 4 GiB at most", () => {
    const { neededBytes } = named(all, "SmolLM-360M");
    expect(named(describeAll(neededBytes), "SmolLM-360M").fits).toBe(true);
    expect(named(describeAll(neededBytes! - 1), "SmolLM-360M").fits).toBe(false);
    const wide = {
      ...findModel("Danube3-4B")!,
      config: { ...findModel("Danube3-4B")!.config!, num_hidden_layers: 48 },
    };
    expect(describeModel(wide, { memoryBytes: 64e9 })).toMatchObject({ fits: false, reason: null });
    expect(describeModel(wide, { memoryBytes: null }).fits).toBe(false);
  });

  it("says why it does not know a cost, and keeps the published number of weights", () => {
    const recurrent = named(all, "RecurrentGemma-2B");
    expect(recurrent).toMatchObject({ parameters: 2_682_862_080, int4Bytes: null, neededBytes: null, fits: null });
    expect(recurrent.reason).toMatch(/^RecurrentGemma-2B: .*recurrent_gemma/);
    expect(named(all, "MiniMA-2-1B")).toMatchObject({
      parameters: null,
      fits: null,
      reason: "no config.json is known",
    });
  });
});

describe("selectModels", () => {
  const names = (selection: Selection, sort?: SortColumn) => selectModels(all, selection, sort).map(({ name }) => name);

  it("filters by every column", () => {
    expect(names({ organisation: "hugging face" })).toEqual(["SmolLM-135M", "SmolLM-360M", "SmolLM-1.7B"]);
    expect(names({ attention: "mla" })).toEqual(["MiniCPM3-4B"]);
    expect(names({ activation: "relu2" })).toEqual(["Minitron-4B"]);
    expect(names({ organisation: "Meta", openData: true })).toEqual(["OPT-125M", "OPT-350M", "OPT-1.3B", "OPT-2.7B"]);
    expect(names({ search: "QWEN2.5" })).toEqual(["Qwen2.5-0.5B", "Qwen2.5-1.5B", "Qwen2.5-3B"]);
    expect(names({ search: "gpt_neox" })).toContain("Dolly-v2-3B");
    expect(names({})).toHaveLength(catalogueModels.length);
  });

  it("leaves out what is too large, or of unknown size", () => {
    for (const model of selectModels(all, { maxParameters: 2e8 })) {
      expect(model.parameters ?? Number.parseFloat(model.size) * 1e6).toBeLessThanOrEqual(2e8);
    }
    expect(names({ maxParameters: 134_515_008 })).toContain("SmolLM-135M");
    expect(names({ maxParameters: 134_515_007 })).not.toContain("SmolLM-135M");
    const small = selectModels(all, { maxBytes: 2e8 });
    expect(small.map(({ name }) => name)).toContain("SmolLM-135M");
    for (const { int4Bytes } of small) expect(int4Bytes).toBeLessThanOrEqual(2e8);
  });

  it("keeps only what fits", () => {
    const tight = selectModels(describeAll(4e8), { fits: true });
    expect(tight.map(({ name }) => name)).toContain("SmolLM-360M");
    expect(tight.map(({ name }) => name)).not.toContain("SmolLM-1.7B");
    for (const { neededBytes } of tight) expect(neededBytes).toBeLessThanOrEqual(4e8);
  });

  it.each(Object.keys(sortColumns) as SortColumn[])("sorts by %s, the unknown last", (sort) => {
    const sorted = selectModels(all, {}, sort);
    expect(sorted).toHaveLength(all.length);
    const key: ((model: DescribedModel) => string | number | null) | null = sortColumns[sort];
    if (key === null) {
      expect(sorted).toEqual(all);
      return;
    }
    const keys = sorted.map(key);
    const known = keys.filter((value) => value !== null);
    expect(keys.slice(known.length).every((value) => value === null)).toBe(true);
    for (let i = 1; i < known.length; i++) expect(known[i]! >= known[i - 1]!).toBe(true);
  });

  it("knows the values that filters take", () => {
    expect(filterValues.organisation).toHaveLength(25);
    expect(filterValues.attention).toEqual(["MHA", "GQA", "MQA", "MLA"]);
  });
});

describe("findModel", () => {
  it.each(["SmolLM-135M", "smollm-135m", "HuggingFaceTB/SmolLM-135M", "hub:huggingfacetb/smollm-135m"])(
    "%s",
    (name) => {
      expect(findModel(name)?.id).toBe("HuggingFaceTB/SmolLM-135M");
    },
  );
  it("finds nothing else", () => expect(findModel("SmolLM")).toBeUndefined());
});
