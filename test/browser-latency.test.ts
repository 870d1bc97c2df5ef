// Calibration and verification in a worker of a page in Chromium: that they run there and that the profile can be used here.
import { describe, expect, it } from "vitest";
import { createPredictor, parseLatencyProfile } from "../src/search/index.ts";
import { createSpec } from "../src/spec/spec.ts";
import { runInChromium } from "./support/browser-latency.ts";
import { chromiumPath, noChromium } from "./support/chromium.ts";

const spec = createSpec({ layers: 2, width: 64, ffnWidth: 128, heads: 2, vocabulary: 512, context: 128 });

describe.skipIf(chromiumPath === undefined)(`the latency model in Chromium (${noChromium})`, () => {
  it("calibrates, verifies, and sends a profile that predicts", async () => {
    const { profile, results } = await runInChromium({
      threads: 2,
      // A test's machine is busy, and the figures do not matter here.
      calibration: {
        seconds: 0.3,
        weightBytes: 8 * 2 ** 20,
        acceptUnsteady: true,
        models: [{ name: "small", spec, prompt: 16, context: 40 }],
      },
      specs: [spec],
      verification: { prompt: 16, context: 40, rounds: 1 },
    });
    expect(parseLatencyProfile(profile)).toEqual(profile);
    expect(profile.device.runtime.name).toBe("chrome");
    expect(profile.engine).toMatchObject({ threads: 2, simd: "relaxed" });
    const predicted = createPredictor(profile).speed(spec, { prompt: 16, context: 40 });
    // Chromium's logarithms and Node's may differ in the last digit.
    for (const part of ["value", "low", "high"] as const) {
      expect(results[0]!.decode.predicted![part] / predicted.decodeTokensPerSecond[part]).toBeCloseTo(1, 9);
    }
    expect(results[0]!.decode.tokensPerSecond).toBeGreaterThan(0);
  }, 180_000);
});
