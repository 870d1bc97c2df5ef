// Reference operations of training: matrix products, attention within segments, losses, AdamW.
// Sums are taken in double precision; results are rounded to f32 when stored.
import type { Activation } from "../../spec/spec.ts";
import type { Backend } from "../backend.ts";
import type { Memory } from "./backend.ts";
import { activationFunctions, erf } from "./rows.ts";

type TrainingOps = Pick<
  Backend,
  | "gemm"
  | "activateBackward"
  | "attention"
  | "attentionBackward"
  | "dropout"
  | "logSumExp"
  | "crossEntropy"
  | "choiceCrossEntropy"
  | "choiceHeadBackward"
  | "sumSquares"
  | "adamw"
>;

/** The operations of training, over one memory. */
export function trainingOps(memory: Memory): TrainingOps {
  return { ...productOps(memory), ...attentionOps(memory), ...lossOps(memory), ...optimizerOps(memory) };
}

function productOps({ f32 }: Memory) {
  return {
    gemm(layout, out, a, b, M, N, K, lda, ldb, ldc, accumulate) {
      const [aRow, aStep] = layout === "tn" ? [1, lda] : [lda, 1];
      const [bColumn, bStep] = layout === "nt" ? [ldb, 1] : [1, ldb];
      for (let i = 0; i < M; i++) {
        for (let j = 0; j < N; j++) {
          const at = out / 4 + i * ldc + j;
          let sum = accumulate ? f32[at]! : 0;
          for (let k = 0; k < K; k++) {
            sum += f32[a / 4 + i * aRow + k * aStep]! * f32[b / 4 + j * bColumn + k * bStep]!;
          }
          f32[at] = sum;
        }
      }
    },
    activateBackward(dGate, dUp, dOut, gate, up, N, F, stride, activation) {
      const act = activationFunctions[activation];
      const derivative = activationDerivatives[activation];
      for (let i = 0; i < N; i++) {
        for (let j = 0; j < F; j++) {
          const at = i * stride + j;
          const d = f32[dOut / 4 + i * F + j]!;
          const g = f32[gate / 4 + at]!;
          const u = up ? f32[up / 4 + at]! : 1;
          f32[dGate / 4 + at] = d * derivative(g) * u;
          if (up) f32[dUp / 4 + at] = d * act(g);
        }
      }
    },
  } satisfies Partial<Backend>;
}

/** Derivatives of the activations; those of the ReLUs are 0 at 0. */
export const activationDerivatives: Record<Activation, (x: number) => number> = {
  relu: (x) => (x > 0 ? 1 : 0),
  silu: (x) => {
    const s = 1 / (1 + Math.exp(-x));
    return s * (1 + x * (1 - s));
  },
  gelu: (x) => 0.5 * (1 + erf(x / Math.SQRT2)) + (x * Math.exp(-(x * x) / 2)) / Math.sqrt(2 * Math.PI),
  gelu_tanh: (x) => {
    const c = Math.sqrt(2 / Math.PI);
    const t = Math.tanh(c * (x + 0.044715 * x ** 3));
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * c * (1 + 3 * 0.044715 * x * x);
  },
  relu2: (x) => 2 * Math.max(0, x),
};

