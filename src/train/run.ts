// One training run: its counters, optimiser and watch, and what each phase of the loop does to them.
import { DivergenceError, HandheldError } from "../errors.ts";
import type { TrainableModel } from "../model/trainable.ts";
import { hash32 } from "../random.ts";
import { sequentialBatches, weightSum } from "./batches.ts";
import { decodeCheckpoint, differingSetting, encodeCheckpoint } from "./checkpoint.ts";
import { type Epoch, prepareEpoch } from "./epoch.ts";
import { Optimizer } from "./optimizer.ts";
import { newRun, RecentWork, type RunState, runState, speeds, type Work } from "./progress.ts";
import type { TrainRecipe } from "./recipe.ts";
import { learningRateAt, plannedSteps, quantizedAt } from "./schedule.ts";
import type {
  CheckpointEvent,
  DoneEvent,
  StartEvent,
  StepEvent,
  TrainOptions,
  TrainTask,
  ValidationEvent,
} from "./types.ts";
import { LossWatch } from "./watch.ts";

/** A step whose gradient is known but whose update is not made. */
interface ComputedStep extends Work {
  loss: number;
  gradNorm: number;
}

/** A run between two steps. Its random numbers depend on the recipe's seed and the counters alone. */
export class Run {
  /** The last validation of this process. */
  validation: ValidationEvent | null = null;
  private readonly model: TrainableModel;
  private readonly task: TrainTask;
  private readonly recipe: TrainRecipe;
  private readonly options: TrainOptions;
  private readonly optimizer: Optimizer;
  private readonly recent = new RecentWork();
  private state: RunState = newRun();
  private watch = new LossWatch();
  private epoch!: Epoch;
  /** When the run would have begun had it never been interrupted; when and after which step it was last saved. */
  private beganAt = now();
  private savedAt = now();
  private savedStep: number | null = null;

  constructor(model: TrainableModel, task: TrainTask, recipe: TrainRecipe, options: TrainOptions) {
    this.model = model;
    this.task = task;
    this.recipe = recipe;
    this.options = options;
    this.optimizer = new Optimizer(model.parameters, recipe);
  }

  get finished(): boolean {
    return this.state.step >= this.state.steps;
  }

  get validationDue(): boolean {
    const planned = this.recipe.validations;
    return planned > 0 && (this.finished || this.progress * planned >= this.state.validations + 1);
  }

  /** Between computing a step and making its update: the weights are those after `state.step`, and known to be sound. */
  get checkpointDue(): boolean {
    const age = now() - this.savedAt;
    return this.watch.sound && this.checkpointMissing && age >= (this.options.checkpointSeconds ?? 30);
  }

  /** Whether the weights are in no checkpoint though there is a place for one. */
  get checkpointMissing(): boolean {
    return this.options.checkpoints !== undefined && this.state.step > 0 && this.state.step !== this.savedStep;
  }

  /** Restores the checkpoint if asked and there is one, and prepares the current epoch. */
  async start(): Promise<StartEvent> {
    const resumedFrom = this.options.resume ? await this.restore() : null;
    await this.prepare(resumedFrom !== null);
    const { examples, tokens } = this.epoch;
    return { type: "start", parameters: this.model.parameters.size, examples, tokens, resumedFrom };
  }

  /** Forward and backward of the next step. @throws DivergenceError */
  async computeStep(): Promise<ComputedStep> {
    if (this.state.stepInEpoch >= this.epoch.steps) await this.nextEpoch();
    const { recipe, model, state } = this;
    const startedAt = now();
    const { batches, weight } = this.epoch.batches(state.stepInEpoch);
    const quantized = quantizedAt(recipe, state.step, state.steps);
    model.parameters.zeroGrads();
    let loss = 0;
    batches.forEach((batch, i) => {
      const seed = hash32(recipe.seed, "dropout", state.step, i);
      const { dropout, labelSmoothing } = recipe;
      loss += model.loss(batch, { gradients: true, scale: 1 / weight, dropout, labelSmoothing, quantized, seed });
    });
    const gradNorm = this.optimizer.gradNorm();
    const wrong = this.watch.judge(loss, gradNorm);
    if (wrong !== null) throw this.divergence(wrong);
    const tokens = batches.reduce((sum, { ids }) => sum + ids.length, 0);
    const flops = batches.reduce((sum, batch) => sum + model.flops(batch), 0);
    return { loss, gradNorm, tokens, flops, seconds: now() - startedAt };
  }

  /** Makes a computed step's update. */
  finishStep(computed: ComputedStep): StepEvent {
    const { state, recipe } = this;
    const { loss, gradNorm } = computed;
    const learningRate = learningRateAt(recipe, state.step, state.steps);
    this.optimizer.update(state.step + 1, learningRate, gradNorm);
    this.watch.remember(loss);
    this.recent.add(computed);
    state.step++;
    state.stepInEpoch++;
    state.tokens += computed.tokens;
    state.flops += computed.flops;
    state.stepSeconds += computed.seconds;
    this.plan();
    const { step, steps, elapsedSeconds } = state;
    const speed = speeds(this.recent.total());
    const etaSeconds = ((steps - step) * elapsedSeconds) / step;
    return {
      type: "step",
      step,
      steps,
      epoch: this.epochs,
      loss,
      learningRate,
      gradNorm,
      ...speed,
      elapsedSeconds,
      etaSeconds,
    };
  }

