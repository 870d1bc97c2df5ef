// The search over a device whose times are known: what it enumerates, evolves, keeps, chooses and refuses.
import { describe, expect, it } from "vitest";
import { countParameters } from "../spec/arithmetic.ts";
import { preset } from "../spec/presets.ts";
import { createSpec } from "../spec/spec.ts";
import { Evaluated } from "./evaluate.ts";
import { evolveShapes } from "./evolve.ts";
import { allLandmarks, landmarksNear } from "./landmarks.ts";
import type { DevicePower } from "./latency/latency-profile.ts";
import { createPredictor } from "./latency/predictor.ts";
import { syntheticProfile } from "./latency/synthetic.case.ts";
import { createObjective, onDevice } from "./objective.ts";
import { paretoFront, rankByPareto } from "./pareto.ts";
import { typicalShape } from "./quality/features.ts";
import { createQualityModel } from "./quality/model.ts";
import { referenceSpeeds, referencesNear } from "./references.ts";
import { type SearchOptions, search } from "./search.ts";
import { countShapes, createSpace } from "./space.ts";

const predictor = createPredictor(syntheticProfile());
const space = createSpace({
  name: "test",
  vocabulary: 1024,
  context: 512,
  layers: { from: 2, to: 16 },
  width: { from: 96, to: 512, step: 32 },
  ffnRatio: { min: 1.5, max: 4 },
  headSize: 32,
  groupSize: [1, 2],
  activation: ["relu", "silu"],
});
const budget = { min: 2e6, max: 2.5e6 };
const objective = createObjective("decode", 128);
const options: SearchOptions = { space, budget, predictor, objective };
const quality = createQualityModel().judge(typicalShape(2.25e6));

describe("objectives", () => {
  const spec = createSpec({ layers: 4, width: 128, ffnWidth: 384, heads: 4, vocabulary: 1024 });
  const cost = (text: string) => {
    const one = createObjective(text, 64);
    return one.cost(predictor.speed(spec, one.at), 3e6);
  };

  it("are costs: time per token, time to an answer, or bytes", () => {
    const { prefillTokensPerSecond, decodeTokensPerSecond } = predictor.speed(spec, { prompt: 64, context: 64 });
    expect(cost("decode")).toBe(1000 / decodeTokensPerSecond.value);
    expect(cost("prefill")).toBe(1000 / prefillTokensPerSecond.value);
    expect(cost("ttft")).toBe(cost("ttft@64"));
    const middle = predictor.speed(spec, { prompt: 64, context: 80 });
    expect(cost("ttft@64+32")).toBeCloseTo(middle.ttftMs.value + 31e3 / middle.decodeTokensPerSecond.value, 9);
    expect(cost("memory")).toBe(3);
    expect(createObjective("ttft@512+64", 1).description).toContain("64 tokens after a prompt of 512");
  });

  it.each([
    ["decod", "invalid-option", /unknown objective "decod": .*did you mean "decode"\?/],
    ["decode@5", "invalid-option", /unknown objective/],
    ["ttft@0", "invalid-option", /at least 1 token/],
    ["energy@64+0", "invalid-option", /at least 1 token/],
    ["memory@64", "invalid-option", /unknown objective/],
  ])("%s is refused", (text, code, message) => {
    expect(() => createObjective(text, 64)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });

  const energy = { watts: { idle: 2, prefill: 30, decode: 10 }, note: "Linux powercap (package-0)" };

  it("in joules are watts times predicted times, on a device whose watts were measured", async () => {
    const one = onDevice(createObjective("energy@64+32", 1), { profile: { energy } });
    const speed = predictor.speed(spec, { prompt: 64, context: 80 });
    const joules = (30 * speed.ttftMs.value) / 1000 + (10 * 31) / speed.decodeTokensPerSecond.value;
    expect(one.cost(speed, 0)).toBeCloseTo(joules, 12);
    expect(createObjective("energy", 256).name).toBe("energy@256+64");
    expect(onDevice(objective, {})).toBe(objective);
    const metered = createPredictor({ ...syntheticProfile(), energy });
    const found = await search({ ...options, predictor: metered, objective: createObjective("energy", 64) });
    expect(found.objective.unit).toBe("J");
    expect(found.top[0]!.cost).toBeLessThan(found.top.at(-1)!.cost);
  });

  it.each<[string, DevicePower | undefined, RegExp]>([
    ["nobody measured power", undefined, /no power measurement \(none was asked for/],
    [
      "there is no counter",
      { watts: null, note: "browsers do not tell" },
      /\(browsers do not tell\), and energy is not/,
    ],
  ])("in joules are refused where %s", async (_, energy, message) => {
    const without = createPredictor({ ...syntheticProfile(), energy });
    const asked = { ...options, predictor: without, objective: createObjective("energy", 64) };
    await expect(search(asked)).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringMatching(message),
    });
  });
});

