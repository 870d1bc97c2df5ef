// Calibrates a device: measures every kind of operation over a grid of shapes, then whole models, and makes a profile that
// predicts any architecture. Through the Backend interface alone, so the same code runs in Node and in a browser's worker.
import { type MachineFacts, machineFacts } from "../../devices/machine.ts";
import { HandheldError } from "../../errors.ts";
import type { Backend } from "../../kernels/backend.ts";
import type { Spec } from "../../spec/spec.ts";
import { type CheckModel, chooseCheckModels, stepModels } from "./check-models.ts";
import { type FactorFit, fitFactors, type Observation, plainFactors, total } from "./factors.ts";
import type { Check, LatencyProfile, Phase } from "./latency-profile.ts";
import { Operations } from "./operations.ts";
import { pooledDecoder } from "./pooled.ts";
import { Stage } from "./stage.ts";
import { measureSteadily, type SteadyResult } from "./steady.ts";
import { Stopwatch } from "./stopwatch.ts";
import { DeviceTimes, type RawTimes } from "./times.ts";
import { hotWindow, matmul, rowTrial, stageShape, type Trial } from "./trials.ts";
import { median, type TurnSpeeds, timeByTurns } from "./whole-model.ts";

/** Options of {@link calibrateDevice}. */
export interface CalibrationOptions {
  /** Seconds that it may take, about. Default 60. */
  seconds?: number | undefined;
  signal?: AbortSignal | undefined;
  /** How far it is, 0 to 1, and what it measures. */
  onProgress?: ((done: number, what: "operations" | "models") => void) | undefined;
  /** Take the result of a machine that did not stay the same; its `quality.steady` is then false. Default false. */
  acceptUnsteady?: boolean | undefined;
  /** Largest spread and drift of the anchors, as a share. Default 0.1. */
  bound?: number | undefined;
  /** Bytes of weights to walk through, more than the caches hold. Default: 256 MiB, less where memory is short. */
  weightBytes?: number | undefined;
  /** Whole models that its operations are checked with. Default: as many of ours as the seconds allow. */
  models?: readonly CheckModel[] | undefined;
  /** Milliseconds of a clock. Default performance.now. */
  now?: (() => number) | undefined;
}

/** Of the seconds, the share for operations and their retries; the rest is for whole models. */
const operationShare = 0.7;
// What 60 seconds allow: milliseconds of the largest operation, and of a slice of many small ones.
const largestMs = 12;
const sliceMs = 3;

/**
 * Calibrates the device that a backend runs on, with the backend's threads.
 *
 * Needs about 400 MB. Measures some hundred operations up to three times in shuffled order, with three anchors between
 * them; then whole models with random weights, by turns, which say how well the operations add up.
 * @throws HandheldError `unsteady` when the machine did not stay the same (busy, throttled), `aborted`, `out-of-memory`
 * @example
 * ```ts
 * const profile = await calibrateDevice(await createBackend(), { onProgress: console.log });
 * await saveLatencyProfile("this-machine.json", profile);
 * ```
 */
export async function calibrateDevice(backend: Backend, options: CalibrationOptions = {}): Promise<LatencyProfile> {
  const started = performance.now();
  const facts = await machineFacts();
  const weightBytes = options.weightBytes ?? Math.min(256 * 2 ** 20, (facts.memoryBytes ?? 2 ** 32) / 16);
  const stage = new Stage(backend, { weightBytes, cacheBytes: weightBytes / 4, ...stageShape });
  try {
    const calibration = new Calibration(stage, options, started);
    const measured = await calibration.measureOperations();
    const raw = calibration.rawTimes(measured);
    const { models, speeds } = await calibration.measureModels();
    return {
      format: "handheld-latency-profile",
      version: 1,
      date: new Date().toISOString(),
      device: deviceFields(facts),
      ...raw,
      ...hold(raw, models, speeds, measured, (performance.now() - started) / 1000),
    };
  } finally {
    stage.free();
  }
}

class Calibration {
  private readonly stage: Stage;
  private readonly options: CalibrationOptions;
  private readonly started: number;
  private readonly seconds: number;
  /** How much of the usual time there is. */
  private readonly scale: number;
  private readonly stopwatch: Stopwatch;
  private readonly operations: Operations;
  /** Multiply-adds that a product of many tokens does in a microsecond. */
  private readonly rate: number;

  constructor(stage: Stage, options: CalibrationOptions, started: number) {
    this.stage = stage;
    this.options = options;
    this.started = started;
    this.seconds = options.seconds ?? 60;
    this.scale = Math.min(1, this.seconds / 60);
    const now = options.now ?? (() => performance.now());
    this.stopwatch = new Stopwatch(stage, { sliceMs: sliceMs * this.scale, slices: 3, now });
    const arithmetic = this.anchors()[0]!;
    this.rate = arithmetic.work / this.stopwatch.measure(arithmetic);
    this.operations = new Operations(stage, this.rate * largestMs * this.scale * 1000);
  }

