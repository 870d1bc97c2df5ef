// Factors of parts: found again where whole models are exact multiples of their parts, held where nothing is known.
import { expect, it } from "vitest";
import { createRandom } from "../../random.ts";
import { fitFactors, holds, plainFactors, total } from "./factors.ts";

const random = createRandom(2);
const models = Array.from({ length: 14 }, () => ({
  matrices: 500 + 4000 * random.float(),
  repeats: 2000 * random.float(),
  head: 200 + 2000 * random.float(),
  attention: 20 + 900 * random.float(),
  rest: 50 + 300 * random.float(),
  calls: 100 + random.below(800),
}));

it("finds the factors of models that follow them, within 3 %, and predicts each without it", () => {
  const truth = { matrices: 1.1, repeats: 1.3, head: 0.95, attention: 1.3, rest: 1, calls: 0.4 };
  const fit = fitFactors(
    models.map((times) => ({ times, measured: total(times, truth) })),
    holds.prefill,
  );
  expect(fit.factors.matrices / truth.matrices).toBeCloseTo(1, 1);
  expect(fit.factors.calls).toBeGreaterThan(0.1);
  expect(fit.deviation).toBeLessThan(0.03);
  models.forEach((times, i) => {
    expect(Math.abs(fit.predicted[i]! / total(times, truth) - 1)).toBeLessThan(0.06);
  });
});

it("models that add up keep the plain factors; without models nothing changes", () => {
  const exact = fitFactors(
    models.map((times) => ({ times, measured: total(times, plainFactors) })),
    holds.decode,
  );
  for (const part of ["matrices", "head", "attention", "rest"] as const) expect(exact.factors[part]).toBeCloseTo(1, 2);
  expect(exact.factors.calls).toBeCloseTo(0, 1);
  expect(fitFactors([], holds.decode)).toEqual({ factors: plainFactors, predicted: [], deviation: 0 });
});

it("the deviation is that of models off by chance", () => {
  const noisy = models.map((times) => ({
    times,
    measured: total(times, plainFactors) * Math.exp(0.1 * random.normal()),
  }));
  expect(fitFactors(noisy, holds.prefill).deviation).toBeGreaterThan(0.05);
  expect(fitFactors(noisy, holds.prefill).deviation).toBeLessThan(0.25);
});