describe("Pareto fronts", () => {
  it("hold what nothing beats, in order; of equals one", () => {
    expect(paretoFront([3, 1, 2, 2, 1], [1, 5, 2, 2, 6])).toEqual([1, 2, 0]);
    expect(paretoFront([], [])).toEqual([]);
  });

  it("come one behind the other, ends first", () => {
    const { front, distance } = rankByPareto([1, 2, 3, 2, 3], [3, 2, 1, 3, 3]);
    expect([...front]).toEqual([0, 0, 0, 1, 2]);
    expect(distance[0]).toBe(Infinity);
    expect(distance[1]).toBe(2);
  });
});

describe("an exhaustive search", () => {
  it("judges every shape and finds the best one that is good enough", async () => {
    const result = await search(options);
    expect(result).toMatchObject({ method: "exhaustive", evaluated: countShapes(space, budget) });
    const all = new Evaluated(space, { predictor, quality, objective });
    const { enumerateShapes } = await import("./enumerate.ts");
    await enumerateShapes(all, budget);
    const best = Math.min(...all.cautious.subarray(0, all.count));
    const good = [...Array(all.count).keys()].filter((i) => Math.exp(best - all.cautious[i]!) >= 0.97);
    expect(result.admissible).toBe(good.length);
    expect(result.top[0]!.cost).toBe(Math.min(...good.map((i) => all.cost[i]!)));
    expect(result.bestQuality.relativeLoss.value).toBeCloseTo(1, 9);
    for (const { spec, parameters, relativeLoss, cautiousLoss, memoryBytes } of result.top) {
      expect(parameters).toBe(countParameters(spec).total);
      expect(createSpec(spec)).toEqual(spec);
      expect(cautiousLoss).toBeLessThanOrEqual(result.bestQuality.cautiousLoss / 0.97 + 1e-9);
      expect(relativeLoss.value).toBeLessThanOrEqual(cautiousLoss);
      expect(memoryBytes).toBe(predictor.memoryBytes(spec, 128));
    }
    expect(new Set(result.top.map(({ spec }) => `${spec.layers} ${spec.width}`)).size).toBe(result.top.length);
  });

  it("gives fronts on which more speed costs quality, and the speeds of every depth and width", async () => {
    const { fronts, bySize } = await search(options);
    for (const [name, front] of Object.entries(fronts)) {
      const key = `${name as "decode" | "prefill"}TokensPerSecond` as const;
      expect(front.length).toBeGreaterThan(3);
      for (const [i, { speed, cautiousLoss }] of front.entries()) {
        if (i === 0) continue;
        expect(speed[key].value).toBeLessThanOrEqual(front[i - 1]!.speed[key].value);
        expect(cautiousLoss).toBeLessThan(front[i - 1]!.cautiousLoss);
      }
    }
    for (const ranges of [bySize.depth.decode, bySize.width.prefill]) {
      expect(ranges.reduce((sum, { shapes }) => sum + shapes, 0)).toBe(countShapes(space, budget));
      for (const { slowest, median, fastest } of ranges) {
        expect(slowest).toBeLessThanOrEqual(median);
        expect(median).toBeLessThanOrEqual(fastest);
      }
    }
  });

  it("is the same every time, and asks for the floor and the memory that it is given", async () => {
    const strip = async (changes: Partial<SearchOptions>) => {
      const { describe: _, ...result } = await search({ ...options, ...changes });
      return JSON.parse(JSON.stringify(result));
    };
    expect(await strip({})).toEqual(await strip({}));
    const reference = createSpec({ layers: 6, width: 160, ffnWidth: 448, heads: 5, vocabulary: 1024, context: 512 });
    const named = await search({ ...options, floor: { name: "mine", spec: reference } });
    expect(named.rule).toContain("at most that of mine");
    for (const one of named.top) {
      expect(one.relativeLoss.value).toBeLessThanOrEqual(1);
      expect(one.cautiousLoss).toBeLessThanOrEqual(1.03);
    }
    const loose = await search({ ...options, floor: { share: 0.5 } });
    expect(loose.top[0]!.cost).toBeLessThanOrEqual(named.top[0]!.cost);
    const limit = loose.top[0]!.memoryBytes - 1;
    const small = await search({ ...options, floor: { share: 0.5 }, maxMemoryBytes: limit });
    for (const one of [...small.top, ...small.fronts.decode]) expect(one.memoryBytes).toBeLessThanOrEqual(limit);
  });

  it.each<[string, Partial<SearchOptions>, RegExp]>([
    ["nothing of that size", { budget: { min: 10, max: 20 } }, /search space test has no shape of 0 to 0 M parameters/],
    ["no memory", { maxMemoryBytes: 1000 }, /none of \d+ shapes of 2 to 2.5 M parameters fits/],
    ["no size", { budget: undefined }, /has no parameters of its own/],
    [
      "too much to ask",
      { floor: { name: "PhoneLM-1.5B", spec: preset("PhoneLM-1.5B") } },
      /is predicted to be as good/,
    ],
  ])("%s is an error", async (_, changes, message) => {
    await expect(search({ ...options, ...changes })).rejects.toThrow(message);
  });

  it("stops when it is aborted", async () => {
    const wide = { min: 1e5, max: 1e8 };
    await expect(search({ ...options, budget: wide, signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "aborted",
    });
  });
});

describe("evolution", () => {
  it("comes within 3 % of the exhaustive best with a fifth of the shapes, and is the same for a seed", async () => {
    const large = { min: 1.5e6, max: 4e6 };
    const quality = createQualityModel().judge(typicalShape(2.75e6));
    const exhaustive = await search({ ...options, budget: large });
    const run = async (seed: number) => {
      const evaluated = new Evaluated(space, { predictor, quality, objective });
      const evaluations = Math.floor(exhaustive.evaluated / 5);
      await evolveShapes(evaluated, large, { seed, evaluations, population: 40 });
      expect(evaluated.seen).toBeLessThanOrEqual(evaluations);
      return evaluated;
    };
    const evaluated = await run(3);
    const codes = new Set(Array.from({ length: evaluated.count }, (_, i) => JSON.stringify(evaluated.code(i))));
    expect(codes.size).toBe(evaluated.count);
    const best = exhaustive.bestQuality;
    const limit = quality(best.spec).cautious - Math.log(0.97);
    const costs = [...Array(evaluated.count).keys()]
      .filter((i) => evaluated.cautious[i]! <= limit)
      .map((i) => evaluated.cost[i]!);
    expect(Math.min(...costs)).toBeLessThan(exhaustive.top[0]!.cost * 1.03);
    const again = await run(3);
    expect([...again.cost.subarray(0, again.count)]).toEqual([...evaluated.cost.subarray(0, evaluated.count)]);
  });

  it("takes over where a space is too large", async () => {
    const result = await search({ ...options, enumerateAtMost: 100, seed: 2 });
    expect(result.method).toBe("evolutionary");
    expect(result.top.length).toBe(10);
  });
});

describe("published speeds on phones", () => {
  it("are rows with a shape of their size and a source, near a size", () => {
    const all = referenceSpeeds();
    expect(all).toHaveLength(8 + 36 + 3);
    for (const { spec, parameters, source, prefillTokensPerSecond, decodeTokensPerSecond } of all) {
      expect(parameters).toBe(countParameters(spec).total);
      expect(source).toMatch(/^(PhoneLM|MobileLLM), (Table|section)/);
      expect(prefillTokensPerSecond ?? decodeTokensPerSecond).toBeGreaterThan(0);
    }
    const near = referencesNear({ min: 1.6e9, max: 1.65e9 });
    expect(near.filter(({ source }) => source === "PhoneLM, Table 2")).toHaveLength(7);
    expect(near.find(({ decodeTokensPerSecond }) => decodeTokensPerSecond === 58.08)!.spec).toEqual(
      preset("PhoneLM-1.5B"),
    );
    expect(referencesNear({ min: 1e6, max: 1.3e6 })).toEqual([]);
  });
});

describe("landmarks", () => {
  it("are the presets and the catalogue's known architectures, each once, near a size", () => {
    const names = allLandmarks().map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain("PhoneLM-1.5B");
    const near = landmarksNear({ min: 1.5e9, max: 1.5e9 }).map(({ name }) => name);
    for (const name of ["PhoneLM-1.5B", "MobileLLM-1.5B", "Qwen2-1.5B", "SmolLM-1.7B"]) expect(near).toContain(name);
    expect(near).not.toContain("PhoneLM-0.5B");
  });
});
