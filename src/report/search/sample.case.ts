// A finding for tests of the search's report: a real search over a device whose times are known, with measurements and
// proxies made up to look like real ones.
import {
  createFinding,
  createObjective,
  createPredictor,
  createSpace,
  type Finding,
  loadSpace,
  search,
} from "../../search/index.ts";
import { syntheticProfile } from "../../search/latency/synthetic.case.ts";
import { preset } from "../../spec/presets.ts";
import { createSpec, type Spec } from "../../spec/spec.ts";

/** The PhoneLM space at 1.6 B. Deterministic but for its date. */
export async function sampleFinding(spaceName = "phonelm"): Promise<Finding> {
  const predictor = createPredictor(syntheticProfile());
  const objective = createObjective("ttft@256+64", 256);
  const reference = { name: "PhoneLM-1.5B", spec: preset("PhoneLM-1.5B") };
  const space = await loadSpace(spaceName);
  const result = await search({ space, budget: { min: 1.6e9, max: 1.64e9 }, predictor, objective, floor: reference });
  const shapes = [...result.top.slice(0, 3).map(({ spec }) => spec), reference.spec];
  const verified = shapes.map((spec, i) => ({
    spec,
    ...speedsNear(predictor.speed(spec, objective.at), 0.98 + 0.02 * i),
    disturbed: false,
  }));
  const device = {
    name: "AMD EPYC 9B14, Node 24.11",
    date: "2026-03-14T09:26:53.589Z",
    threads: 2,
    engine: "wasm, relaxed",
    profile: null,
    steady: true,
    deviation: { prefill: 0.03, decode: 0.02 },
  };
  return createFinding({ result, device, seed: 1, verified, proxy: sampleProxies(shapes) });
}

/** A finding of a space with one shape, where charts have a single point. */
export async function tinyFinding(): Promise<Finding> {
  const space = createSpace({
    vocabulary: 1024,
    layers: 4,
    width: 128,
    ffnRatio: { min: 3, max: 3 },
    headSize: 32,
    parameters: { min: 0.9e6, max: 1.1e6 },
  });
  const predictor = createPredictor(syntheticProfile());
  const result = await search({ space, predictor, objective: createObjective("memory", 64) });
  const device = {
    name: "<script>alert(1)</script>",
    date: "2026-03-14T09:26:53.589Z",
    threads: 1,
    engine: "wasm",
    profile: null,
    steady: false,
    deviation: { prefill: 0.03, decode: 0.02 },
  };
  return createFinding({ result, device, seed: 1 });
}

type Speeds = ReturnType<ReturnType<typeof createPredictor>["speed"]>;

function speedsNear(predicted: Speeds, factor: number) {
  const one = (estimate: Speeds["decodeTokensPerSecond"], off: number) => {
    const tokensPerSecond = estimate.value * off;
    const rounds = [tokensPerSecond * 0.99, tokensPerSecond, tokensPerSecond * 1.02];
    return { tokensPerSecond, pace: 1, spread: 0.03, rounds, predicted: estimate };
  };
  return {
    prefill: one(predicted.prefillTokensPerSecond, 2 - factor),
    decode: one(predicted.decodeTokensPerSecond, factor),
  };
}

function sampleProxies(targets: readonly Spec[]): Finding["proxy"] {
  const small = (layers: number) =>
    createSpec({ layers, width: 128, ffnWidth: 384, heads: 4, vocabulary: 1024, context: 128 });
  const candidates = targets.map((target, i) => ({
    target,
    proxy: small(2 + i),
    losses: [4.1 - 0.02 * i, ...(i < 2 ? [3.6 - 0.03 * i] : []), ...(i === 1 ? [3.31] : [])],
  }));
  return { where: "wikitext.txt", rungTokens: [400_000, 800_000, 1_600_000], candidates };
}
