// Where a run is: the counters that a checkpoint keeps, and the speed of the last steps.
import * as z from "zod";

const count = z.number().int().min(0);

/** Counters of a run, as a checkpoint stores them. */
export const runState = z.strictObject({
  /** Steps done; epochs completed; steps done of the next epoch. */
  step: count,
  epoch: count,
  stepInEpoch: count,
  /** Steps planned in all. */
  steps: count,
  validations: count,
  /** Wall time so far, and the part of it spent in steps. */
  elapsedSeconds: z.number(),
  stepSeconds: z.number(),
  tokens: count,
  flops: z.number(),
  /** Recent losses, oldest first. */
  losses: z.array(z.number()),
  /** Hash of the current epoch's examples. */
  examplesHash: count,
});

/** Counters of a run. */
export type RunState = z.infer<typeof runState>;

/** The counters of a run that begins. */
export function newRun(): RunState {
  const counters = { step: 0, epoch: 0, stepInEpoch: 0, steps: 0, validations: 0, tokens: 0, flops: 0 };
  return { ...counters, elapsedSeconds: 0, stepSeconds: 0, losses: [], examplesHash: 0 };
}

/** Work done in some time. */
export interface Work {
  tokens: number;
  flops: number;
  seconds: number;
}

/** Speeds of a piece of work. */
export function speeds({ tokens, flops, seconds }: Work): { tokensPerSecond: number; gflops: number } {
  return { tokensPerSecond: tokens / seconds, gflops: flops / seconds / 1e9 };
}

/** The last steps' work, so that a display neither jumps nor lags. */
export class RecentWork {
  private readonly recent: Work[] = [];

  add(work: Work): void {
    this.recent.push(work);
    if (this.recent.length > 20) this.recent.shift();
  }

  total(): Work {
    const sum = { tokens: 0, flops: 0, seconds: 0 };
    for (const work of this.recent) {
      sum.tokens += work.tokens;
      sum.flops += work.flops;
      sum.seconds += work.seconds;
    }
    return sum;
  }
}
