// The shapes that a search has looked at: their codes and costs in columns of numbers, so that a million take some tens of
// megabytes. Specs are made again from the codes where somebody wants to see one.
import type { Spec } from "../spec/spec.ts";
import type { Objective, SpeedModel } from "./objective.ts";
import type { PredictedLoss } from "./quality/model.ts";
import { type ShapeCode, type Space, specOf } from "./space.ts";

/** How shapes are judged. */
export interface Judge {
  predictor: SpeedModel;
  /** Of {@link QualityModel.judge}. */
  quality: (spec: Spec) => PredictedLoss;
  objective: Objective;
  /** Shapes that need more memory are left out. */
  maxMemoryBytes?: number | undefined;
}

/** Bytes of a model with a session of the objective's length open. */
export function memoryOf(predictor: SpeedModel, spec: Spec, { at }: Objective): number {
  return predictor.memoryBytes(spec, Math.min(spec.context, Math.max(at.prompt, at.context)));
}

/** Evaluated shapes of one space. */
export class Evaluated {
  readonly space: Space;
  /** Shapes kept; shapes looked at. */
  count = 0;
  seen = 0;
  /** Predicted ln(loss) and its cautious form, up to a constant, what the objective counts, and milliseconds per token of prompt and of answer. */
  logLoss = new Float64Array(1024);
  cautious = new Float64Array(1024);
  cost = new Float64Array(1024);
  prefillMs = new Float64Array(1024);
  decodeMs = new Float64Array(1024);
  private codes = new Uint32Array(1024 * codeLength);
  private readonly judge: Judge;

  constructor(space: Space, judge: Judge) {
    this.space = space;
    this.judge = judge;
  }

  /** Judges a shape; its index, or −1 where it needs too much memory. */
  add(code: ShapeCode): number {
    this.seen++;
    const { predictor, quality, objective, maxMemoryBytes } = this.judge;
    const spec = specOf(this.space, code);
    const bytes = maxMemoryBytes !== undefined || objective.unit === "MB" ? memoryOf(predictor, spec, objective) : 0;
    if (maxMemoryBytes !== undefined && bytes > maxMemoryBytes) return -1;
    const speed = predictor.speed(spec, objective.at);
    const index = this.count++;
    if (this.count > this.cost.length) this.grow();
    this.cost[index] = objective.cost(speed, bytes);
    this.prefillMs[index] = 1000 / speed.prefillTokensPerSecond.value;
    this.decodeMs[index] = 1000 / speed.decodeTokensPerSecond.value;
    const loss = quality(spec);
    this.logLoss[index] = loss.logLoss;
    this.cautious[index] = loss.cautious;
    const { layers, width, ffnWidth, heads, kvHeads, variant } = code;
    this.codes.set([layers, width, ffnWidth, heads, kvHeads, variant], index * codeLength);
    return index;
  }

  code(index: number): ShapeCode {
    const [layers, width, ffnWidth, heads, kvHeads, variant] = this.codes.subarray(
      index * codeLength,
      (index + 1) * codeLength,
    ) as unknown as [number, number, number, number, number, number];
    return { layers, width, ffnWidth, heads, kvHeads, variant };
  }

  spec(index: number): Spec {
    return specOf(this.space, this.code(index));
  }

  private grow(): void {
    const twice = <T extends Float64Array | Uint32Array>(old: T): T => {
      const grown = new (old.constructor as new (length: number) => T)(2 * old.length);
      grown.set(old);
      return grown;
    };
    this.logLoss = twice(this.logLoss);
    this.cautious = twice(this.cautious);
    this.cost = twice(this.cost);
    this.prefillMs = twice(this.prefillMs);
    this.decodeMs = twice(this.decodeMs);
    this.codes = twice(this.codes);
  }
}

const codeLength = 6;
