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
  /** Seed of the tape's masks. */
  build(operands: Operands): Tensor | { read(): number };
}

/** Largest difference allowed, relative to the largest gradient of the same operand. */
export const tolerance = 1e-3;

const step = 0.02;

/** Fails when a gradient differs from the four-point finite difference by more than {@link tolerance}. */
export function checkGradients(backend: Backend, test: GradientTest): void {
  const random = createRandom(11);
  const draw = (count: number) =>
    Float32Array.from({ length: count }, () => {
      const value = random.normal();
      return value + Math.sign(value) * (test.awayFromZero ?? 0);
    });
  const shapes = Object.entries(test.w ?? {}).map(([name, shape]) => ({ name, shape }));
  const w = new Parameters(backend, shapes);
  backend.f32(w.values, w.size).set(draw(w.size));
  const inputs = Object.entries(test.x ?? {}).map(([name, [rows, cols]]) => {
    return { name, rows, cols, values: draw(rows * cols) };
  });
  const tape = new Tape(backend);
  const projection = draw(4096);

  /** The scalar that is differentiated: a weighted sum of the result, or the loss itself. */
  const run = (gradients: boolean) => {
    tape.begin({ gradients, seed: 5 });
    const x: Record<string, Tensor> = {};
    for (const { name, rows, cols, values } of inputs) x[name] = { ptr: tape.floats(values), rows, cols, grad: 0 };
    const result = test.build({ tape, x, w });
    if ("read" in result) return { x, loss: result.read() };
    const count = result.rows * result.cols;
    const weights = projection.subarray(0, count);
    const loss = backend.f32(result.ptr, count).reduce((sum, value, i) => sum + value * weights[i]!, 0);
    if (gradients) tape.addGrad(result, (ptr) => backend.f32(ptr, count).set(weights));
    return { x, loss };
  };

  w.zeroGrads();
  const { x } = run(true);
  tape.backward();
  const parameterGrads = [...backend.f32(w.grads, w.size)];
  const inputGrads = inputs.map(({ name, rows, cols }) => [...backend.f32(x[name]!.grad, rows * cols)]);

  inputs.forEach(({ name, values }, i) => {
    compare(name, inputGrads[i]!, (j, delta) => {
      values[j]! += delta;
    });
  });
  compare("parameters", parameterGrads, (j, delta) => {
    backend.f32(w.values, w.size)[j]! += delta;
  });
  tape.free();
  w.free();

  function compare(name: string, analytic: number[], nudge: (index: number, delta: number) => void): void {
    if (analytic.length === 0) return;
    const numeric = analytic.map((_, j) => {
      const at = (delta: number) => {
        nudge(j, delta);
        const { loss } = run(false);
        nudge(j, -delta);
        return loss;
      };
      return (8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12 * step);
    });
    const largest = Math.max(...numeric.map(Math.abs));
    expect(largest, `${name}: gradients that are not all 0`).toBeGreaterThan(1e-3);
    analytic.forEach((value, j) => {
      expect(Math.abs(value - numeric[j]!) / largest, `${name}[${j}]: ${value} vs ${numeric[j]}`).toBeLessThan(
        tolerance,
      );
    });
  }
}
