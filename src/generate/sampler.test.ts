// Sampling against exact probabilities: seeded draws, so a failure is a change and not bad luck.
import { describe, expect, it } from "vitest";
import { HandheldError } from "../errors.ts";
import { argmax } from "../kernels/reference/sampling.ts";
import { createSampler, type SamplingOptions } from "./sampler.ts";

const logits = [1.5, -0.5, 2, 0, 2.5, -3];
const draws = 20_000;

/** softmax(logits / temperature), zero outside `kept`. */
function exact(temperature: number, kept: readonly number[] = logits.map((_, i) => i)): number[] {
  const weights = logits.map((logit, i) => (kept.includes(i) ? Math.exp(logit / temperature) : 0));
  const total = weights.reduce((a, b) => a + b);
  return weights.map((weight) => weight / total);
}

function sampled(options: SamplingOptions, history: readonly number[] = [], count = draws): number[] {
  const sampler = createSampler(options);
  return Array.from({ length: count }, () => sampler.sample(Float32Array.from(logits), history));
}

/** Pearson's χ² of the draws; Infinity where something impossible was drawn. */
function chiSquare(ids: readonly number[], probabilities: readonly number[]): number {
  return probabilities.reduce((sum, probability, id) => {
    const seen = ids.filter((drawn) => drawn === id).length;
    if (probability === 0) return seen === 0 ? sum : Infinity;
    return sum + (seen - ids.length * probability) ** 2 / (ids.length * probability);
  }, 0);
}

// Of 5 degrees of freedom; one right sampler in a thousand would be above.
const critical = 20.5;

describe("greedy", () => {
  it("takes the likeliest token, the first of equals, whatever the history", () => {
    expect(sampled({}, [], 1)).toEqual([4]);
    expect(createSampler().sample(Float32Array.of(1, 3, 3, 2), [1, 1])).toBe(1);
    expect(argmax(Float32Array.of(-2, -Infinity, -1, -1))).toBe(2);
  });

  it("ignores top-k, top-p, min-p and the seed", () => {
    expect(sampled({ topK: 3, topP: 0.1, minP: 0.9, seed: 7 }, [], 3)).toEqual([4, 4, 4]);
  });

  it("never takes what is masked", () => {
    const mask = Float32Array.of(-Infinity, -50, -Infinity, -Infinity);
    for (const temperature of [0, 1, 100]) expect(createSampler({ temperature }).sample(mask.slice(), [])).toBe(1);
  });
});

describe(`${draws} draws have the exact distribution (χ² below ${critical})`, () => {
  // Falling order of probability: 4, 2, 0, 3, 1, 5. At temperature 1 they have 0.47, 0.29, 0.17, 0.04, 0.02, 0.002.
  const cases: [what: string, options: SamplingOptions, probabilities: number[]][] = [
    ["the model's own", { temperature: 1 }, exact(1)],
    ["half the temperature", { temperature: 0.5 }, exact(0.5)],
    ["a high temperature", { temperature: 5 }, exact(5)],
    ["top-k 3", { temperature: 1, topK: 3 }, exact(1, [4, 2, 0])],
    ["top-k 1 at any temperature", { temperature: 100, topK: 1 }, exact(1, [4])],
    ["top-k above the vocabulary", { temperature: 1, topK: 50 }, exact(1)],
    ["top-p 0.5: the token that crosses it counts", { temperature: 1, topP: 0.5 }, exact(1, [4, 2])],
    ["top-p 0: the likeliest", { temperature: 1, topP: 0 }, exact(1, [4])],
    ["top-p 0.95", { temperature: 1, topP: 0.95 }, exact(1, [4, 2, 0, 3])],
    ["top-p of the tempered distribution", { temperature: 5, topP: 0.5 }, exact(5, [4, 2, 0])],
    ["min-p 0.3", { temperature: 1, minP: 0.3 }, exact(1, [4, 2, 0])],
    ["min-p 1: the likeliest", { temperature: 1, minP: 1 }, exact(1, [4])],
    ["the strictest of three", { temperature: 1, topK: 4, topP: 0.9, minP: 0.5 }, exact(1, [4, 2])],
  ];
  it.each(cases)("%s", (_what, options, probabilities) => {
    for (const seed of [0, 1]) expect(chiSquare(sampled({ ...options, seed }), probabilities)).toBeLessThan(critical);
  });

  it("would not pass for another one", () => {
    expect(chiSquare(sampled({ temperature: 1.1 }), exact(1))).toBeGreaterThan(critical);
  });
});

describe("repetition penalty", () => {
  it("divides positive and multiplies negative logits, once per token", () => {
    const values = Float32Array.from(logits);
    createSampler({ repetitionPenalty: 2 }).sample(values, [4, 1, 4, 3]);
    expect([...values]).toEqual([1.5, -1, 2, 0, 1.25, -3]);
  });

  it("changes the likeliest token and the distribution", () => {
    expect(sampled({ repetitionPenalty: 1.3 }, [4], 1)).toEqual([2]);
    expect(sampled({ repetitionPenalty: 0.5 }, [0], 1)).toEqual([0]);
    const ids = sampled({ temperature: 1, repetitionPenalty: 2 }, [4]);
    const weights = [1.5, -0.5, 2, 0, 1.25, -3].map(Math.exp);
    const total = weights.reduce((a, b) => a + b);
    const probabilities = weights.map((weight) => weight / total);
    expect(chiSquare(ids, probabilities)).toBeLessThan(critical);
  });
});

describe("seed", () => {
  it("gives the same draws for the same seed, others for another, and moves on from draw to draw", () => {
    const draw = (seed: number) => sampled({ temperature: 1, seed }, [], 50);
    expect(draw(3)).toEqual(draw(3));
    expect(draw(3)).not.toEqual(draw(4));
    expect(new Set(draw(3)).size).toBeGreaterThan(1);
    expect(sampled({ temperature: 1 }, [], 50)).toEqual(draw(0));
  });
});

describe("an option out of range is refused by name", () => {
  it.each([
    [{ temperature: -0.1 }, "temperature must be between 0 and 100, got -0.1"],
    [{ temperature: Number.NaN }, "temperature must be between 0 and 100, got NaN"],
    [{ topK: -1 }, "topK must be between 0 and 2147483648, got -1"],
    [{ topP: 1.01 }, "topP must be between 0 and 1, got 1.01"],
    [{ minP: -1 }, "minP must be between 0 and 1, got -1"],
    [{ repetitionPenalty: 0 }, "repetitionPenalty must be between 0.1 and 10, got 0"],
    [{ seed: -1 }, "seed must be between 0 and 9007199254740992, got -1"],
  ])("%j", (options, message) => {
    const create = () => createSampler(options);
    expect(create).toThrow(HandheldError);
    expect(create).toThrow(message);
  });

  it("undefined is as good as absent", () => {
    expect(() => createSampler({ temperature: undefined, topK: undefined, seed: undefined })).not.toThrow();
  });
});