  async validate(): Promise<ValidationEvent> {
    const startedAt = now();
    const { loss, metrics } = await this.optimizer.withAverage(async () => ({
      loss: this.validationLoss(),
      metrics: (await this.task.validate?.(this.model)) ?? {},
    }));
    const { state, recipe } = this;
    state.validations = Math.floor(this.progress * recipe.validations);
    this.validation = { type: "validation", step: state.step, loss, metrics, seconds: now() - startedAt };
    return this.validation;
  }

  async save(): Promise<CheckpointEvent> {
    const startedAt = now();
    this.tick();
    const state: RunState = { ...this.state, losses: this.watch.losses };
    const bytes = encodeCheckpoint({ buffers: this.optimizer.buffers(), state, settings: this.settings() });
    await this.options.checkpoints!.save(bytes);
    this.savedStep = state.step;
    this.savedAt = now();
    return { type: "checkpoint", step: state.step, seconds: this.savedAt - startedAt };
  }

  /** Saves what there is and says how to go on. */
  async abort(): Promise<HandheldError> {
    if (this.checkpointMissing) await this.save();
    const kept = this.savedStep === null ? "" : "; its checkpoint is kept: resume to continue";
    return new HandheldError("aborted", `training stopped after step ${this.state.step} of ${this.state.steps}${kept}`);
  }

  /** Gives the model its final weights. */
  finish(): DoneEvent {
    this.optimizer.adoptAverage();
    this.tick();
    const { step: steps, tokens, flops, stepSeconds, elapsedSeconds } = this.state;
    const speed = speeds({ tokens, flops, seconds: stepSeconds });
    const loss = this.watch.median();
    const validation = this.validation;
    return { type: "done", steps, epochs: this.epochs, tokens, ...speed, elapsedSeconds, loss, validation };
  }

  free(): void {
    this.optimizer.free();
  }

  /** Epochs done, with the fraction of the current one. */
  private get epochs(): number {
    return this.state.epoch + this.state.stepInEpoch / this.epoch.steps;
  }

  private async nextEpoch(): Promise<void> {
    this.state.epoch++;
    this.state.stepInEpoch = 0;
    await this.prepare(false);
  }

  private async prepare(resumed: boolean): Promise<void> {
    const { state } = this;
    this.epoch = await prepareEpoch(this.task, this.recipe, this.model.spec, state.epoch);
    if (resumed && state.examplesHash !== this.epoch.hash) {
      throw new HandheldError(
        "invalid-option",
        "the examples are not those of the checkpoint; resume with the same data",
      );
    }
    state.examplesHash = this.epoch.hash;
    this.plan();
  }

  /** Share of the run that is done. A time budget's steps are a guess at first, its seconds are not. */
  private get progress(): number {
    const { step, steps, elapsedSeconds } = this.state;
    const { length } = this.recipe;
    return "minutes" in length ? elapsedSeconds / (60 * length.minutes) : step / steps;
  }

  private plan(): void {
    this.tick();
    const validationsLeft = Math.max(0, this.recipe.validations - this.state.validations);
    const reservedSeconds = validationsLeft * (this.validation?.seconds ?? 0);
    const position = { ...this.state, stepsPerEpoch: this.epoch.steps, reservedSeconds };
    this.state.steps = plannedSteps(this.recipe.length, position);
  }

  private tick(): void {
    this.state.elapsedSeconds = now() - this.beganAt;
  }

  private validationLoss(): number | null {
    const { validation } = this.task;
    if (!validation) return null;
    const batches = sequentialBatches(validation, this.recipe.batchTokens);
    const weight = batches.reduce((sum, batch) => sum + weightSum(batch), 0);
    return batches.reduce((sum, batch) => sum + this.model.loss(batch), 0) / weight;
  }

  private divergence(wrong: string): DivergenceError {
    const step = this.state.step + 1;
    const kept =
      this.savedStep === null ? "no checkpoint was written" : `the checkpoint of step ${this.savedStep} is kept`;
    const { learningRate } = this.recipe;
    const message = `training diverged at step ${step}: ${wrong}; ${kept}; use a learning rate below ${learningRate}`;
    return new DivergenceError(message, step, this.savedStep);
  }

  private settings() {
    const { recipe, task, model } = this;
    return { version: 1, task: task.name, recipe, spec: model.spec, parameters: model.parameters.size };
  }

  /** Takes over the checkpoint's state; returns its step, or null where there is none. */
  private async restore(): Promise<number | null> {
    const bytes = await this.options.checkpoints?.load();
    if (!bytes) return null;
    const { buffers, state, settings } = decodeCheckpoint(bytes);
    const difference = differingSetting(settings, this.settings());
    if (difference !== null) {
      const hint = "resume with the same settings, or start anew without resuming";
      throw new HandheldError("invalid-option", `the checkpoint belongs to another run: ${difference}; ${hint}`);
    }
    this.state = runState.parse(state);
    for (const [name, view] of this.optimizer.buffers()) view.set(buffers.get(name)!);
    this.watch = new LossWatch(this.state.losses);
    this.beganAt = now() - this.state.elapsedSeconds;
    this.savedStep = this.state.step;
    return this.state.step;
  }
}

/** Seconds on a clock that only goes forward. */
function now(): number {
  return performance.now() / 1000;
}
