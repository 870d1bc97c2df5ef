// Prediction for a device whose times are known formulas, and that it never says more work is faster.
import { describe, expect, it } from "vitest";
import { createRandom } from "../../random.ts";
import { preset } from "../../spec/presets.ts";
import { createSpec, type SpecInput } from "../../spec/spec.ts";
import { createPredictor } from "./predictor.ts";
import { syntheticPass, syntheticProfile } from "./synthetic.case.ts";

const predictor = createPredictor(syntheticProfile());
const base: SpecInput = { layers: 12, width: 768, ffnWidth: 2304, heads: 12, kvHeads: 4, vocabulary: 32000 };
const request = { prompt: 96, context: 200 };
const decode = (input: SpecInput, context = 200) =>
  predictor.speed(createSpec(input), { prompt: 8, context }).decodeTokensPerSecond.value;
const prefillMs = (input: SpecInput, prompt: number) =>
  (1000 * prompt) / predictor.speed(createSpec(input), { prompt, context: 8 }).prefillTokensPerSecond.value;

const offBy = (predicted: number, actual: number) => Math.abs(predicted / actual - 1);

describe("a device whose times are known", () => {
  it("is predicted within 1 % for shapes between the points of its grids", () => {
    const random = createRandom(5);
    for (let i = 0; i < 50; i++) {
      const heads = random.pick([6, 9, 12, 16]);
      const spec = createSpec({
        layers: 4 + random.below(30),
        width: heads * random.pick([64, 96, 128]),
        ffnWidth: 32 * (20 + random.below(200)),
        heads,
        kvHeads: random.pick([1, heads]),
        vocabulary: random.pick([32000, 49152, 151936]),
        activation: random.pick(["relu", "silu"]),
        layerRepeat: random.pick([1, 2]),
      });
      const { decodeTokensPerSecond, prefillTokensPerSecond } = predictor.speed(spec, request);
      expect(offBy(1e6 / decodeTokensPerSecond.value, syntheticPass(spec, 1, 200))).toBeLessThan(0.01);
      expect(offBy(96e6 / prefillTokensPerSecond.value, syntheticPass(spec, 96, 0))).toBeLessThan(0.01);
    }
  });

  it("long prompts go through in chunks", () => {
    const spec = preset("PhoneLM-0.5B");
    const { ttftMs, prefillTokensPerSecond } = predictor.speed(spec, { prompt: 600, context: 0 });
    expect(offBy(600e6 / prefillTokensPerSecond.value, syntheticPass(spec, 600, 0))).toBeLessThan(0.01);
    expect(ttftMs.value).toBeGreaterThan((600 * 1e3) / prefillTokensPerSecond.value);
  });
});

describe("more work is never faster", () => {
  it("with layers, width, FFN width, heads, vocabulary, context and prompt", () => {
    for (const more of [
      { layers: 13 },
      { width: 800, headSize: 64 },
      { ffnWidth: 2400 },
      { kvHeads: 12 },
      { vocabulary: 40000 },
      { layerRepeat: 2 },
    ]) {
      expect(decode({ ...base, ...more }), JSON.stringify(more)).toBeLessThan(decode(base));
      expect(prefillMs({ ...base, ...more }, 64), JSON.stringify(more)).toBeGreaterThan(prefillMs(base, 64));
    }
    for (let context = 0; context < 2000; context += 37)
      expect(decode(base, context + 37)).toBeLessThan(decode(base, context));
    for (let prompt = 1; prompt < 700; prompt += 13)
      expect(prefillMs(base, prompt + 13)).toBeGreaterThan(prefillMs(base, prompt));
  });
});

it("intervals hold the value and widen with the deviation of the checks", () => {
  const spec = createSpec(base);
  const wide = createPredictor({ ...syntheticProfile(), deviation: { prefill: 0.1, decode: 0.2 } });
  for (const key of ["prefillTokensPerSecond", "decodeTokensPerSecond", "ttftMs"] as const) {
    const [one, other] = [predictor.speed(spec, request)[key], wide.speed(spec, request)[key]];
    expect(one.low).toBeLessThan(one.value);
    expect(one.high).toBeGreaterThan(one.value);
    expect(other.value).toBe(one.value);
    expect(other.high / other.low).toBeGreaterThan(one.high / one.low);
  }
});

it("memory grows with the session", () => {
  const spec = createSpec(base);
  expect(predictor.memoryBytes(spec)).toBeGreaterThan(predictor.memoryBytes(spec, 64));
});
