// The quality model against the tables it is fitted to, each measurement predicted from the others.
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { countParameters } from "../../spec/arithmetic.ts";
import { preset, presetNames } from "../../spec/presets.ts";
import { createSpec, type Spec } from "../../spec/spec.ts";
import { cholesky, solve } from "../cholesky.ts";
import { spearmanInterval } from "../statistics.ts";
import { aspect, blockWeights, typicalShape } from "./features.ts";
import { createQualityModel, predictHeldOut } from "./model.ts";
import { type Observation, publishedObservations } from "./observations.ts";
import { accuracyRows, lossRows, phoneSpeedRows } from "./tables.ts";

const observations = publishedObservations();
const model = createQualityModel();
const indicesOf = (group: string) => [...observations.keys()].filter((i) => observations[i]!.group === group);

describe("leave-one-out on PhoneLM's Table 7", () => {
  it.each([["PhoneLM 100M"], ["PhoneLM 200M"]])(
    "%s: rank correlation ≥ 0.8, 80 %% within the 95 %% interval",
    (group) => {
      const members = indicesOf(group);
      const predicted = members.map((i) => predictHeldOut(observations, [i])[0]!);
      const actual = members.map((i) => observations[i]!.logLoss);
      const { value, low, high } = spearmanInterval(
        predicted.map(({ logLoss }) => logLoss),
        actual,
      );
      expect(value).toBeGreaterThanOrEqual(0.8);
      expect(low).toBeGreaterThan(0.5);
      expect(high).toBeLessThanOrEqual(1);
      const inside = predicted.filter(({ logLoss, deviation }, i) => Math.abs(logLoss - actual[i]!) < 1.96 * deviation);
      expect(inside.length / members.length).toBeGreaterThan(0.8);
    },
  );

  it("whole shapes left out, with all their variants: rank correlation ≥ 0.5 and 0.8", () => {
    for (const [group, least] of [
      ["PhoneLM 100M", 0.5],
      ["PhoneLM 200M", 0.8],
    ] as const) {
      const members = indicesOf(group);
      const predicted = members.map((i) => {
        const twins = members.filter((j) => observations[j]!.shape.width === observations[i]!.shape.width);
        return predictHeldOut(observations, twins)[twins.indexOf(i)]!.logLoss;
      });
      const actual = members.map((i) => observations[i]!.logLoss);
      expect(spearmanInterval(predicted, actual).value).toBeGreaterThan(least);
    }
  });
});

