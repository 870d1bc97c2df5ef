// Measures what running a model costs here: a grid of prompt and output lengths, weight forms and threads, then a breakdown and
// a sustained run. Knows kernels, models and meters; on other devices it runs as the job `cost` of src/remote.
import { type FoundMeter, openEnergyMeter } from "../devices/energy/meter.ts";
import { machineFacts } from "../devices/machine.ts";
import { HandheldError } from "../errors.ts";
import { formatBytes, significant } from "../format.ts";
import type { Backend, BackendOptions } from "../kernels/index.ts";
import { Decoder } from "../model/decoder.ts";
import { measureEnergy } from "../search/joules.ts";
import { someTokens } from "../search/timing.ts";
import { modelBytes } from "../spec/arithmetic.ts";
import type { Spec } from "../spec/spec.ts";
import { measureBreakdown } from "./breakdown.ts";
import { ascending, type CostForm, type CostOptions, costForms, type Length, planLengths } from "./options.ts";
import { timeRequests } from "./requests.ts";
import { type Cost, type CostPoint, costVersion, type SustainedRun } from "./result.ts";
import { type Stretch, sustain } from "./sustained.ts";

/** Makes a backend with so many threads; where there are fewer, with fewer. */
export type CreateBackend = (options: BackendOptions) => Promise<Backend>;

/**
 * Measures a model on this machine.
 *
 * @throws HandheldError `aborted`, `out-of-memory` when not one form fits, `invalid-option` when no length does
 * @example
 * ```ts
 * const { points } = await measureCost(createBackend, preset("MobileLLM-125M"), { forms: ["int4"], prompts: [64, 512] });
 * points[0]?.firstTokenMs.median; // 96.1
 * ```
 */
export async function measureCost(createBackend: CreateBackend, spec: Spec, options: CostOptions = {}): Promise<Cost> {
  const energy = options.energy ?? (await openEnergyMeter());
  return new Measurement(createBackend, spec, options, energy).run();
}

/** Whether two points are of the same place in the grid. */
export function isSamePoint(a: PointKey, b: PointKey): boolean {
  return a.weights === b.weights && a.threads === b.threads && a.prompt === b.prompt && a.output === b.output;
}

/** What makes a point: see {@link CostPoint}. */
export type PointKey = Pick<CostPoint, "weights" | "threads" | "prompt" | "output">;

class Measurement {
  private readonly createBackend: CreateBackend;
  private readonly spec: Spec;
  private readonly options: CostOptions;
  private readonly energy: FoundMeter;
  private readonly lengths: readonly Length[];
  private readonly threads: readonly (number | undefined)[];
  private readonly forms: readonly CostForm[];
  private readonly points: CostPoint[] = [];
  private readonly notes: string[] = [];
  private breakdown: Cost["breakdown"] = null;
  private readonly work: { done: number; total: number };

  constructor(createBackend: CreateBackend, spec: Spec, options: CostOptions, energy: FoundMeter) {
    this.createBackend = createBackend;
    this.spec = spec;
    this.options = options;
    this.energy = energy;
    this.lengths = planLengths(spec, options, (note) => this.note(note));
    this.threads = options.threads === undefined ? [undefined] : ascending(options.threads).reverse();
    this.forms = [...new Set(options.forms ?? costForms)];
    const grid = this.threads.length * this.forms.length * this.lengths.length;
    this.work = { done: 0, total: grid + (options.breakdown === false ? 0 : 1) + this.sustainedWork };
  }

  async run(): Promise<Cost> {
    const startedAt = new Date().toISOString();
    const began = performance.now();
    this.noteConditions();
    const forms = await this.fittingForms();
    const seen = new Set<number>();
    let simd = "";
    let first: { threads: number | undefined; form: CostForm } | null = null;
    for (const threads of this.threads) {
      const backend = await this.createBackend({ threads });
      try {
        simd = backend.simd;
        if (threads !== undefined && backend.threads !== threads) {
          this.note(`${threads} threads were asked for; there are ${backend.threads} here`);
        }
        if (!seen.has(backend.threads)) {
          seen.add(backend.threads);
          for (const form of forms) if (await this.measureForm(backend, form)) first ??= { threads, form };
        }
      } finally {
        await backend.close();
      }
    }
    if (first === null) throw new HandheldError("out-of-memory", `no form of the model fits: ${this.notes.join("; ")}`);
    const sustained = await this.sustain(first.threads, first.form);
    this.progress(this.work.total, "");
    return {
      version: costVersion,
      simd,
      points: this.points,
      breakdown: this.breakdown,
      sustained,
      energy: { source: this.energy.meter?.source ?? null, note: this.energy.note },
      notes: this.notes,
      startedAt,
      seconds: (performance.now() - began) / 1000,
    };
  }

  /** The grid's points of one form and number of threads; whether the model could be opened. */
  private async measureForm(backend: Backend, form: CostForm): Promise<boolean> {
    const wanted = this.lengths.map((length) => ({ weights: form, threads: backend.threads, ...length }));
    const known = (key: PointKey) => this.options.done?.find((point) => isSamePoint(point, key));
    const profiling = this.breakdown === null && this.options.breakdown !== false;
    if (!profiling && wanted.every((key) => known(key) !== undefined)) {
      for (const key of wanted) this.add(known(key)!);
      return true;
    }
    return this.withDecoder(backend, form, async (decoder) => {
      for (const key of wanted) {
        const before = known(key);
        if (before !== undefined) this.add(before);
        else await this.measurePoint(decoder, key);
      }
      if (profiling) this.breakdown = await this.profile(decoder);
    });
  }

