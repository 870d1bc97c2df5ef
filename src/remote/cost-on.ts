// The cost of a model on a device: the job `cost`, its points as they come, and energy that is counted from outside where the
// device cannot count it.
import { isSamePoint } from "../cost/measure.ts";
import type { CostPoint, SustainedRun } from "../cost/result.ts";
import type { AndroidMeter } from "../devices/energy/android.ts";
import type { Spec } from "../spec/spec.ts";
import type { Device, JobEvent } from "./device.ts";
import type { CostPart } from "./jobs/cost.ts";
import type { JobParams, JobResult } from "./jobs.ts";

/** Options of {@link costOn}: those of measureCost that can be sent. */
export interface CostOnOptions extends Omit<JobParams<"cost">, "spec" | "hostMeterSeconds"> {
  signal?: AbortSignal | undefined;
  /** Hears each measured point, also before a device is lost: give them as `done` to go on later. */
  onPoint?: ((point: CostPoint) => void) | undefined;
  /** Also hears progress, notes and restarts. */
  onEvent?: ((event: JobEvent) => void) | undefined;
}

/**
 * Measures a model with random weights on a device.
 *
 * @throws HandheldError as measureCost does; DeviceError
 * @example
 * ```ts
 * const { cost, facts } = await costOn(await openDevice("ssh:pi@board"), spec, { forms: ["int4"], sustainedSeconds: 300 });
 * ```
 */
export async function costOn(device: Device, spec: Spec, options: CostOnOptions = {}): Promise<JobResult<"cost">> {
  const { signal, onPoint, onEvent, ...asked } = options;
  const outside = await device.openMeter?.();
  const watch = outside?.meter ? new Watch(outside.meter) : null;
  const heard: Promise<CostPoint>[] = [];
  const hear = (event: JobEvent) => {
    onEvent?.(event);
    if (event.type === "restarted") watch?.forget();
    if (event.type !== "part") return;
    const part = event.value as CostPart;
    if (part.type === "reading") watch?.read(part.count, part.seconds);
    else if (part.type === "stretch") watch?.feel();
    else heard.push(hearPoint(watch === null ? part.point : watch.count(part.point)));
  };
  const hearPoint = async (counted: CostPoint | Promise<CostPoint>) => {
    const point = await counted;
    onPoint?.(point);
    return point;
  };
  try {
    const params = { ...asked, spec, hostMeterSeconds: outside?.meter?.shortestSeconds };
    const { cost, facts } = await device.run("cost", params, { signal, onEvent: hear });
    if (outside === undefined) return { cost, facts };
    const energy = { source: watch?.source ?? null, note: watch?.problem ?? outside.note };
    if (watch === null) return { cost: { ...cost, energy }, facts };
    const counted = await Promise.all(heard);
    const points = cost.points.map((point) => counted.find((other) => isSamePoint(point, other)) ?? point);
    return { cost: { ...cost, points, energy, sustained: watch.warm(cost.sustained) }, facts };
  } finally {
    await Promise.allSettled(heard);
    await outside?.meter?.close();
  }
}

/** Reads a meter here whenever a device says that it is the moment, see hostMeter in ./jobs/cost.ts. */
class Watch {
  /** Why joules are missing; null while none are. */
  problem: string | null = null;
  private readonly meter: AndroidMeter;
  private readonly counter: Promise<() => Promise<number>>;
  /** By count: the device's clock, and joules here. */
  private readings = new Map<number, { seconds: number; joules: Promise<number> }[]>();
  private celsius: (number | null)[] = [];

  constructor(meter: AndroidMeter) {
    this.meter = meter;
    this.counter = meter.start();
  }

  /** Null where joules are missing. */
  get source(): string | null {
    return this.problem === null ? this.meter.source : null;
  }

  read(count: number, seconds: number): void {
    const joules = this.counter
      .then((read) => read())
      .catch((error: Error) => {
        this.problem ??= error.message;
        return Number.NaN;
      });
    this.readings.set(count, [...(this.readings.get(count) ?? []), { seconds, joules }]);
  }

  /** The point with joules per token instead of seconds. */
  async count(point: CostPoint): Promise<CostPoint> {
    const [prefill, decode] = [...this.readings.values()].slice(-2);
    this.readings = new Map();
    const joules = async (secondsPerToken: number | null, readings: typeof prefill) => {
      const [first, last] = [readings?.at(0), readings?.at(-1)];
      if (secondsPerToken === null || first === undefined || last === undefined) return null;
      const watts = ((await last.joules) - (await first.joules)) / (last.seconds - first.seconds);
      return watts >= 0 ? secondsPerToken * watts : null;
    };
    return {
      ...point,
      prefillJoulesPerToken: await joules(point.prefillJoulesPerToken, prefill),
      decodeJoulesPerToken: await joules(point.decodeJoulesPerToken, decode),
    };
  }

  /** A stretch of a sustained run has ended. */
  feel(): void {
    this.celsius.push(this.meter.celsius);
  }

  /** The run with temperatures where the device itself knew none. */
  warm(run: SustainedRun | null): SustainedRun | null {
    if (run === null) return null;
    return {
      ...run,
      points: run.points.map((one, i) => ({ ...one, celsius: one.celsius ?? this.celsius[i] ?? null })),
    };
  }

  /** The device began again. */
  forget(): void {
    this.readings = new Map();
    this.celsius = [];
  }
}
