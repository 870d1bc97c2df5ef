// Calibrates a device: measures every kind of operation over a grid of shapes, then whole models, and makes a profile that
// predicts any architecture. Through the Backend interface alone, so the same code runs in Node and in a browser's worker.
import { type MachineFacts, machineFacts } from "../../devices/machine.ts";
import { HandheldError } from "../../errors.ts";
import type { Backend } from "../../kernels/backend.ts";
import type { Spec } from "../../spec/spec.ts";
import { meanTime } from "../statistics.ts";
import { AnchorReader, anchorNames } from "./anchor-reader.ts";
import { boundBy, meanReading, paceOf, type Reading, readingOf } from "./anchors.ts";
import { type CheckModel, chooseCheckModels, stepModels } from "./check-models.ts";
import { plainFactors, total } from "./factors.ts";
import { Guard } from "./guard.ts";
import { holdAgainstModels } from "./hold.ts";
import type { LatencyProfile } from "./latency-profile.ts";
import { Operations } from "./operations.ts";
import { pooledDecoder } from "./pooled.ts";
import { halfStreamed } from "./residency.ts";
import { rest } from "./rest.ts";
import { Stage } from "./stage.ts";
import { measureSteadily, type SteadyResult } from "./steady.ts";
import { Stopwatch, sliceMs } from "./stopwatch.ts";
import { DeviceTimes, type RawTimes } from "./times.ts";
import { stageShape } from "./trials.ts";
import { speedsOf, type TurnSpeeds, timeByTurns } from "./whole-model.ts";

/** Options of {@link calibrateDevice}. */
export interface CalibrationOptions {
  /** Seconds that it may take, about. Default 60. */
  seconds?: number | undefined;
  signal?: AbortSignal | undefined;
  /** How far it is, 0 to 1, and what it measures. */
  onProgress?: ((done: number, what: "operations" | "models") => void) | undefined;
  /** Take the result of a machine that did not stay the same; its `quality.steady` is then false. Default false. */
  acceptUnsteady?: boolean | undefined;
  /** Beside operations, most by which one anchor may be slower than the other, as a share. Default 0.25. */
  bound?: number | undefined;
  /** Bytes of weights to walk through, more than the caches hold. Default: 256 MiB, less where memory is short. */
  weightBytes?: number | undefined;
  /** Whole models that its operations are checked with. Default: as many of ours as the seconds allow. */
  models?: readonly CheckModel[] | undefined;
  /** Milliseconds of a clock. Default performance.now. */
  now?: (() => number) | undefined;
}

/** Of the seconds, the share for operations and their retries; the rest is for whole models. */
const operationShare = 0.5;
const stepSlices = 16;
/** After this share no further turn of a whole model begins: it has to end, and the fit takes its time. */
const endShare = 0.9;
/** Of what is left for whole models, the share for waiting until the machine is as it was. */
const patienceShare = 0.4;
/** Whole models that must have been measured then; fewer where fewer were asked for. */
const leastModels = 6;
// Milliseconds of the largest operation that 60 seconds allow.
const largestMs = 12;
/** Slices of each operation in a visit, one after all others of its batch: where there are 30 seconds or more, and where not. */
const [passes, fewPasses] = [4, 2];

/**
 * Calibrates the device that a backend runs on, with the backend's threads.
 *
 * Needs about 400 MB. Measures some hundred operations by turns, in up to four visits in shuffled order, with two anchors
 * between them; then whole models with random weights, by turns, which say how well the operations add up.
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
  const stage = new Stage(backend, { weightBytes, cacheBytes: Math.floor(weightBytes / 4), ...stageShape });
  try {
    const calibration = new Calibration(stage, options, started);
    const measured = await calibration.measureOperations();
    const raw = calibration.rawTimes(measured);
    const { models, speeds, steady } = await calibration.measureModels(measured, raw);
    const { checks, ...held } = holdAgainstModels(raw, models, speeds);
    return {
      format: "handheld-latency-profile",
      version: 1,
      date: new Date().toISOString(),
      device: deviceFields(facts),
      ...raw,
      ...held,
      quality: {
        ...qualityOf(measured),
        steady: measured.steady && steady,
        weightBytes: stage.weightBytes,
        seconds: (performance.now() - started) / 1000,
        checks,
      },
    };
  } finally {
    stage.free();
  }
}

/** Whole models whose speeds count, and whether the machine was as beside the operations then. */
interface ModelsMeasured {
  models: readonly CheckModel[];
  speeds: TurnSpeeds[];
  steady: boolean;
}

