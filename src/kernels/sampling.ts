// How the next token is chosen from logits: options, their ranges, and a sampler whose random state lies in a backend's
// memory. The algorithm is reference/sampling.ts.
import { HandheldError } from "../errors.ts";
import { seedWords } from "../random.ts";
import type { Backend, Ptr, Sampling } from "./backend.ts";

/** How to sample. The defaults are greedy decoding. */
export interface SamplingOptions {
  /** 0 takes the likeliest token (greedy); 1 samples the model's own distribution. Default 0. */
  temperature?: number | undefined;
  /** Sample among the k likeliest tokens. Default 0: all. */
  topK?: number | undefined;
  /** Sample among the likeliest tokens that together have this probability. Default 1: all. */
  topP?: number | undefined;
  /** Leave out tokens less likely than this share of the likeliest. Default 0: none. */
  minP?: number | undefined;
  /** Divides the positive logits of tokens seen before, multiplies the negative ones. Default 1: off. */
  repetitionPenalty?: number | undefined;
  /** Equal seeds give equal text. Default 0. */
  seed?: number | undefined;
}

const ranges: Record<keyof SamplingOptions, [least: number, most: number]> = {
  temperature: [0, 100],
  topK: [0, 2 ** 31],
  topP: [0, 1],
  minP: [0, 1],
  repetitionPenalty: [0.1, 10],
  seed: [0, 2 ** 53],
};

/**
 * The options with their defaults, rounded as kernels hold them (f32).
 * @throws HandheldError `invalid-option` naming the option that is out of range.
 */
export function resolveSampling(options: SamplingOptions): Sampling & { repetitionPenalty: number; seed: number } {
  for (const [name, [least, most]] of Object.entries(ranges)) {
    const value = options[name as keyof SamplingOptions];
    if (value !== undefined && !(value >= least && value <= most)) {
      throw new HandheldError("invalid-option", `${name} must be between ${least} and ${most}, got ${value}`);
    }
  }
  const { temperature = 0, topK = 0, topP = 1, minP = 0, repetitionPenalty = 1, seed = 0 } = options;
  const [heat, p, least, penalty] = [temperature, topP, minP, repetitionPenalty].map(Math.fround);
  return { temperature: heat!, topK: Math.ceil(topK), topP: p!, minP: least!, repetitionPenalty: penalty!, seed };
}

/** The random state with which the samplers of a seed begin: four words. */
export const samplerState = (seed: number): Int32Array => seedWords(seed, "sampler");

/** Where {@link KernelSampler.draw} finds what it needs. */
export interface LogitsPlace {
  /** Logits f32 [V]. */
  logits: Ptr;
  vocabulary: number;
  /** The id goes here (i32). */
  out: Ptr;
  /** {@link Backend.sampleBytes} bytes of work space. */
  work: Ptr;
}

/** Chooses tokens in a backend's memory: options, and the state of a random generator that moves on from draw to draw. */
export class KernelSampler {
  readonly options: ReturnType<typeof resolveSampling>;
  private readonly backend: Backend;
  private state: Ptr = 0;

  /** @throws HandheldError `invalid-option` */
  constructor(backend: Backend, options: SamplingOptions = {}) {
    this.backend = backend;
    this.options = resolveSampling(options);
    if (this.options.temperature === 0) return;
    this.state = backend.alloc(16);
    backend.i32(this.state, 4).set(samplerState(this.options.seed));
  }

  /** Whether {@link draw} changes the logits. */
  get penalizes(): boolean {
    return this.options.repetitionPenalty !== 1;
  }

  /** Queues the choice of a token from the logits; `count` ids at `history` (i32) are those of the repetition penalty. */
  draw({ logits, vocabulary, out, work }: LogitsPlace, history: Ptr, count: number): void {
    const { backend, options } = this;
    if (this.penalizes) {
      backend.penalizeRepeats(logits, vocabulary, history, count, options.repetitionPenalty, work);
    }
    if (options.temperature === 0) backend.argmax(out, logits, vocabulary);
    else backend.sample(out, logits, vocabulary, this.state, options, work);
  }

  /** Frees the random state. */
  close(): void {
    if (this.state !== 0) this.backend.free(this.state);
    this.state = 0;
  }
}
