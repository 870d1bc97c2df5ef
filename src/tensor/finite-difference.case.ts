// Compares gradients with finite differences. For tests.
import { expect } from "vitest";
import type { Backend } from "../kernels/backend.ts";
import { createRandom } from "../random.ts";
import { Parameters } from "./parameters.ts";
import { Tape, type Tensor } from "./tape.ts";

/** What an operation under test is built from: tensors and parameters by name. */
export interface Operands {
  tape: Tape;
  x: Record<string, Tensor>;
  w: Parameters;
}

/** One operation under test. */
export interface GradientTest {
  /** Shapes [rows, cols] of the tensors that flow in. */
  x?: Record<string, [number, number]>;
  /** Shapes of parameters. */
  w?: Record<string, number[]>;
  /** Keep values at least this far from 0, where the ReLUs have their kink. */
  awayFromZero?: number;
  build(operands: Operands): Tensor | { read(): number };
}

/** Largest difference allowed, relative to the largest gradient of the same operand. */
export const tolerance = 1e-3;

const step = 0.02;

/** Fails when a gradient differs from the four-point finite difference by more than {@link tolerance}. */
export function checkGradients(backend: Backend, test: GradientTest): void {
  const trial = new Trial(backend, test);
  const { inputs, parameters } = trial.gradients();
  for (const { name, values } of trial.inputs) {
    compare(name, inputs[name]!, (j, delta) => {
      values[j]! += delta;
      return trial.loss();
    });
  }
  compare("parameters", parameters, (j, delta) => {
    trial.parameters[j]! += delta;
    return trial.loss();
  });
  trial.free();
}

/** Compares every element; `move(j, delta)` moves element j and returns the loss there. */
function compare(name: string, analytic: number[], move: (j: number, delta: number) => number): void {
  if (analytic.length === 0) return;
  const numeric = analytic.map((_, j) => {
    const farBelow = move(j, -2 * step);
    const below = move(j, step);
    const above = move(j, 2 * step);
    const farAbove = move(j, step);
    move(j, -2 * step);
    return (8 * (above - below) - (farAbove - farBelow)) / (12 * step);
  });
  const largest = Math.max(...numeric.map(Math.abs));
  expect(largest, `${name}: gradients that are not all 0`).toBeGreaterThan(1e-3);
  analytic.forEach((value, j) => {
    expect(Math.abs(value - numeric[j]!) / largest, `${name}[${j}]: ${value} vs ${numeric[j]}`).toBeLessThan(tolerance);
  });
}

/** An operation on random operands, reduced to one number: its loss, or its result times random weights. */
class Trial {
  readonly inputs: { name: string; rows: number; cols: number; values: Float32Array }[];
  readonly parameters: Float32Array;
  private readonly backend: Backend;
  private readonly test: GradientTest;
  private readonly w: Parameters;
  private readonly tape: Tape;
  private readonly projection: Float32Array;

  constructor(backend: Backend, test: GradientTest) {
    const random = createRandom(11);
    const draw = (count: number) =>
      Float32Array.from({ length: count }, () => {
        const value = random.normal();
        return value + Math.sign(value) * (test.awayFromZero ?? 0);
      });
    this.backend = backend;
    this.test = test;
    this.tape = new Tape(backend);
    this.w = new Parameters(
      backend,
      Object.entries(test.w ?? {}).map(([name, shape]) => ({ name, shape })),
    );
    this.parameters = draw(this.w.size);
    this.inputs = Object.entries(test.x ?? {}).map(([name, [rows, cols]]) => {
      return { name, rows, cols, values: draw(rows * cols) };
    });
    this.projection = draw(4096);
  }

  loss(): number {
    const { result } = this.run(false);
    return "read" in result ? result.read() : this.project(result);
  }

  gradients(): { inputs: Record<string, number[]>; parameters: number[] } {
    const { backend, w } = this;
    w.zeroGrads();
    const { x, result } = this.run(true);
    if (!("read" in result)) {
      const count = result.rows * result.cols;
      this.tape.addGrad(result, (ptr) => backend.f32(ptr, count).set(this.projection.subarray(0, count)));
    }
    this.tape.backward();
    const inputs = this.inputs.map(({ name, rows, cols }) => [name, [...backend.f32(x[name]!.grad, rows * cols)]]);
    return { inputs: Object.fromEntries(inputs), parameters: [...backend.f32(w.grads, w.size)] };
  }

  free(): void {
    this.tape.free();
    this.w.free();
  }

  private run(gradients: boolean) {
    const { backend, tape, w } = this;
    tape.begin({ gradients, seed: 5 });
    backend.f32(w.values, w.size).set(this.parameters);
    const x: Record<string, Tensor> = {};
    for (const { name, rows, cols, values } of this.inputs) x[name] = { ptr: tape.floats(values), rows, cols, grad: 0 };
    return { x, result: this.test.build({ tape, x, w }) };
  }

  private project(result: Tensor): number {
    const values = this.backend.f32(result.ptr, result.rows * result.cols);
    return values.reduce((sum, value, i) => sum + value * this.projection[i]!, 0);
  }
}
