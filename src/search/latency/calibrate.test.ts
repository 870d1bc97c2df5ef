// A calibration and a verification on real kernels, short and small: what they leave, not how fast the machine is.
import { describe, expect, it } from "vitest";
import { createBackend, detectSimd } from "../../kernels/index.ts";
import { tinySpec } from "../../model/tiny.case.ts";
import { calibrateDevice } from "./calibrate.ts";
import { parseLatencyProfile } from "./latency-profile.ts";
import { createPredictor } from "./predictor.ts";
import { verifyCandidates } from "./verify.ts";

// Tests run beside others: no machine is steady then.
const models = [2, 4, 6].map((layers) => {
  return { name: `${layers} layers`, spec: tinySpec({ layers, context: 128 }), prompt: 16, context: 40 };
});
const quick = { seconds: 0.3, weightBytes: 8 * 2 ** 20, acceptUnsteady: true, models };

describe.skipIf(detectSimd() === "none")("calibration", () => {
  it("makes a profile that predicts, and frees what it took", async () => {
    for (const threads of [1, 2]) {
      const backend = await createBackend({ threads });
      const progress: number[] = [];
      const profile = await calibrateDevice(backend, { ...quick, onProgress: (done) => progress.push(done) });
      expect(backend.allocatedBytes).toBe(0);
      expect(parseLatencyProfile(JSON.parse(JSON.stringify(profile)))).toEqual(profile);
      expect(profile.engine).toMatchObject({ threads, serialWork: backend.serialWork });
      expect(profile.serial === null).toBe(threads === 1);
      expect(profile.quality.anchors.map(({ name }) => name)).toEqual(["compute", "memory"]);
      expect(profile.quality.checks.map(({ model, phase }) => `${phase} ${model}`)).toEqual([
        "prefill 2 layers",
        "prefill 4 layers",
        "prefill 6 layers",
        "decode 2 layers",
        "decode 4 layers",
        "decode 6 layers",
      ]);
      expect(progress).toEqual(progress.toSorted((a, b) => a - b));
      expect(progress.at(-1)).toBe(1);
      const speed = createPredictor(profile).speed(tinySpec(), { prompt: 8, context: 8 });
      expect(speed.decodeTokensPerSecond.value).toBeGreaterThan(0);
      await backend.close();
    }
  }, 120_000);

  it("stops when aborted, and refuses a machine whose anchors disagree", async () => {
    const backend = await createBackend({ threads: 1 });
    await expect(calibrateDevice(backend, { ...quick, signal: AbortSignal.abort() })).rejects.toThrow("stopped");
    const strict = { ...quick, acceptUnsteady: false, bound: 1e-9 };
    await expect(calibrateDevice(backend, strict)).rejects.toMatchObject({ code: "unsteady" });
    expect(backend.allocatedBytes).toBe(0);
    await backend.close();
  }, 120_000);
});

describe.skipIf(detectSimd() === "none")("verification", () => {
  it("measures candidates by turns beside what was predicted", async () => {
    const backend = await createBackend({ threads: 1 });
    const specs = [tinySpec({ context: 128 }), tinySpec({ context: 128, layers: 3, width: 64 })];
    const turns: string[] = [];
    const predictor = createPredictor(await calibrateDevice(backend, quick));
    const results = await verifyCandidates(backend, specs, {
      prompt: 16,
      context: 40,
      rounds: 2,
      anchors: { times: [], weightBytes: 1, halfStreamed: 1 }, // whatever the machine does
      predictor,
      onProgress: (done, total) => turns.push(`${done}/${total}`),
    });
    expect(turns).toEqual(["1/4", "2/4", "3/4", "4/4"]);
    expect(results.map(({ spec }) => spec)).toEqual(specs);
    for (const { spec, prefill, decode } of results) {
      const speed = predictor.speed(spec, { prompt: 16, context: 40 });
      expect(prefill.rounds).toHaveLength(2);
      expect(prefill.tokensPerSecond).toBeGreaterThan(0);
      expect(prefill.predicted).toEqual(speed.prefillTokensPerSecond);
      expect(decode.predicted).toEqual(speed.decodeTokensPerSecond);
    }
    expect(backend.allocatedBytes).toBe(0);
    await backend.close();
  }, 120_000);
});
