// handheld bench: how fast a model runs here. Numbers come with device, threads, context, repeats and spread.
import { type MachineFacts, machineFacts } from "../../devices/machine.ts";
import { defaultWorkingSet, measureSpeeds } from "../../devices/probe.ts";
import { formatBytes, formatCount, formatDuration, formatPercent, formatRate } from "../../format.ts";
import { createBackend } from "../../kernels/index.ts";
import type { Decoder } from "../../model/decoder.ts";
import type { WeightFormat } from "../../model/weights.ts";
import { mostDecoded, type Speed, timeDecode, timePrefill } from "../../search/timing.ts";
import { countParameters, decodeBytes } from "../../spec/arithmetic.ts";
import type { Spec } from "../../spec/spec.ts";
import { type Action, defineFrame } from "../command.ts";
import type { CommandIo } from "../io.ts";
import { locateModel, modelHelp } from "../model-source.ts";
import { flag, integer, integers, required, text } from "../options.ts";
import { formatTable } from "../table.ts";
import { openForBench } from "./bench-model.ts";
import { type BenchProfile, describeProfile, drawProfile, profileModel } from "./bench-profile.ts";
import { weightsOption } from "./shared.ts";

export const benchFrame = defineFrame({
  name: "bench",
  summary: "Measure a model's speed, load time and memory on this device",
  details:
    "Takes a model directory, a JSON file with a spec, or the name of a preset; where there are no weights, random ones are\n" +
    "made (speed does not depend on their values). A speed is the median of the repeats, its spread (fastest − slowest) ÷\n" +
    "median. Prefill puts a prompt into an empty cache; decode adds one token at a time behind a context; neither samples.\n" +
    "With --profile, each is measured once more and its time split by operator (greedy sampling included).",
  arguments: { model: required("<model>", `${modelHelp}, spec file, or preset`) },
  options: {
    prefill: integers("--prefill <list>", "prompt lengths, in tokens", { min: 1, max: 1 << 20 }, [64, 256, 1024]),
    decode: integers("--decode <list>", "contexts to decode at, in tokens", { min: 0, max: 1 << 20 }, [64, 256, 1024]),
    repeats: integer(
      "--repeats <n>",
      "repeats of each measurement (fewer, but three, where they take long)",
      { min: 1 },
      5,
    ),
    weights: weightsOption,
    profile: flag("--profile", "also say where time and memory go, by operator"),
    svg: text("--svg <file>", "where --profile draws its bars", "profile.svg"),
  },
  examples: [
    ["bench runs/calls/int4", "a model you made"],
    ["bench PhoneLM-0.5B --threads 2", "a published architecture with random int4 weights"],
    ["bench MobileLLM-125M --profile", "where the time goes, as a table and as bars in profile.svg"],
    ["bench spec.json --decode 64 --json", "a spec file; one JSON object for scripts"],
  ],
});

interface BenchResult {
  model: string;
  weights: string;
  format: WeightFormat;
  spec: Spec;
  parameters: number;
  threads: number;
  simd: string;
  /** Read bandwidth with the same threads. */
  bandwidthGBps: number;
  loadMs: number;
  /** Of the whole process after the measurements: model, workspace and the longest cache. */
  residentBytes: number;
  prefill: ({ tokens: number } & Speed)[];
  decode: ({ context: number } & Speed)[];
  /** With --profile. */
  profile?: BenchProfile;
}

