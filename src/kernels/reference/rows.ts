// Reference operations shared by training and inference: elementwise, gathers, norms, RoPE, activations.
// Sums are taken in double precision; results are rounded to f32 when stored.
import type { Activation } from "../../spec/spec.ts";
import type { Backend } from "../backend.ts";
import type { Memory } from "./backend.ts";

type RowOps = Pick<
  Backend,
  | "fill"
  | "copy"
  | "add"
  | "clamp"
  | "softCap"
  | "addBias"
  | "normParts"
  | "axpy"
  | "gatherRows"
  | "scatterAddRows"
  | "rmsNorm"
  | "rmsNormBackward"
  | "layerNorm"
  | "layerNormBackward"
  | "rope"
  | "activate"
>;

/** The operations on rows, over one memory. */
export function rowOps(memory: Memory): RowOps {
  const norms = { ...rmsNormOps(memory), ...layerNormOps(memory) };
  return { ...elementwiseOps(memory), ...norms, ...partOps(norms), ...pointOps(memory) };
}

function partOps({ rmsNorm, layerNorm }: Pick<Backend, "rmsNorm" | "layerNorm">) {
  return {
    normParts(x, weight, bias, N, parts, width, stride, eps, norm) {
      for (let i = 0; i < N; i++) {
        for (let part = 0; part < parts; part++) {
          const offset = 4 * part * width;
          const at = x + 4 * i * stride + offset;
          if (norm === "rms") rmsNorm(at, at, weight + offset, 1, width, eps, 0);
          else layerNorm(at, at, weight + offset, bias && bias + offset, 1, width, eps, 0);
        }
      }
    },
  } satisfies Partial<Backend>;
}

function elementwiseOps({ f32, i32 }: Memory) {
  return {
    fill(x, value, n) {
      f32.fill(value, x / 4, x / 4 + n);
    },
    copy(out, x, n) {
      f32.copyWithin(out / 4, x / 4, x / 4 + n);
    },
    add(out, a, b, n) {
      for (let i = 0; i < n; i++) f32[out / 4 + i] = f32[a / 4 + i]! + f32[b / 4 + i]!;
    },
    clamp(x, n, limit) {
      const most = Math.fround(limit);
      for (let i = x / 4; i < x / 4 + n; i++) f32[i] = Math.max(-most, Math.min(most, f32[i]!));
    },
    softCap(x, n, cap) {
      for (let i = x / 4; i < x / 4 + n; i++) f32[i] = cap * Math.tanh(f32[i]! / cap);
    },
    addBias(out, bias, N, M, ldc) {
      for (let i = 0; i < N; i++) for (let j = 0; j < M; j++) f32[out / 4 + i * ldc + j]! += f32[bias / 4 + j]!;
    },
    axpy(out, x, alpha, n) {
      for (let i = 0; i < n; i++) f32[out / 4 + i]! += alpha * f32[x / 4 + i]!;
    },
    gatherRows(out, table, ids, N, C) {
      for (let i = 0; i < N; i++) {
        const from = table / 4 + i32[ids / 4 + i]! * C;
        f32.copyWithin(out / 4 + i * C, from, from + C);
      }
    },
    scatterAddRows(table, ids, x, N, C) {
      for (let i = 0; i < N; i++) {
        const to = table / 4 + i32[ids / 4 + i]! * C;
        for (let j = 0; j < C; j++) f32[to + j]! += f32[x / 4 + i * C + j]!;
      }
    },
  } satisfies Partial<Backend>;
}

function rmsNormOps({ f32 }: Memory) {
  return {
    rmsNorm(out, x, weight, N, C, eps, rstd) {
      for (let i = 0; i < N; i++) {
        const row = x / 4 + i * C;
        let squares = 0;
        for (let j = 0; j < C; j++) squares += f32[row + j]! ** 2;
        const scale = 1 / Math.sqrt(squares / C + eps);
        if (rstd) f32[rstd / 4 + i] = scale;
        for (let j = 0; j < C; j++) f32[out / 4 + i * C + j] = f32[row + j]! * scale * f32[weight / 4 + j]!;
      }
    },
    // With x̂ = x · r and g = dOut · weight: dx = r · (g − x̂ · mean(g · x̂)), dWeight = Σ dOut · x̂.
    rmsNormBackward(dx, dWeight, dOut, x, weight, rstd, N, C) {
      for (let i = 0; i < N; i++) {
        const row = i * C;
        const r = f32[rstd / 4 + i]!;
        let dot = 0;
        for (let j = 0; j < C; j++) {
          dot += f32[dOut / 4 + row + j]! * f32[weight / 4 + j]! * f32[x / 4 + row + j]! * r;
        }
        for (let j = 0; j < C; j++) {
          const normal = f32[x / 4 + row + j]! * r;
          const d = f32[dOut / 4 + row + j]!;
          f32[dx / 4 + row + j]! += r * (d * f32[weight / 4 + j]! - (normal * dot) / C);
          f32[dWeight / 4 + j]! += d * normal;
        }
      }
    },
  } satisfies Partial<Backend>;
}