function attentionOps({ f32, i32 }: Memory) {
  const dot = (a: number, b: number, D: number) => {
    let sum = 0;
    for (let d = 0; d < D; d++) sum += f32[a + d]! * f32[b + d]!;
    return sum;
  };
  const axpy = (out: number, x: number, alpha: number, D: number) => {
    for (let d = 0; d < D; d++) f32[out + d]! += alpha * f32[x + d]!;
  };
  /** Calls visit(row, first row of its segment, query head, key/value head) for every row and head. */
  const forRows = (
    cu: number,
    segments: number,
    H: number,
    K: number,
    visit: (i: number, begin: number, h: number, kv: number) => void,
  ) => {
    for (let s = 0; s < segments; s++) {
      const begin = i32[cu / 4 + s]!;
      const end = i32[cu / 4 + s + 1]!;
      for (let i = begin; i < end; i++) {
        for (let h = 0; h < H; h++) visit(i, begin, h, Math.floor((h * K) / H));
      }
    }
  };
  return {
    attention(out, lse, q, k, v, cu, segments, _N, H, K, D, stride) {
      const scale = 1 / Math.sqrt(D);
      forRows(cu, segments, H, K, (i, begin, h, kv) => {
        const query = q / 4 + i * stride + h * D;
        const scores = Array.from({ length: i - begin + 1 }, (_, j) => {
          return scale * dot(query, k / 4 + (begin + j) * stride + kv * D, D);
        });
        const max = Math.max(...scores);
        const total = max + Math.log(scores.reduce((sum, score) => sum + Math.exp(score - max), 0));
        f32[lse / 4 + i * H + h] = total;
        const to = out / 4 + (i * H + h) * D;
        const mixed = new Float64Array(D);
        scores.forEach((score, j) => {
          const weight = Math.exp(score - total);
          const value = v / 4 + (begin + j) * stride + kv * D;
          for (let d = 0; d < D; d++) mixed[d]! += weight * f32[value + d]!;
        });
        f32.set(mixed, to);
      });
    },
    // With p = softmax(scores) and δ = dOut · out: dv = Σ p · dOut, dScore = p · (dOut · v − δ).
    attentionBackward(dq, dk, dv, dOut, out, lse, q, k, v, cu, segments, N, H, K, D, stride) {
      const scale = 1 / Math.sqrt(D);
      for (let i = 0; i < N; i++) {
        f32.fill(0, dq / 4 + i * stride, dq / 4 + i * stride + H * D);
        f32.fill(0, dk / 4 + i * stride, dk / 4 + i * stride + K * D);
        f32.fill(0, dv / 4 + i * stride, dv / 4 + i * stride + K * D);
      }
      forRows(cu, segments, H, K, (i, begin, h, kv) => {
        const query = i * stride + h * D;
        const row = (i * H + h) * D;
        const delta = dot(dOut / 4 + row, out / 4 + row, D);
        for (let j = begin; j <= i; j++) {
          const key = j * stride + kv * D;
          const p = Math.exp(scale * dot(q / 4 + query, k / 4 + key, D) - f32[lse / 4 + i * H + h]!);
          const dScore = scale * p * (dot(dOut / 4 + row, v / 4 + key, D) - delta);
          axpy(dv / 4 + key, dOut / 4 + row, p, D);
          axpy(dq / 4 + query, k / 4 + key, dScore, D);
          axpy(dk / 4 + key, q / 4 + query, dScore, D);
        }
      });
    },
  } satisfies Partial<Backend>;
}