  private async measurePoint(decoder: Decoder, key: PointKey): Promise<void> {
    const { prompt, output, threads, weights } = key;
    this.progress(this.work.done, `${weights}, prompt of ${prompt}`);
    const { repeats, budgetSeconds, signal, onPoint } = this.options;
    const none = { prefillJoulesPerToken: null, decodeJoulesPerToken: null };
    try {
      const times = await timeRequests(decoder, { prompt, output, repeats, budgetSeconds, signal });
      const { meter } = this.energy;
      const joules = meter === null ? none : await measureEnergy(decoder, meter, { prompt, signal });
      const point = { weights, kv: "int8", threads, prompt, output, ...times, ...joules };
      this.add(point);
      onPoint?.(point);
    } catch (error) {
      if (!isOutOfMemory(error)) throw error;
      this.work.done++;
      this.note(`${weights}: no memory for a prompt of ${prompt}`);
    }
  }

  private async profile(decoder: Decoder): Promise<Cost["breakdown"]> {
    this.progress(this.work.done, "breakdown");
    const longest = this.points.at(-1);
    // A prompt is run some ten times; where it takes seconds, as few as possible.
    const repeats = (longest?.firstTokenMs.median ?? 0) > 2000 ? 1 : undefined;
    const { signal } = this.options;
    const breakdown = await measureBreakdown(decoder, longest?.prompt ?? this.lengths[0]!.prompt, { repeats, signal });
    this.progress(++this.work.done, "");
    return breakdown;
  }

  /** At the end, because what follows a sustained run would be measured on a hot device. */
  private async sustain(threads: number | undefined, form: CostForm): Promise<SustainedRun | null> {
    const { sustainedSeconds: seconds = 0, signal, onStretch } = this.options;
    if (seconds === 0) return null;
    let sustained: SustainedRun | null = null;
    const hear = (stretch: Stretch) => {
      onStretch?.(stretch);
      const share = Math.min(1, stretch.at / seconds);
      this.progress(this.work.done + Math.floor(share * this.sustainedWork), "decoding without a pause");
    };
    const backend = await this.createBackend({ threads });
    try {
      await this.withDecoder(backend, form, async (decoder) => {
        sustained = await sustain(decoder, { seconds, signal, onStretch: hear });
      });
    } finally {
      await backend.close();
    }
    return sustained;
  }

  /** Opens the model and warms it up; false, with a note, where it does not fit. */
  private async withDecoder(
    backend: Backend,
    form: CostForm,
    use: (decoder: Decoder) => Promise<void>,
  ): Promise<boolean> {
    if (this.options.signal?.aborted) throw new HandheldError("aborted", "stopped while measuring");
    this.progress(this.work.done, `${form}: opening`);
    let decoder: Decoder;
    try {
      const open = this.options.openDecoder ?? ((there, format) => Decoder.random(there, this.spec, 1, format));
      decoder = await open(backend, form);
    } catch (error) {
      if (!isOutOfMemory(error)) throw error;
      this.leaveOut(form, (error as Error).message);
      return false;
    }
    try {
      warmUp(decoder);
      await use(decoder);
    } finally {
      decoder.close();
    }
    return true;
  }

  /** What fits in the machine's memory by its size: what does not might be given nevertheless, until the machine stalls. */
  private async fittingForms(): Promise<CostForm[]> {
    const { memoryBytes } = await machineFacts();
    return this.forms.filter((form) => {
      const sizeBytes = modelBytes(this.spec, form);
      if (memoryBytes === null || sizeBytes < 0.75 * memoryBytes) return true;
      this.leaveOut(form, `${formatBytes(sizeBytes)} of weights, ${formatBytes(memoryBytes)} of memory`);
      return false;
    });
  }

  private noteConditions(): void {
    const tickMs = clockTickMs();
    if (tickMs > 0.01)
      this.note(`the clock ticks every ${significant(tickMs, 2)} ms here; short phases are sums of many`);
    if (this.options.openDecoder !== undefined) return;
    const zeros = /^relu/.test(this.spec.activation)
      ? "; but a trained model with ReLU leaves more zeros, which decoding skips: it may be faster"
      : "";
    this.note(`random weights: speed does not depend on their values${zeros}`);
  }

  private leaveOut(form: CostForm, reason: string): void {
    this.note(`${form} left out: ${reason}`);
    this.work.total -= this.lengths.length;
  }

  private note(text: string): void {
    if (!this.notes.includes(text)) this.notes.push(text);
  }

  private add(point: CostPoint): void {
    this.points.push(point);
    this.progress(++this.work.done, "");
  }

  private progress(done: number, what: string): void {
    this.options.onProgress?.(done, Math.max(done, this.work.total), what);
  }

  private get sustainedWork(): number {
    return Math.ceil((this.options.sustainedSeconds ?? 0) / (this.options.budgetSeconds ?? 10));
  }
}

// Browsers make their clocks coarse: 0.005 ms in isolated pages, 0.1 to 1 ms in others.
function clockTickMs(): number {
  let tick = Infinity;
  for (let i = 0, last = performance.now(); i < 5; ) {
    const now = performance.now();
    if (now === last) continue;
    tick = Math.min(tick, now - last);
    last = now;
    i++;
  }
  return tick;
}

// Milliseconds in which the engine compiles what runs, in its second and better way too, and weights come into memory.
const warmUpMs = 500;

function warmUp(decoder: Decoder): void {
  const prompt = someTokens(decoder, Math.min(32, decoder.spec.context - 1));
  const session = decoder.createSession({ capacity: prompt.length + 1 });
  const began = performance.now();
  do {
    session.truncate(0);
    session.append(prompt);
    session.append([0]);
  } while (performance.now() - began < warmUpMs);
  session.close();
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof HandheldError && error.code === "out-of-memory";
}
