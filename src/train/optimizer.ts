// AdamW over a model's parameters, with the gradient's norm, clipping and a moving average of the weights: a few calls
// each over whole buffers.
import type { Backend, Ptr } from "../kernels/backend.ts";
import { embeddingName } from "../model/layout.ts";
import type { Parameters } from "../tensor/parameters.ts";
import type { TrainRecipe } from "./recipe.ts";

/** The optimiser's buffers, each as large as the parameters. */
export type OptimizerBuffers = "parameters" | "m" | "v" | "ema";

/** Updates parameters by their gradients. */
export class Optimizer {
  private readonly backend: Backend;
  private readonly parameters: Parameters;
  private readonly recipe: TrainRecipe;
  private readonly m: Ptr;
  private readonly v: Ptr;
  /** Averaged weights; 0: none. */
  private readonly ema: Ptr;
  private readonly result: Ptr;

  constructor(parameters: Parameters, recipe: TrainRecipe) {
    const { backend, size } = parameters;
    this.backend = backend;
    this.parameters = parameters;
    this.recipe = recipe;
    this.m = backend.alloc(4 * size);
    this.v = backend.alloc(4 * size);
    this.ema = recipe.ema > 0 ? backend.alloc(4 * size) : 0;
    this.result = backend.alloc(4);
    if (this.ema) backend.copy(this.ema, parameters.values, size);
  }

  /** Global norm of the gradient. */
  gradNorm(): number {
    this.backend.sumSquares(this.result, this.parameters.grads, this.parameters.size);
    return Math.sqrt(this.backend.f32(this.result, 1)[0]!);
  }

  /** Makes step number `step` (from 1) with a gradient of norm `gradNorm`, clipped. Weight decay is for matrices only. */
  update(step: number, learningRate: number, gradNorm: number): void {
    const { clipNorm, weightDecay, ema } = this.recipe;
    const { size, matrixSize, values } = this.parameters;
    const gradScale = clipNorm > 0 && gradNorm > clipNorm ? clipNorm / gradNorm : 1;
    const undecayed = this.undecayedFront;
    this.adamw(0, undecayed, learningRate, 0, step, gradScale);
    this.adamw(undecayed, matrixSize - undecayed, learningRate, weightDecay, step, gradScale);
    this.adamw(matrixSize, size - matrixSize, learningRate, 0, step, gradScale);
    if (!this.ema) return;
    // The first weights are random: the average forgets them fast, as (1 + step)/(10 + step) says.
    const decay = Math.min(ema, (1 + step) / (10 + step));
    this.backend.axpy(this.ema, this.ema, decay - 1, size);
    this.backend.axpy(this.ema, values, 1 - decay, size);
  }

  /** Runs `use` while the parameters are the averaged ones, if there are any. */
  async withAverage<T>(use: () => T | Promise<T>): Promise<T> {
    if (!this.ema) return use();
    const { backend } = this;
    const { size, values } = this.parameters;
    const kept = backend.alloc(4 * size);
    backend.copy(kept, values, size);
    this.adoptAverage();
    try {
      return await use();
    } finally {
      backend.copy(values, kept, size);
      backend.free(kept);
    }
  }

  /** Replaces the parameters by the averaged ones, if there are any. */
  adoptAverage(): void {
    if (this.ema) this.backend.copy(this.parameters.values, this.ema, this.parameters.size);
  }

  /** All state by name, as views that are valid until the backend's next operation. */
  buffers(): Map<OptimizerBuffers, Float32Array> {
    const { size, values } = this.parameters;
    const view = (ptr: Ptr) => this.backend.f32(ptr, size);
    const buffers = new Map<OptimizerBuffers, Float32Array>([
      ["parameters", view(values)],
      ["m", view(this.m)],
      ["v", view(this.v)],
    ]);
    if (this.ema) buffers.set("ema", view(this.ema));
    return buffers;
  }

  /** Returns its memory to the backend. */
  free(): void {
    for (const ptr of [this.m, this.v, this.ema, this.result]) if (ptr) this.backend.free(ptr);
  }

  /** Parameters at the front of the buffer without decay: the embedding, which is the first matrix, or none. */
  private get undecayedFront(): number {
    const first = this.parameters.shapes[0];
    if (this.recipe.decayEmbeddings || first?.name !== embeddingName) return 0;
    return first.shape.reduce((a, b) => a * b, 1);
  }

  private adamw(begin: number, n: number, lr: number, decay: number, step: number, gradScale: number): void {
    if (n === 0) return;
    const { values, grads } = this.parameters;
    const { beta1, beta2, epsilon } = this.recipe;
    const at = 4 * begin;
    const { m, v, backend } = this;
    backend.adamw(values + at, grads + at, m + at, v + at, n, lr, beta1, beta2, epsilon, decay, step, gradScale);
  }
}