  /** Microseconds of each operation. */
  measureOperations(): Promise<SteadyResult> {
    const { stopwatch } = this;
    const { trials } = this.operations;
    const anchors = this.anchors();
    let [spentMs, count] = [0, 0];
    const measure = (trial: Trial) => {
      const started = performance.now();
      const time = stopwatch.measure(trial);
      spentMs += performance.now() - started;
      count++;
      return time;
    };
    return measureSteadily(trials.length, (i) => measure(trials[i]!), {
      anchors: anchors.map(({ name }) => name),
      readAnchors: () => {
        stopwatch.measureFiller();
        return anchors.map(measure);
      },
      visits: 3,
      batch: 24,
      hasTimeFor: (more) => (more * spentMs) / count < operationShare * this.seconds * 1000 - this.elapsedMs(),
      bound: this.options.bound,
      acceptUnsteady: this.options.acceptUnsteady === true,
      pause: (done) => this.pause(operationShare * done),
    });
  }

  /** The tables of measured operations, and what a pass takes besides them. */
  rawTimes({ values }: SteadyResult): RawTimes {
    const raw = this.operations.rawTimes(values);
    const { small, large } = stepModels(this.stage.backend.serialWork);
    const steps = [small, large].map(
      (spec) => this.timeStep(spec) - total(new DeviceTimes(raw).pass(spec, 1, 0), plainFactors),
    );
    const [serialStep, threadedStep] = steps.map((step) => Math.max(leastStep, step));
    raw.threaded.step = threadedStep!;
    if (raw.serial) raw.serial.step = serialStep!;
    return raw;
  }

  async measureModels(): Promise<{ models: readonly CheckModel[]; speeds: TurnSpeeds[] }> {
    const { options } = this;
    const models = options.models ?? chooseCheckModels(this.rate, this.seconds - this.elapsedMs() / 1000);
    const speeds = await timeByTurns(models, (spec) => this.open(spec), {
      rounds: 3,
      repeats: 3,
      repeatSeconds: 0.03 * this.scale,
      now: options.now,
      signal: options.signal,
      onTurn: (done, all) => options.onProgress?.(operationShare + ((1 - operationShare) * done) / all, "models"),
    });
    return { models, speeds };
  }

  /** Microseconds of the first token of a model. */
  private timeStep(spec: Spec): number {
    const decoder = this.open(spec);
    const session = decoder.createSession({ capacity: 8 });
    const append = () => {
      session.truncate(0);
      session.append([1]);
    };
    try {
      return this.stopwatch.measure({
        name: "step",
        countedWork: Infinity,
        work: 0,
        serial: false,
        prepare: () => append,
      });
    } finally {
      session.close();
      decoder.close();
    }
  }

  private open(spec: Spec) {
    this.stage.rewind();
    return pooledDecoder(this.stage.backend, spec, (bytes) => this.stage.nextWeights(bytes));
  }

  private anchors(): Trial[] {
    const { stage } = this;
    return [
      { ...matmul(stage, [64, 512, 512], hotWindow, false)!, name: "arithmetic" },
      { ...matmul(stage, [1, 2048, 2048], stage.weightBytes, false)!, name: "memory" },
      { ...rowTrial(stage, "rmsNorm", [1, 512], false)!, name: "small operations" },
    ];
  }

  private elapsedMs(): number {
    return performance.now() - this.started;
  }

  private async pause(done: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve)); // lets Ctrl-C, and a page's messages, in
    if (this.options.signal?.aborted) throw new HandheldError("aborted", "stopped while calibrating");
    this.options.onProgress?.(Math.min(1, done), "operations");
  }
}

// Microseconds: a pass takes some time, whatever the noise says.
const leastStep = 0.5;

function deviceFields({
  platform,
  arch,
  cpuModel,
  cores,
  memoryBytes,
  runtime,
}: MachineFacts): LatencyProfile["device"] {
  return { platform, arch, cpuModel, cores, memoryBytes, runtime };
}

/** Holds measured models against their operations. */
function hold(
  raw: RawTimes,
  models: readonly CheckModel[],
  speeds: readonly TurnSpeeds[],
  { anchors, bound, steady, retried, values }: SteadyResult,
  seconds: number,
): Pick<LatencyProfile, "factors" | "deviation" | "quality"> {
  const times = new DeviceTimes(raw);
  const checks: Check[] = [];
  const compare = (phase: Phase): FactorFit => {
    const observations = models.map(({ spec, prompt, context }, i): Observation => {
      const [tokens, position] = phase === "prefill" ? [prompt, 0] : [1, context];
      const measured = (1e6 * tokens) / median(speeds[i]![phase]);
      return { times: { ...times.pass(spec, tokens, position) }, measured };
    });
    const fitted = fitFactors(observations);
    observations.forEach(({ measured }, i) => {
      const predictedMs = fitted.predicted[i]! / 1000;
      checks.push({ model: models[i]!.name, phase, measuredMs: measured / 1000, predictedMs });
    });
    return fitted;
  };
  const [prefill, decode] = [compare("prefill"), compare("decode")];
  return {
    factors: { prefill: prefill.factors, decode: decode.factors },
    deviation: { prefill: prefill.deviation, decode: decode.deviation },
    quality: { steady, bound, anchors, retried, points: values.length, seconds, checks },
  };
}
