import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { DivergenceError } from "../errors.ts";
import { createReferenceBackend } from "../kernels/index.ts";
import { createTrainable, type TrainableModel } from "../model/trainable.ts";
import { packInt4, unpackInt4 } from "../quant/int4.ts";
import { createSpec } from "../spec/spec.ts";
import { type CheckpointStore, decodeCheckpoint } from "./checkpoint.ts";
import { copyTask } from "./copy-task.case.ts";
import { train } from "./loop.ts";
import { createRecipe, type TrainRecipe } from "./recipe.ts";
import type { StepEvent, TrainEvent, TrainOptions, TrainTask } from "./types.ts";

const spec = createSpec({ layers: 1, width: 8, ffnWidth: 16, heads: 2, vocabulary: 10, context: 16 });

function createModel(): TrainableModel {
  return createTrainable(createReferenceBackend(), spec);
}

async function collect(
  model: TrainableModel,
  recipe: Partial<TrainRecipe>,
  options: TrainOptions = {},
  task: TrainTask = copyTask(24),
  onEvent: (event: TrainEvent) => void = () => {},
): Promise<TrainEvent[]> {
  const events: TrainEvent[] = [];
  const full = createRecipe({ batchTokens: 60, validations: 2, ...recipe });
  for await (const event of train(model, task, full, options)) {
    events.push(event);
    onEvent(event);
  }
  return events;
}

function stepsOf(events: readonly TrainEvent[]): StepEvent[] {
  return events.filter((event) => event.type === "step");
}

/** Keeps the checkpoint in memory. */
function memoryStore(): CheckpointStore & { bytes: Uint8Array | null } {
  return {
    bytes: null,
    async save(bytes) {
      this.bytes = bytes;
    },
    async load() {
      return this.bytes;
    },
  };
}

test("a run learns, and reports start, steps, validations and done in order", async () => {
  const events = await collect(createModel(), { learningRate: 0.02, length: { epochs: 8 } }, {}, copyTask(60));
  const steps = stepsOf(events);
  expect(events[0]).toMatchObject({ type: "start", examples: 60, resumedFrom: null });
  expect(steps.map(({ step }) => step)).toEqual(steps.map((_, i) => i + 1));
  expect(steps.at(-1)!.epoch).toBeCloseTo(8, 6);
  expect(steps[0]!.loss).toBeCloseTo(Math.log(10), 1);
  expect(steps.at(-1)!.loss).toBeLessThan(steps[0]!.loss - 0.2);
  const validations = events.filter((event) => event.type === "validation");
  expect(validations).toHaveLength(2);
  expect(validations[1]!.loss).toBeLessThan(2.2);
  expect(events.at(-1)).toMatchObject({ type: "done", steps: steps.length, validation: validations[1] });
});

test("the same seed gives the same losses, another seed others", async () => {
  const losses = async (seed: number) =>
    stepsOf(await collect(createModel(), { length: { steps: 5 }, seed })).map((s) => s.loss);
  expect(await losses(1)).toEqual(await losses(1));
  expect(await losses(1)).not.toEqual(await losses(2));
});

test("accumulated batches have the gradient of one large batch, to 1e-5", async () => {
  const first = async (recipe: Partial<TrainRecipe>) => stepsOf(await collect(createModel(), recipe))[0]!;
  const whole = await first({ length: { steps: 1 }, batchTokens: 1000 });
  const parts = await first({ length: { steps: 1 }, batchTokens: 40, accumulate: 100 });
  expect(parts.loss / whole.loss - 1).toBeLessThan(1e-5);
  expect(parts.gradNorm / whole.gradNorm - 1).toBeLessThan(1e-5);
});

test("a time budget is kept within 20 % and the learning rate reaches its floor", async () => {
  const started = performance.now();
  const steps = stepsOf(
    await collect(createModel(), { length: { minutes: 2 / 60 }, validations: 0, learningRate: 1e-3 }),
  );
  const seconds = (performance.now() - started) / 1000;
  expect(seconds).toBeGreaterThan(1.6);
  expect(seconds).toBeLessThan(2.4);
  expect(steps.at(-1)!.learningRate).toBeLessThan(1e-4);
});