class Calibration {
  private readonly stage: Stage;
  private readonly options: CalibrationOptions;
  private readonly started: number;
  private readonly seconds: number;
  /** How much of the usual time there is. */
  private readonly scale: number;
  private readonly stopwatch: Stopwatch;
  private readonly anchors: AnchorReader;
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
    this.stopwatch = new Stopwatch(stage, { sliceMs: sliceMs * this.scale, now });
    this.anchors = new AnchorReader(stage, this.stopwatch, stage.weightBytes);
    this.rate = this.anchors.rate();
    this.operations = new Operations(stage, this.rate * largestMs * this.scale * 1000);
  }

  /** Microseconds of each operation. */
  measureOperations(): Promise<SteadyResult> {
    const { stopwatch, anchors } = this;
    const turns = this.scale < 0.5 ? fewPasses : passes;
    let [spentMs, visits] = [0, 0];
    const timed = <T>(measure: () => T): T => {
      const started = performance.now();
      const value = measure();
      spentMs += performance.now() - started;
      return value;
    };
    const items = this.operations.trials.map((trial) => ({
      weights: trial.weights,
      measure: () => {
        visits += 1 / turns;
        return timed(() => stopwatch.slice(trial));
      },
    }));
    return measureSteadily(items, {
      anchors: anchorNames,
      readAnchors: () =>
        timed(() => {
          stopwatch.measureFiller();
          return anchors.read();
        }),
      visits: 4,
      batch: 24,
      passes: turns,
      hasTimeFor: (more) => (more * spentMs) / visits < operationShare * this.seconds * 1000 - this.elapsedMs(),
      bound: this.options.bound,
      acceptUnsteady: this.options.acceptUnsteady === true,
      pause: (done) => this.pause(operationShare * done),
      rest: (ms) => this.rest(ms),
    });
  }

  /** The tables of measured operations, and what a pass takes besides them. */
  rawTimes({ visits, anchors }: SteadyResult): RawTimes {
    const raw = this.operations.rawTimes(visits);
    const { small, large } = stepModels(this.stage.backend.serialWork);
    const step = (spec: Spec) => {
      const operations = total(new DeviceTimes(raw).pass(spec, 1, 0), plainFactors);
      return Math.max(leastStep, this.timeStep(spec, readingOf(anchors)) - operations);
    };
    const smallStep = step(small);
    if (raw.serial) raw.serial.step = smallStep;
    // With one thread the smaller model tells more: less of it is operations.
    raw.threaded.step = raw.serial ? step(large) : smallStep;
    return raw;
  }

  /** Whole models, while the anchors read what they read beside the operations. */
  async measureModels({ anchors }: SteadyResult, { residency }: RawTimes): Promise<ModelsMeasured> {
    const { options } = this;
    const seconds = Math.max(0, this.seconds - this.elapsedMs() / 1000);
    const models = options.models ?? chooseCheckModels(this.rate, (1 - patienceShare) * seconds);
    const guard = new Guard({
      readAnchors: () => this.anchors.read(),
      reference: readingOf(anchors),
      patienceMs: patienceShare * seconds * 1000,
      rest: (ms) => this.rest(ms),
    });
    const started = this.elapsedMs();
    const spent = () => Math.min(1, (this.elapsedMs() - started) / Math.max(1, seconds * 1000));
    const at = (share: number) => operationShare + (1 - operationShare) * share;
    const turns = await timeByTurns(models, (spec) => this.open(spec), {
      rounds: 6,
      repeats: 10,
      repeatSeconds: 0.01 * this.scale,
      budgetSeconds: 0.1 * this.scale,
      hasTime: () => this.elapsedMs() < endShare * this.seconds * 1000,
      guard,
      halfStreamed: halfStreamed(residency),
      now: options.now,
      signal: options.signal,
      onTurn: (done, all) => options.onProgress?.(Math.max(at(done / all), at(spent())), "models"),
    });
    options.onProgress?.(1, "models");
    const speeds = models.map((_, i) => speedsOf(turns, i)!);
    const sound = speeds.map(({ disturbed }) => !disturbed);
    const count = sound.filter(Boolean).length;
    if (count >= Math.min(leastModels, models.length)) {
      return { models: models.filter((_, i) => sound[i]), speeds: speeds.filter((_, i) => sound[i]), steady: true };
    }
    if (options.acceptUnsteady) return { models, speeds, steady: false };
    throw new HandheldError(
      "unsteady",
      `the machine did not stay the same while it was calibrated: beside ${models.length - count} of ${models.length} whole ` +
        "models its anchors were off; end other programs, let it cool, and calibrate again (or accept the unsteady result)",
    );
  }

  /** Microseconds of the first token of a model, as at the anchors' reference. */
  private timeStep(spec: Spec, reference: Reading): number {
    const decoder = this.open(spec);
    const session = decoder.createSession({ capacity: 8 });
    const append = () => {
      session.truncate(0);
      session.append([1]);
    };
    try {
      const weights = boundBy.compute;
      const trial = { name: "step", countedWork: Infinity, work: 0, serial: false, weights, prepare: () => append };
      const readings: Reading[] = [];
      const steps: number[] = [];
      for (let slice = 0; slice < stepSlices; slice++) {
        readings.push(this.anchors.read());
        steps.push(this.stopwatch.slice(trial));
      }
      return meanTime(steps) / paceOf(meanReading(readings), reference, weights);
    } finally {
      session.close();
      decoder.close();
    }
  }

  private open(spec: Spec) {
    this.stage.rewind();
    return pooledDecoder(this.stage.backend, spec, (bytes) => this.stage.nextWeights(bytes));
  }

  private elapsedMs(): number {
    return performance.now() - this.started;
  }

  private async pause(done: number): Promise<void> {
    await this.rest(0); // lets Ctrl-C, and a page's messages, in
    this.options.onProgress?.(Math.min(1, done), "operations");
  }

  private rest(ms: number): Promise<void> {
    return rest(ms, this.options.signal, "stopped while calibrating");
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

function qualityOf({ steady, bound, anchors, retried, visits }: SteadyResult) {
  return { steady, bound, anchors, retried, points: visits.length };
}