function lossOps({ f32, i32 }: Memory) {
  return {
    dropout(out, x, n, p, seed) {
      const rate = Math.fround(p);
      const scale = Math.fround(1 / (1 - rate));
      const threshold = Math.floor(rate * 2 ** 24);
      for (let i = 0; i < n; i++) {
        f32[out / 4 + i] = dropoutBits(seed, i) >= threshold ? f32[x / 4 + i]! * scale : 0;
      }
    },
    logSumExp(stats, logits, N, width, first) {
      for (let i = 0; i < N; i++) {
        const row = logits / 4 + i * width;
        const at = stats / 4 + 2 * i;
        const oldMax = first ? -Infinity : f32[at]!;
        let max = oldMax;
        for (let j = 0; j < width; j++) max = Math.max(max, f32[row + j]!);
        let sum = first ? 0 : f32[at + 1]! * Math.exp(oldMax - max);
        for (let j = 0; j < width; j++) sum += Math.exp(f32[row + j]! - max);
        f32[at] = max;
        f32[at + 1] = sum;
      }
    },
    // Cross-entropy = Σ target · (lse − logit); its gradient by the logits is softmax − target.
    crossEntropy(loss, logits, stats, targets, weights, N, width, offset, V, smoothing) {
      for (let i = 0; i < N; i++) {
        const row = logits / 4 + i * width;
        const lse = f32[stats / 4 + 2 * i]! + Math.log(f32[stats / 4 + 2 * i + 1]!);
        const weight = f32[weights / 4 + i]!;
        let sum = 0;
        for (let j = 0; j < width; j++) {
          const hit = offset + j === i32[targets / 4 + i]! ? 1 - smoothing : 0;
          const target = hit + smoothing / V;
          const logit = f32[row + j]!;
          sum += target * (lse - logit);
          f32[row + j] = weight * (Math.exp(logit - lse) - target);
        }
        f32[loss / 4 + i]! += weight * sum;
      }
    },
    choiceCrossEntropy(loss, dLogits, dx, x, head, offsets, ids, targets, weights, N, C, smoothing) {
      for (let i = 0; i < N; i++) {
        const [begin, end] = [i32[offsets / 4 + i]!, i32[offsets / 4 + i + 1]!];
        const chosen = Array.from(i32.subarray(ids / 4 + begin, ids / 4 + end));
        const row = f32.subarray(x / 4 + i * C, x / 4 + (i + 1) * C);
        const logits = chosen.map((id) => row.reduce((sum, value, c) => sum + value * f32[head / 4 + id * C + c]!, 0));
        const top = Math.max(...logits);
        const lse = top + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - top), 0));
        const weight = f32[weights / 4 + i]!;
        const target = chosen.map(
          (id) => (id === i32[targets / 4 + i] ? 1 - smoothing : 0) + smoothing / chosen.length,
        );
        const gradients = logits.map((logit, j) => weight * (Math.exp(logit - lse) - target[j]!));
        f32[loss / 4 + i]! += weight * logits.reduce((sum, logit, j) => sum + target[j]! * (lse - logit), 0);
        f32.set(gradients, dLogits / 4 + begin);
        for (let c = 0; c < C && dx !== 0; c++) {
          f32[dx / 4 + i * C + c] = gradients.reduce((sum, g, j) => sum + g * f32[head / 4 + chosen[j]! * C + c]!, 0);
        }
      }
    },
    choiceHeadBackward(dHead, dLogits, x, offsets, ids, N, C) {
      for (let i = 0; i < N; i++) {
        for (let j = i32[offsets / 4 + i]!; j < i32[offsets / 4 + i + 1]!; j++) {
          const to = dHead / 4 + i32[ids / 4 + j]! * C;
          for (let c = 0; c < C; c++) f32[to + c]! += f32[dLogits / 4 + j]! * f32[x / 4 + i * C + c]!;
        }
      }
    },
  } satisfies Partial<Backend>;
}

/** The 24 random bits of element `index` (the hash that backend.ts prescribes). */
function dropoutBits(seed: number, index: number): number {
  return mix(index ^ mix(seed)) >>> 8;
}

function mix(value: number): number {
  let x = value;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return x ^ (x >>> 16);
}

function optimizerOps({ f32 }: Memory) {
  return {
    sumSquares(out, x, n) {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += f32[x / 4 + i]! ** 2;
      f32[out / 4] = sum;
    },
    adamw(p, g, m, v, n, lr, beta1, beta2, eps, decay, step, gradScale) {
      const correction1 = 1 / (1 - beta1 ** step);
      const correction2 = 1 / (1 - beta2 ** step);
      for (let i = 0; i < n; i++) {
        const grad = f32[g / 4 + i]! * gradScale;
        const first = beta1 * f32[m / 4 + i]! + (1 - beta1) * grad;
        const second = beta2 * f32[v / 4 + i]! + (1 - beta2) * grad * grad;
        f32[m / 4 + i] = first;
        f32[v / 4 + i] = second;
        const value = f32[p / 4 + i]!;
        const update = (first * correction1) / (Math.sqrt(second * correction2) + eps);
        f32[p / 4 + i] = value - lr * (update + decay * value);
      }
    },
  } satisfies Partial<Backend>;
}
