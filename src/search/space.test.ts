// Spaces: what they enumerate is exactly what fits, and what is wrong with a file is said by name.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { countParameters } from "../spec/arithmetic.ts";
import { preset } from "../spec/presets.ts";
import { createSpec } from "../spec/spec.ts";
import { countShapes, createSpace, describeSpace, type SpaceInput, specOf, stemsOf } from "./space.ts";
import { loadSpace, spaceNames } from "./spaces/index.ts";

const input: SpaceInput = {
  vocabulary: [500, 1024],
  context: 256,
  layers: { from: 2, to: 6, step: 2 },
  width: [96, 128, 160, 192],
  ffnRatio: { min: 1.5, max: 3.2 },
  headSize: [32, 48],
  groupSize: [1, 2, 3],
  activation: ["relu", "silu"],
  gated: [true, false],
  tiedEmbeddings: [true, false],
  layerRepeat: [1, 2],
  norm: "layer",
};
const budget = { min: 0.9e6, max: 1.4e6 };

describe("a space", () => {
  const space = createSpace(input);
  const shapes = [...stemsOf(space, budget)].flatMap(({ ffnFrom, ffnTo, ...stem }) =>
    Array.from({ length: (ffnTo - ffnFrom) / 32 + 1 }, (_, i) =>
      specOf(space, { ...stem, ffnWidth: ffnFrom + 32 * i }),
    ),
  );

  it("holds valid specs within the budget, each once, counted without looking", () => {
    expect(shapes.length).toBeGreaterThan(500);
    expect(countShapes(space, budget)).toBe(shapes.length);
    expect(new Set(shapes.map((spec) => JSON.stringify(spec))).size).toBe(shapes.length);
    for (const spec of shapes) {
      const { total } = countParameters(spec);
      expect(total).toBeGreaterThanOrEqual(budget.min);
      expect(total).toBeLessThanOrEqual(budget.max);
    }
    for (const spec of shapes.filter((_, i) => i % 50 === 0)) expect(createSpec(spec)).toEqual(spec);
  });

  it("leaves nothing out: every FFN width of the ratio was tried", () => {
    let expected = 0;
    for (const layers of [2, 4, 6])
      for (const width of [96, 128, 160, 192])
        for (const headSize of [32, 48])
          for (const groupSize of [1, 2, 3])
            for (const variant of space.variants)
              for (let ffnWidth = 32; ffnWidth <= 3.2 * width; ffnWidth += 32) {
                const heads = width / headSize;
                if (ffnWidth < 1.5 * width || heads % groupSize !== 0) continue;
                const sizes = { layers, width, heads, kvHeads: heads / groupSize, headSize, ropeSize: headSize };
                const { total } = countParameters({ ...variant, ...sizes, ffnWidth, embeddingWidth: width });
                if (total >= budget.min && total <= budget.max) expected++;
              }
    expect(shapes.length).toBe(expected);
  });

  it("says what varies", () => {
    expect(describeSpace(space)).toContain("layers 2/4/6, width 96/128/160/192");
    expect(describeSpace(space)).toContain("FFN 1.5 to 3.2 widths");
  });

  it.each<[Record<string, unknown>, RegExp]>([
    [{ layers: 0 }, /^mine: layers: /],
    [{ layers: { from: 9, to: 2 } }, /layers: takes a whole number above 0 .*, a list of them, or a range/],
    [{ ffnRatio: { min: 3, max: 2 } }, /ffnRatio: `min` is above `max`/],
    [{ heads: 4 }, /heads: give either `heads` or `headSize`/],
    [{ kvHeads: 2 }, /kvHeads: give `kvHeads` or `groupSize`/],
    [{ activation: "swish" }, /activation: takes relu, silu/],
    [{ depth: 3 }, /^mine: there is no field "depth"$/],
    [{ layer: 3 }, /there is no field "layer"; did you mean "layers"\?/],
    [{ ffnRatio: [2, 4] }, /ffnRatio: takes \{min, max\}/],
    [{ layers: { from: 1, to: 1e12 } }, /layers: takes .*at most 10000 values/],
    [
      { layers: { from: 1, to: 5000 }, width: { from: 64, to: 64 * 5000, step: 64 } },
      /combinations besides FFN widths, more than 2e\+7/,
    ],
    [{ parameters: { min: 3, max: 2 } }, /min 3 is above max 2/],
  ])("%j is refused: %s", (change, message) => {
    expect(() => createSpace({ ...input, ...change }, "mine")).toThrow(message);
  });
});

describe("spaces by name", () => {
  const folder = mkdtempSync(join(tmpdir(), "handheld-space-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  it("phonelm holds PhoneLM-1.5B and -0.5B, mobilellm MobileLLM's, wide a hundred thousand shapes", async () => {
    expect(spaceNames).toEqual(["phonelm", "mobilellm", "wide"]);
    for (const [name, model] of [
      ["phonelm", "PhoneLM-1.5B"],
      ["phonelm", "PhoneLM-0.5B"],
      ["mobilellm", "MobileLLM-125M"],
      ["mobilellm", "MobileLLM-600M-LS"],
      ["mobilellm", "MobileLLM-1.5B"],
    ] as const) {
      const spec = preset(model);
      const space = await loadSpace(name);
      const { total } = countParameters(spec);
      const found = [...stemsOf(space, { min: total, max: total })].some(
        ({ ffnFrom, ...stem }) =>
          JSON.stringify(specOf(space, { ...stem, ffnWidth: ffnFrom })) ===
          JSON.stringify(ordered(space.variants[0]!, spec)),
      );
      expect(found, model).toBe(true);
    }
    expect(countShapes(await loadSpace("wide"), { min: 1.485e9, max: 1.515e9 })).toBeGreaterThan(100_000);
  });

  it("a file is a space as well; an unknown name has a suggestion", async () => {
    const file = join(folder, "mine.json");
    writeFileSync(file, JSON.stringify(input));
    expect(countShapes(await loadSpace(file), budget)).toBe(countShapes(createSpace(input), budget));
    await expect(loadSpace("phonelmm")).rejects.toThrow(/neither a search space nor a file; did you mean "phonelm"\?/);
    await expect(loadSpace(join(folder, "none.json"))).rejects.toMatchObject({ code: "io" });
  });
});

/** `spec` with its keys in the order of another, so that texts can be compared. */
function ordered<T extends object>(like: object, spec: T): T {
  return Object.fromEntries(Object.keys(like).map((key) => [key, spec[key as keyof T]])) as T;
}
