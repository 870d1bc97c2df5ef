// The anchors as operations: what reads them on a device.
import type { Reading } from "./anchors.ts";
import type { Stage } from "./stage.ts";
import type { Stopwatch } from "./stopwatch.ts";
import { hotWindow, matmul, type Trial } from "./trials.ts";

/** In the order of a {@link Reading}. */
export const anchorNames = ["compute", "memory"] as const;

/** Reads the anchors of a device. */
export class AnchorReader {
  private readonly stopwatch: Stopwatch;
  private readonly prompt: Trial;
  private readonly token: Trial;
  private readonly streamed: Trial;

  /** `window`: bytes of weights that the memory anchor walks through. */
  constructor(stage: Stage, stopwatch: Stopwatch, window: number) {
    this.stopwatch = stopwatch;
    this.prompt = matmul(stage, [64, 512, 512], hotWindow, false)!;
    this.token = matmul(stage, [1, 512, 512], hotWindow, false)!;
    this.streamed = { ...matmul(stage, [1, 2048, 2048], window, false)!, warmUps: 1 };
  }

  /**
   * Reads them once, in some six milliseconds. Compute is the geometric mean of a product of 64 tokens, which is arithmetic,
   * and one of a single token, half of which is threads waiting for each other: a model is both.
   */
  read(): Reading {
    const [prompt, token, streamed] = this.stopwatch.sliceAll([this.prompt, this.token, this.streamed]);
    return [Math.sqrt(prompt! * token!), streamed!];
  }

  /** Multiply-adds that a product of many tokens does in a microsecond at best. */
  rate(): number {
    return this.prompt.work / this.stopwatch.fastest(this.prompt);
  }
}