test("the averaged weights are what is validated and kept", async () => {
  const model = createModel();
  const task = copyTask(24);
  const seen: number[] = [];
  task.validate = (validated) => {
    seen.push(validated.tensors()[0]!.data[0]!);
    return {};
  };
  const recipe = { length: { steps: 6 }, ema: 0.99, validations: 1 };
  await collect(model, recipe, {}, task);
  const plain = createModel();
  await collect(plain, { ...recipe, ema: 0 });
  expect(seen[0]).toBe(model.tensors()[0]!.data[0]);
  expect(seen[0]).not.toBe(plain.tensors()[0]!.data[0]);
});

test("adapters are trained and the weights under them stay", async () => {
  const model = createTrainable(createReferenceBackend(), spec, { lora: { rank: 2, alpha: 4 } });
  const table = model.tensors()[0]!.data;
  const steps = stepsOf(await collect(model, { learningRate: 0.05, length: { epochs: 8 } }));
  expect(steps.at(-1)!.loss).toBeLessThan(steps[0]!.loss);
  expect(model.tensors()[0]!.data).toEqual(table);
});

describe("quantisation-aware training", () => {
  const wide = createSpec({ layers: 1, width: 32, ffnWidth: 40, heads: 2, vocabulary: 10, context: 16 });
  const recipe = { learningRate: 0.01, length: { steps: 150 }, batchTokens: 120, ema: 0.9, validations: 1 };

  /** Validation losses at the end: of the float weights, and of the same packed to int4 and unpacked. */
  async function losses(quantizeRatio: number): Promise<{ float: number; int4: number }> {
    const validated = async (model: TrainableModel, more: Partial<TrainRecipe>) => {
      const events = await collect(model, { ...recipe, ...more }, {}, copyTask(48));
      return events.findLast((event) => event.type === "validation")!.loss!;
    };
    const model = createTrainable(createReferenceBackend(), wide);
    const float = await validated(model, { quantizeRatio });
    const weights = model.tensors().map((tensor) => {
      const [rows, columns] = tensor.shape;
      if (columns === undefined) return tensor;
      return { ...tensor, data: unpackInt4(packInt4(tensor.data, rows!, columns), rows!, columns) };
    });
    const packed = createTrainable(createReferenceBackend(), wide, { weights });
    const still = { learningRate: 1e-30, weightDecay: 0, length: { steps: 1 }, ema: 0 };
    return { float, int4: await validated(packed, still) };
  }

  test("what int4 loses against float shrinks, and int4 is better than without", async () => {
    const without = await losses(0);
    const aware = await losses(0.3);
    expect(aware.int4).toBeLessThan(without.int4);
    expect(aware.int4 - aware.float).toBeLessThan((without.int4 - without.float) / 2);
  });

  test("only the last share of the steps is rounded, and validation never", async () => {
    const run = async (quantizeRatio: number) => {
      const events = await collect(createModel(), { length: { steps: 10 }, quantizeRatio, validations: 10 });
      const validations = events.filter((event) => event.type === "validation");
      return { losses: stepsOf(events).map(({ loss }) => loss), validations: validations.map(({ loss }) => loss) };
    };
    const [float, aware] = [await run(0), await run(0.2)];
    expect(aware.losses.slice(0, 8)).toEqual(float.losses.slice(0, 8));
    expect(aware.validations.slice(0, 8)).toEqual(float.validations.slice(0, 8));
    expect(aware.losses[8]).not.toBe(float.losses[8]);
    expect(aware.validations[8]).not.toBe(float.validations[8]);
    expect(Math.abs(aware.validations[8]! - float.validations[8]!)).toBeLessThan(
      Math.abs(aware.losses[8]! - float.losses[8]!),
    );
  });
});

test("the memory of a run goes back to the backend, also when the reader stops early", async () => {
  const model = createModel();
  model.loss({
    ids: Int32Array.of(1),
    positions: Int32Array.of(0),
    cu: Int32Array.of(0, 1),
    rows: Int32Array.of(0),
    targets: Int32Array.of(1),
    weights: Float32Array.of(1),
  });
  const before = model.backend.allocatedBytes;
  for await (const event of train(model, copyTask(8), createRecipe({ length: { steps: 9 } })))
    if (event.type === "step") break;
  expect(model.backend.allocatedBytes).toBe(before);
});