function layerNormOps({ f32 }: Memory) {
  return {
    layerNorm(out, x, weight, bias, N, C, eps, stats) {
      for (let i = 0; i < N; i++) {
        const row = x / 4 + i * C;
        let mean = 0;
        for (let j = 0; j < C; j++) mean += f32[row + j]! / C;
        let variance = 0;
        for (let j = 0; j < C; j++) variance += (f32[row + j]! - mean) ** 2 / C;
        const scale = 1 / Math.sqrt(variance + eps);
        if (stats) f32[stats / 4 + 2 * i] = mean;
        if (stats) f32[stats / 4 + 2 * i + 1] = scale;
        for (let j = 0; j < C; j++) {
          const shift = bias ? f32[bias / 4 + j]! : 0;
          f32[out / 4 + i * C + j] = (f32[row + j]! - mean) * scale * f32[weight / 4 + j]! + shift;
        }
      }
    },
    // As RMSNorm with x̂ = (x − mean) · r, and g's mean removed too.
    layerNormBackward(dx, dWeight, dBias, dOut, x, weight, stats, N, C) {
      for (let i = 0; i < N; i++) {
        const row = i * C;
        const mean = f32[stats / 4 + 2 * i]!;
        const r = f32[stats / 4 + 2 * i + 1]!;
        let dot = 0;
        let sum = 0;
        for (let j = 0; j < C; j++) {
          const g = f32[dOut / 4 + row + j]! * f32[weight / 4 + j]!;
          dot += g * (f32[x / 4 + row + j]! - mean) * r;
          sum += g;
        }
        for (let j = 0; j < C; j++) {
          const normal = (f32[x / 4 + row + j]! - mean) * r;
          const d = f32[dOut / 4 + row + j]!;
          f32[dx / 4 + row + j]! += r * (d * f32[weight / 4 + j]! - (sum + normal * dot) / C);
          f32[dWeight / 4 + j]! += d * normal;
          if (dBias) f32[dBias / 4 + j]! += d;
        }
      }
    },
  } satisfies Partial<Backend>;
}

function pointOps({ f32, i32 }: Memory) {
  return {
    rope(x, table, positions, N, heads, D, stride, inverse) {
      const half = D / 2;
      for (let i = 0; i < N; i++) {
        const angles = table / 4 + i32[positions / 4 + i]! * D;
        for (let h = 0; h < heads; h++) {
          for (let j = 0; j < half; j++) {
            const cosine = f32[angles + j]!;
            const sine = inverse ? -f32[angles + half + j]! : f32[angles + half + j]!;
            const at = x / 4 + i * stride + h * D + j;
            const a = f32[at]!;
            const b = f32[at + half]!;
            f32[at] = a * cosine - b * sine;
            f32[at + half] = b * cosine + a * sine;
          }
        }
      }
    },
    activate(out, gate, up, N, F, stride, activation) {
      const act = activationFunctions[activation];
      for (let i = 0; i < N; i++) {
        for (let j = 0; j < F; j++) {
          const at = i * stride + j;
          f32[out / 4 + i * F + j] = act(f32[gate / 4 + at]!) * (up ? f32[up / 4 + at]! : 1);
        }
      }
    },
  } satisfies Partial<Backend>;
}

/** The activations as functions of one number. */
export const activationFunctions: Record<Activation, (x: number) => number> = {
  relu: (x) => Math.max(0, x),
  silu: (x) => x / (1 + Math.exp(-x)),
  gelu: (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)),
  gelu_tanh: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  relu2: (x) => Math.max(0, x) ** 2,
};

/** erf(x) to about 1e-15: the Taylor series, and 1 beyond 6, where the difference is below 1e-16. */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (a > 6) return Math.sign(x);
  // erf(a) = 2/√π · e^(−a²) · Σ 2ⁿ a^(2n+1) / (2n+1)!!: all terms positive, so nothing cancels.
  let term = a;
  let sum = a;
  for (let n = 1; term > sum * 1e-17; n++) {
    term *= (2 * a * a) / (2 * n + 1);
    sum += term;
  }
  return Math.sign(x) * (2 / Math.sqrt(Math.PI)) * Math.exp(-a * a) * sum;
}
