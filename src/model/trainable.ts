// The decoder-only transformer as training sees it: every weight in one f32 buffer, the forward pass on a tape.
import type { Backend } from "../kernels/backend.ts";
import type { Spec } from "../spec/spec.ts";

/** A named f32 tensor, row-major. */
export interface NamedTensor {
  name: string;
  shape: readonly number[];
  data: Float32Array;
}

/** Options of {@link createTrainable}. */
export interface TrainableOptions {
  /** Seed of the random weights. Default 1. */
  seed?: number | undefined;
  /** Start from these weights (by name) instead of random ones. */
  weights?: Iterable<NamedTensor> | undefined;
  /** Train low-rank adapters on all linear layers and keep the weights themselves. */
  lora?: { rank: number; alpha: number } | null | undefined;
}

/** Sequences of one batch end to end, without padding: N tokens in all, M of them with a loss. */
export interface TokenBatch {
  /** Inputs [N] and each one's position in its sequence [N]. */
  ids: Int32Array;
  positions: Int32Array;
  /** Sequence s is rows cu[s]..cu[s+1); [sequences + 1]. */
  cu: Int32Array;
  /** Rows that have a target [M], ascending; what they should predict [M]; how much each counts [M]. */
  rows: Int32Array;
  targets: Int32Array;
  weights: Float32Array;
}

/** Options of {@link TrainableModel.loss}. */
export interface LossOptions {
  /** Factor of all loss weights. Default 1. */
  scale?: number | undefined;
  /** Add the gradients to the parameters' gradient buffer. Default false. */
  gradients?: boolean | undefined;
  dropout?: number | undefined;
  labelSmoothing?: number | undefined;
  /** Seed of the dropout masks. */
  seed?: number | undefined;
}

/** A model that can be trained; made by {@link createTrainable}. */
export interface TrainableModel {
  readonly backend: Backend;
  readonly spec: Spec;
  /** Numbers of parameters that are trained. */
  readonly trainedParameters: number;
  /** scale · Σ weight · cross-entropy over the batch's targets, in nats. */
  loss(batch: TokenBatch, options?: LossOptions): number;
  /** FLOPs of forward and backward on this batch: matrix products and attention, nothing recomputed. */
  flops(batch: TokenBatch): number;
  /** Copies of all weights under their Hugging Face names, adapters merged in. */
  tensors(): NamedTensor[];
  /** Returns its memory to the backend. */
  close(): void;
}

/**
 * Creates a model to train, with random weights: normal(0, 0.02), the projections into the residual stream scaled by
 * 1/√(2·executed blocks) as in GPT-2.
 */
export function createTrainable(_backend: Backend, _spec: Spec, _options: TrainableOptions = {}): TrainableModel {
  throw new Error("not written");
}