describe("divergence", () => {
  test("a runaway loss stops with the step, and the last good checkpoint stays", async () => {
    const checkpoints = memoryStore();
    const lastGood: number[] = [];
    const task = copyTask(24);
    const model = createModel();
    const poison = (event: TrainEvent) => {
      if (event.type === "checkpoint") lastGood.push(event.step);
      if (event.type !== "step" || event.step !== 12) return;
      const { backend, parameters } = model;
      const values = backend.f32(parameters.values, parameters.size);
      for (let i = 0; i < values.length; i++) values[i]! *= 200;
    };
    const error = await collect(
      model,
      { length: { steps: 40 } },
      { checkpoints, checkpointSeconds: 0 },
      task,
      poison,
    ).catch((e) => e);
    expect(error).toBeInstanceOf(DivergenceError);
    expect(error.message).toMatch(
      /^training diverged at step 15: the loss is .* running median was .*; the checkpoint of step 11 is kept; use a learning rate below/,
    );
    expect(error).toMatchObject({ code: "divergence", step: 15, lastGoodStep: 11 });
    expect(lastGood.at(-1)).toBe(11);
    expect(decodeCheckpoint(checkpoints.bytes!).state).toMatchObject({ step: 11 });
  });

  test("a NaN stops at once, before it reaches the weights", async () => {
    const model = createModel();
    const poison = (event: TrainEvent) => {
      if (event.type === "step" && event.step === 3) model.parameters.view("model.norm.weight")[0] = Number.NaN;
    };
    const checkpoints = memoryStore();
    const run = collect(model, { length: { steps: 9 } }, { checkpoints, checkpointSeconds: 0 }, copyTask(24), poison);
    await expect(run).rejects.toThrow(/diverged at step 4: the loss is NaN; the checkpoint of step 2 is kept/);
    for (const buffer of decodeCheckpoint(checkpoints.bytes!).buffers.values())
      expect(buffer.every(Number.isFinite)).toBe(true);
  });
});

describe("resuming", () => {
  test("after an abort the rest of the run is the same, bit for bit", async () => {
    const recipe = { length: { epochs: 5 }, ema: 0.9, dropout: 0.1, quantizeRatio: 0.9 };
    const whole = stepsOf(await collect(createModel(), recipe));
    const checkpoints = memoryStore();
    const abort = new AbortController();
    const stopAt = (event: TrainEvent) => event.type === "step" && event.step === 5 && abort.abort();
    const options = { checkpoints, signal: abort.signal };
    const stopped = collect(createModel(), recipe, options, copyTask(24), stopAt);
    await expect(stopped).rejects.toThrow(
      /^training stopped after step 5 of .*; its checkpoint is kept: resume to continue/,
    );
    const events = await collect(createModel(), recipe, { checkpoints, resume: true });
    expect(events[0]).toMatchObject({ type: "start", resumedFrom: 5 });
    expect(stepsOf(events).map(({ loss }) => loss)).toEqual(whole.slice(5).map(({ loss }) => loss));
  });

  test("a run stopped between a step and its validation makes that validation, on the same weights", async () => {
    const recipe = { length: { steps: 8 }, validations: 2, ema: 0.9 };
    const validationsOf = (events: readonly TrainEvent[]) =>
      events.flatMap((event) => (event.type === "validation" ? [[event.step, event.loss]] : []));
    const whole = validationsOf(await collect(createModel(), recipe));
    const checkpoints = memoryStore();
    const abort = new AbortController();
    const stopAt = (event: TrainEvent) => event.type === "step" && event.step === 4 && abort.abort();
    const options = { checkpoints, signal: abort.signal };
    await expect(collect(createModel(), recipe, options, copyTask(24), stopAt)).rejects.toThrow(/after step 4/);
    const resumed = await collect(createModel(), recipe, { checkpoints, resume: true });
    expect(whole.map(([step]) => step)).toEqual([4, 8]);
    expect(validationsOf(resumed)).toEqual(whole);
  });

  test("a finished run is only validated again", async () => {
    const checkpoints = memoryStore();
    const first = await collect(createModel(), { length: { steps: 4 } }, { checkpoints });
    const again = await collect(createModel(), { length: { steps: 4 } }, { checkpoints, resume: true });
    expect(again.map(({ type }) => type)).toEqual(["start", "validation", "done"]);
    const loss = (events: TrainEvent[]) => events.findLast((event) => event.type === "validation")!.loss;
    expect(loss(again)).toBe(loss(first));
  });

  test("another recipe or other examples are refused by name", async () => {
    const checkpoints = memoryStore();
    await collect(createModel(), { length: { steps: 4 } }, { checkpoints });
    const options = { checkpoints, resume: true };
    await expect(collect(createModel(), { length: { steps: 4 }, learningRate: 0.5 }, options)).rejects.toThrow(
      /belongs to another run: recipe.learningRate was 0.003, is 0.5; resume with the same settings/,
    );
    await expect(collect(createModel(), { length: { steps: 4 } }, options, copyTask(25))).rejects.toThrow(
      /the examples are not those of the checkpoint/,
    );
  });

  test("a truncated checkpoint is a typed error", async () => {
    const checkpoints = memoryStore();
    await collect(createModel(), { length: { steps: 2 } }, { checkpoints });
    for (const bytes of [4, 100, checkpoints.bytes!.length - 4]) {
      const cut = { ...checkpoints, load: async () => checkpoints.bytes!.slice(0, bytes) };
      await expect(
        collect(createModel(), { length: { steps: 2 } }, { checkpoints: cut, resume: true }),
      ).rejects.toMatchObject({
        code: "invalid-file",
      });
    }
  });
});