describe("the model", () => {
  const base = preset("PhoneLM-1.5B");
  const against = (changes: Partial<Spec>) => model.relativeLoss(createSpec({ ...base, ...changes }), base);

  it("gives a loss ratio with an interval around it, 1 for the same shape, and ranks by the same number", () => {
    expect(model.relativeLoss(base, base)).toEqual({ value: 1, low: 1, high: 1 });
    for (const name of presetNames) {
      const { value, low, high } = model.relativeLoss(preset(name), base);
      expect(low).toBeLessThanOrEqual(value);
      expect(high).toBeGreaterThanOrEqual(value);
      expect(Math.log(value)).toBeCloseTo(model.logLoss(preset(name)) - model.logLoss(base), 9);
      const back = model.relativeLoss(base, preset(name));
      expect(back.value).toBeCloseTo(1 / value, 9);
      expect(back.low).toBeCloseTo(1 / high, 9);
    }
  });

  it("prefers more weights, a gate, another head for the output, sharing, and neither extreme of depth", () => {
    expect(against({ layers: 24 }).value).toBeLessThan(1);
    expect(against({ gated: false, ffnWidth: base.ffnWidth * 1.5 }).low).toBeGreaterThan(1);
    expect(against({ tiedEmbeddings: false }).value).toBeLessThan(1);
    expect(against({ layerRepeat: 2 }).value).toBeLessThan(1.01);
    const equal = (layers: number) => {
      const width = 32 * Math.round(Math.sqrt(1.5e9 / 12 / layers) / 32);
      return {
        layers,
        width,
        ffnWidth: 32 * Math.round(width / 12),
        headSize: width / 16,
        ropeSize: width / 16,
        embeddingWidth: width,
      };
    };
    expect(against(equal(2)).value).toBeGreaterThan(against(equal(20)).value);
    expect(against(equal(120)).value).toBeGreaterThan(against(equal(20)).value);
  });

  it("is less sure the farther a shape is from what was trained", () => {
    const width = (changes: Partial<Spec>) => {
      const { low, high } = against(changes);
      return high / low;
    };
    expect(width({ layers: 60 })).toBeGreaterThan(width({ layers: 21 }));
    expect(width({ ffnWidth: 8 * base.width })).toBeGreaterThan(width({ ffnWidth: 7000 }));
  });

  it("is cautious by the distance from where it judges, and ranks by the same loss", () => {
    const judge = model.judge(base);
    expect(judge(base).cautious).toBeCloseTo(model.logLoss(base), 9);
    const far = createSpec({
      ...base,
      layers: 4,
      width: 6400,
      ffnWidth: 6400,
      headSize: 400,
      ropeSize: 400,
      embeddingWidth: 6400,
    });
    expect(judge(far).logLoss).toBeCloseTo(model.logLoss(far), 9);
    const { value, high } = model.relativeLoss(far, base);
    expect(judge(far).cautious - judge(far).logLoss).toBeCloseTo(Math.log(high / value) / 1.96, 9);
    expect(judge(far).cautious - judge(far).logLoss).toBeGreaterThan(0.02);
  });

  it("a typical shape has the size asked for, the middle aspect, and more layers when it is larger", () => {
    for (const weights of [1e6, 1e8, 1.5e9]) {
      const shape = typicalShape(weights);
      expect(blockWeights(shape) / weights).toBeCloseTo(1, 9);
      expect(aspect(shape)).toBeCloseTo(0, 9);
    }
    expect(typicalShape(1.5e9).layers).toBeGreaterThan(typicalShape(1e8).layers);
  });

  it("follows further runs when they are added", () => {
    const run = (layers: number, logLoss: number): Observation => {
      const shape = createSpec({ layers, width: 128, ffnWidth: 384, heads: 4, vocabulary: 256 });
      return { shape, group: "mine", source: "mine", logLoss, noise: 0.002 };
    };
    const [shallow, deep] = [run(2, 0.1), run(6, 0)];
    const before = model.relativeLoss(shallow.shape, deep.shape).value;
    const after = createQualityModel([...observations, shallow, deep]).relativeLoss(shallow.shape, deep.shape).value;
    expect(Math.abs(Math.log(after) - 0.1)).toBeLessThan(Math.abs(Math.log(before) - 0.1));
  });
});

describe("its parts", () => {
  it("Cholesky's factor solves a system", () => {
    const matrix = Float64Array.of(4, 2, 0.5, 2, 5, 1, 0.5, 1, 3);
    const x = solve(cholesky(matrix, 3), Float64Array.of(1, 2, 3));
    const back = [0, 1, 2].map((i) => [0, 1, 2].reduce((sum, j) => sum + matrix[3 * i + j]! * x[j]!, 0));
    for (const [i, value] of back.entries()) expect(value).toBeCloseTo(i + 1, 12);
  });

  it("block weights are those that parameters are counted by", () => {
    for (const name of presetNames.filter((one) => !one.endsWith("LS"))) {
      const { attention, ffn } = countParameters(preset(name));
      expect(blockWeights(preset(name))).toBe(preset(name).layers * (attention + ffn));
    }
  });

  const folder = new URL("../../../../shared/reference/", import.meta.url);
  it.skipIf(!existsSync(folder))("the tables are those of ../shared/reference", () => {
    const numbers = (file: string) =>
      readFileSync(new URL(file, folder), "utf8")
        .trim()
        .split("\n")
        .slice(1)
        .map((line) => line.split(",").map((cell) => (Number.isNaN(Number(cell)) ? cell : Number(cell))));
    expect(
      lossRows.map((row) => [
        ...[row.group, row.width, row.ffnWidth, row.layers, row.activation, row.heads, row.kvHeads, row.loss],
        ...[row.prefillTokensPerSecond, row.decodeTokensPerSecond],
      ]),
    ).toEqual(numbers("phonelm-table7.csv").map(([group, , , ...rest]) => [group, ...rest]));
    expect(
      accuracyRows.map((row) => [row.group, row.layers, row.heads, row.width, row.parameters / 1e6, row.accuracy]),
    ).toEqual(numbers("mobilellm-table11.csv").map((row) => [...row.slice(0, 5), row.at(-1)]));
    expect(phoneSpeedRows.map((row) => Object.values(row))).toEqual(numbers("phonelm-table2.csv"));
  });
});
