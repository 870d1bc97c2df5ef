// How well the latency model predicts whole models: a device is calibrated, then architectures that the calibration has
// never seen are predicted and measured, decode and prefill. Run after `npm run build`:
//   node bench/latency-model.ts [--models 48] [--rounds 3] [--seed 1] [--threads 2] [--prompt 64] [--context 128] [--seconds 60]
//     [--profile <file>] [--save <file>] [--largest 1.5e9] [--clock wall|cpu] [--chromium] [--patience 120] [--accept-unsteady] [--json]
// The architectures are a seeded draw, evenly over the logarithm of the parameters from 50 M to `--largest`: depth, width,
// FFN ratio, MHA and GQA, ReLU and SiLU, tied or not, vocabularies of 32 k to 152 k, layer sharing. `--profile` uses a
// profile instead of calibrating (`--save` writes one). `--patience`: seconds to wait and measure again, in all, while the
// machine is not as it was when it was calibrated. `--clock cpu` counts the processor time of one thread, for machines
// that others use: only with `--threads 1`. `--chromium` calibrates and measures in
// a page there. What is aimed at: 95 % within ± 10 %, a median error of 4 %, Spearman 0.98.
import { availableParallelism, cpus } from "node:os";
import { parseArgs } from "node:util";
import { createBackend } from "../src/kernels/index.ts";
import {
  calibrateDevice,
  createPredictor,
  type LatencyProfile,
  readLatencyProfile,
  saveLatencyProfile,
  untilSteady,
  type VerifiedCandidate,
  verifyCandidates,
} from "../src/search/latency/index.ts";
import { spearman } from "../src/search/statistics.ts";
import { countParameters } from "../src/spec/arithmetic.ts";
import type { Spec } from "../src/spec/spec.ts";
import { runInChromium } from "../test/support/browser-latency.ts";
import { median } from "./fresh.ts";
import { drawArchitectures } from "./latency-model-specs.ts";

const { values: options } = parseArgs({
  options: {
    models: { type: "string", default: "48" },
    rounds: { type: "string", default: "3" },
    seed: { type: "string", default: "1" },
    threads: { type: "string", default: String(Math.min(8, availableParallelism())) },
    prompt: { type: "string", default: "64" },
    context: { type: "string", default: "128" },
    seconds: { type: "string", default: "60" },
    largest: { type: "string", default: "1.5e9" },
    profile: { type: "string" },
    save: { type: "string" },
    clock: { type: "string", default: "wall" },
    chromium: { type: "boolean", default: false },
    patience: { type: "string", default: "120" },
    "accept-unsteady": { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});

const now = options.clock === "cpu" ? cpuMilliseconds : undefined;
const threads = Number(options.threads);
const specs = drawArchitectures(Number(options.models), Number(options.seed), 50e6, Number(options.largest));
const verification = {
  prompt: Number(options.prompt),
  context: Number(options.context),
  rounds: Number(options.rounds),
  patienceSeconds: Number(options.patience),
};
const calibration = { seconds: Number(options.seconds), acceptUnsteady: options["accept-unsteady"] };
const { profile, results } = options.chromium
  ? await runInChromium({ threads, calibration, specs, verification })
  : await runHere();
if (options.save !== undefined) await saveLatencyProfile(options.save, profile);
report(results);

async function runHere(): Promise<{ profile: LatencyProfile; results: VerifiedCandidate[] }> {
  const backend = await createBackend({ threads });
  const calibrate = () =>
    calibrateDevice(backend, {
      ...calibration,
      now,
      onProgress: (done, what) => progress(what)(Math.round(100 * done), 100),
    });
  const profile =
    options.profile === undefined
      ? await untilSteady(calibrate, { onRetry: (reason) => console.error(`calibrating again: ${reason}`) })
      : await readLatencyProfile(options.profile);
  const predictor = createPredictor(profile);
  const results = await verifyCandidates(backend, specs, {
    ...verification,
    predictor,
    now,
    onProgress: progress("models"),
  });
  await backend.close();
  return { profile, results };
}

function cpuMilliseconds(): number {
  if (threads > 1) throw new Error("--clock cpu counts one thread: add --threads 1");
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function progress(what: string): (done: number, total: number) => void {
  return (done, total) => {
    if (process.stderr.isTTY) process.stderr.write(`\r${what} ${done}/${total}   `);
  };
}

function report(results: readonly VerifiedCandidate[]): void {
  const summary = { prefill: summarize(results, "prefill"), decode: summarize(results, "decode") };
  const about = {
    device: `${cpus()[0]?.model.trim() ?? "unknown processor"}, ${availableParallelism()} cores`,
    runtime: profile.device.runtime,
    threads,
    clock: options.clock,
    ...verification,
    seed: Number(options.seed),
    calibrationSeconds: profile.quality.seconds,
    steady: profile.quality.steady,
    anchors: profile.quality.anchors.map(({ name, spread, drift }) => ({ name, spread, drift })),
    factors: profile.factors,
    deviation: profile.deviation,
  };
  if (options.json) {
    console.log(JSON.stringify({ about, summary, results }));
    return;
  }
  console.log(JSON.stringify(about, null, 1));
  console.log("\n| architecture | parameters | prefill tok/s: measured (spread), predicted | error | decode | error |");
  console.log("|:--|--:|--:|--:|--:|--:|");
  for (const { spec, prefill, decode } of results) {
    const cells = [prefill, decode].flatMap((speed) => [
      `${speed.tokensPerSecond.toFixed(1)} (${percent(speed.spread)}), ${speed.predicted!.value.toFixed(1)}`,
      percent(errorOf(speed)),
    ]);
    console.log(`| ${titleOf(spec)} | ${(countParameters(spec).total / 1e6).toFixed(0)} M | ${cells.join(" | ")} |`);
  }
  for (const [phase, { within, medianError, spearman, inInterval, disturbed }] of Object.entries(summary)) {
    console.log(
      `\n${phase}: ${percent(within)} of ${results.length} within ± 10 %, median error ${percent(medianError)}, ` +
        `Spearman ${spearman.toFixed(4)}, ${percent(inInterval)} within their interval, ${disturbed} disturbed`,
    );
  }
}

type Speed = VerifiedCandidate["decode"];

/** Predicted ÷ measured − 1. */
function errorOf({ tokensPerSecond, predicted }: Speed): number {
  return predicted!.value / tokensPerSecond - 1;
}

function summarize(results: readonly VerifiedCandidate[], phase: "prefill" | "decode") {
  const speeds = results.map((one) => one[phase]);
  const errors = speeds.map((speed) => Math.abs(errorOf(speed)));
  const share = (holds: (speed: Speed) => boolean) => speeds.filter(holds).length / speeds.length;
  return {
    within: share((speed) => Math.abs(errorOf(speed)) <= 0.1),
    medianError: median(errors),
    spearman: spearman(
      speeds.map((speed) => speed.tokensPerSecond),
      speeds.map((speed) => speed.predicted!.value),
    ),
    disturbed: results.filter((one) => one.disturbed).length,
    inInterval: share(({ tokensPerSecond: x, predicted }) => x >= predicted!.low && x <= predicted!.high),
  };
}

function titleOf(spec: Spec): string {
  const layers = spec.layerRepeat > 1 ? `${spec.layers}×${spec.layerRepeat}` : spec.layers;
  const tied = spec.tiedEmbeddings ? "tied" : "untied";
  return `${layers} × ${spec.width}, FFN ${spec.ffnWidth}, ${spec.heads}/${spec.kvHeads} × ${spec.headSize}, ${spec.activation}, ${spec.vocabulary} ${tied}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