export const runBench: Action<typeof benchFrame> = async (options, io) => {
  const source = await locateModel(options.model, io);
  const backend = await createBackend({ threads: options.threads });
  try {
    const longest = Math.max(...options.prefill, ...options.decode) + mostDecoded;
    const started = performance.now();
    const found = await openForBench(backend, source, longest, options.seed, options.weights);
    const opened = { ...found, model: options.model };
    const loadMs = performance.now() - started;
    const measured = await measure(opened.decoder, options, io);
    const profile = options.profile ? await profileModel(opened.decoder, options, io) : undefined;
    opened.decoder.close();
    const facts = await machineFacts();
    const bandwidthGBps = measureSpeeds(backend, defaultWorkingSet(backend, facts.memoryBytes), io.signal).readGBps;
    const { simd, threads } = backend;
    const { decoder, ...about } = opened;
    const parameters = countParameters(decoder.spec).total;
    const result: BenchResult = {
      ...about,
      spec: decoder.spec,
      format: decoder.weights.format,
      parameters,
      threads,
      simd,
      bandwidthGBps,
      loadMs,
      ...measured,
      ...(profile && { profile }),
    };
    io.print(describeBench(result));
    if (profile) await showProfile(result, profile, facts, options.svg, io);
    const { spec: _, ...numbers } = result;
    io.result(numbers);
  } finally {
    await backend.close();
  }
};

async function showProfile(
  { model, weights, threads, simd }: BenchResult,
  profile: BenchProfile,
  { cpuModel, arch, runtime }: MachineFacts,
  file: string,
  io: CommandIo,
): Promise<void> {
  const device = `${cpuModel ?? arch}, ${runtime.name} ${runtime.version}, ${countThreads(threads)}, ${simd} SIMD`;
  await drawProfile(file, `${model}, ${weights}`, device, profile);
  io.print(`\n${describeProfile(profile)}\n\n  bars: ${file}`);
}

function countThreads(threads: number): string {
  return `${threads} ${threads === 1 ? "thread" : "threads"}`;
}

type Sizes = { prefill: readonly number[]; decode: readonly number[]; repeats: number };

async function measure(decoder: Decoder, sizes: Sizes, io: CommandIo) {
  const timing = { repeats: sizes.repeats, signal: io.signal };
  const progress = io.progress("Timing", { total: sizes.prefill.length + sizes.decode.length, unit: "measurements" });
  const prefill: BenchResult["prefill"] = [];
  const decode: BenchResult["decode"] = [];
  const step = (note: string) => progress.update(prefill.length + decode.length, note);
  for (const tokens of sizes.prefill) {
    step(`prefill of ${tokens}`);
    prefill.push({ tokens, ...(await timePrefill(decoder, tokens, timing)) });
  }
  for (const context of sizes.decode) {
    step(`decode at ${context}`);
    decode.push({ context, ...(await timeDecode(decoder, context, timing)) });
  }
  progress.finish();
  return { residentBytes: process.memoryUsage().rss, prefill, decode };
}

function describeBench(result: BenchResult): string {
  const { spec, bandwidthGBps } = result;
  const row = (what: string, at: number, speed: Speed, note: string) => [
    what,
    String(at),
    formatRate(speed.tokensPerSecond),
    formatPercent(speed.spread, 0),
    String(speed.repeats),
    note,
  ];
  const share = (context: number, speed: Speed) => {
    const used = (decodeBytes(spec, context, result.format) * speed.tokensPerSecond) / 1e9;
    return `${formatRate(used)} GB/s, ${formatPercent(used / bandwidthGBps, 0)} of the bandwidth`;
  };
  const columns = [
    { title: "" },
    { title: "tokens", numeric: true },
    { title: "tok/s", numeric: true },
    { title: "spread", numeric: true },
    { title: "repeats", numeric: true },
    { title: "reads" },
  ];
  return [
    `  ${result.model}: ${formatCount(result.parameters)} parameters, ${result.weights}`,
    `  ${countThreads(result.threads)}, ${result.simd} SIMD, read bandwidth ${formatRate(bandwidthGBps)} GB/s`,
    `  ready in ${formatDuration(result.loadMs / 1000)}, process ${formatBytes(result.residentBytes)}`,
    "",
    formatTable(columns, [
      ...result.prefill.map((speed) => row("prefill", speed.tokens, speed, "")),
      ...result.decode.map((speed) => row("decode at", speed.context, speed, share(speed.context, speed))),
    ]),
  ].join("\n");
}