describe("bad examples", () => {
  const one = (ids: number[], weights: number[]): TrainTask => ({
    name: "one",
    examples: () => [{ ids: Int32Array.from(ids), weights: Float32Array.from(weights) }],
  });
  test.each([
    ["none", { name: "none", examples: () => [] }, /no training examples with a target/],
    ["nothing counts", one([1, 2], [1, 0]), /no training examples with a target/],
    [
      "too long",
      one(Array(18).fill(1), Array(18).fill(1)),
      /training example 0: 17 tokens do not fit in the context of 16/,
    ],
    ["unknown token", one([1, 10], [0, 1]), /training example 0: token id 10 is outside the vocabulary of 10/],
    ["lengths differ", one([1, 2], [1]), /training example 0: 2 ids but 1 weights/],
    ["NaN weight", one([1, 2], [0, Number.NaN]), /training example 0: a loss weight is not a number/],
  ])("%s", async (_name, task, message) => {
    await expect(collect(createModel(), {}, {}, task)).rejects.toThrow(message);
  });
});

describe("a process that is killed", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "handheld-train-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** Runs interrupted-run.case.ts; kills it with SIGKILL when it reports step `killAt`. */
  function runProcess(checkpoint: string, flags: string[], killAt = Infinity): Promise<TrainEvent[]> {
    const script = new URL("./interrupted-run.case.ts", import.meta.url).pathname;
    const child = spawn(process.execPath, [script, checkpoint, ...flags], { stdio: ["ignore", "pipe", "inherit"] });
    const events: TrainEvent[] = [];
    createInterface({ input: child.stdout }).on("line", (line) => {
      const event = JSON.parse(line) as TrainEvent;
      events.push(event);
      if (event.type === "step" && event.step === killAt) child.kill("SIGKILL");
    });
    return new Promise((resolve, reject) => {
      child.on("close", (code, signal) => {
        if (code === 0 || signal === "SIGKILL") resolve(events);
        else reject(new Error(`the process ended with code ${code}`));
      });
    });
  }

  test("resumes after kill -9 to the same losses, bit for bit", async () => {
    const whole = await runProcess(join(folder, "whole"), []);
    const killed = await runProcess(join(folder, "killed"), [], 13);
    const resumed = await runProcess(join(folder, "killed"), ["--resume"]);
    expect(stepsOf(whole)).toHaveLength(30);
    expect(stepsOf(killed).length).toBeLessThan(30);
    const { resumedFrom } = resumed[0] as { resumedFrom: number };
    expect(resumedFrom).toBeGreaterThanOrEqual(12);
    const rest = (events: TrainEvent[]) => stepsOf(events).filter(({ step }) => step > resumedFrom);
    expect(rest(resumed).map(({ step, loss }) => [step, loss])).toEqual(
      rest(whole).map(({ step, loss }) => [step, loss]),
    );
    const last = (events: TrainEvent[]) => events.findLast((event) => event.type === "validation")!.loss;
    expect(last(resumed)).toBe(last(whole));
  });
});
