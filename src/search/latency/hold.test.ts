// Whole models of a simulated device whose cache keeps fewer weights than walking through weights alone showed.
import { expect, it } from "vitest";
import { chooseCheckModels } from "./check-models.ts";
import { plainFactors } from "./factors.ts";
import { holdAgainstModels } from "./hold.ts";
import { syntheticProfile } from "./synthetic.case.ts";
import { DeviceTimes } from "./times.ts";

const megabyte = 2 ** 20;
const raw = {
  ...syntheticProfile(),
  residency: [
    { matrixBytes: megabyte, bytes: [16, 24, 32, 40].map((size) => size * megabyte), share: [0, 0.3, 0.7, 1] },
  ],
};
const models = chooseCheckModels(Infinity, 1);

/** Speeds of a device with the profile's operations whose weights are streamed from `share` of the bytes on. */
function speedsOf(share: number) {
  const residency = raw.residency.map((curve) => ({ ...curve, bytes: curve.bytes.map((size) => size * share) }));
  const times = new DeviceTimes({ ...raw, residency });
  return models.map(({ spec, prompt, context }) => ({
    prefill: [(1e6 * prompt) / times.passMicroseconds(spec, prompt, 0, plainFactors)],
    decode: [1e6 / times.passMicroseconds(spec, 1, context, plainFactors)],
  }));
}

it("keeps the residency, and factors of 1, where models agree with it", () => {
  const held = holdAgainstModels(raw, models, speedsOf(1));
  expect(held.residency).toEqual(raw.residency);
  expect(held.deviation.decode).toBeLessThan(0.005);
  expect(held.factors.decode.matrices).toBeCloseTo(1, 1);
  expect(held.checks).toHaveLength(2 * models.length);
  for (const { measuredMs, predictedMs } of held.checks)
    expect(Math.abs(predictedMs / measuredMs - 1)).toBeLessThan(0.01);
});

it("finds the bytes that models find room for", () => {
  const held = holdAgainstModels(raw, models, speedsOf(0.6));
  expect(held.residency[0]!.bytes[0]! / raw.residency[0]!.bytes[0]!).toBeCloseTo(0.6, 1);
  expect(held.deviation.decode).toBeLessThan(0.01);
});
