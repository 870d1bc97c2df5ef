// The operations that a calibration measures: how each one is queued, over which grid of shapes. Timing is in stopwatch.ts.
import { matrixBytes } from "../../spec/arithmetic.ts";
import { boundBy, productWeights, streamedShare, type Weights } from "./anchors.ts";
import { pointsOf } from "./grid.ts";
import type { LatencyTables } from "./latency-profile.ts";
import { type RowKind, rowKinds } from "./plan.ts";
import { type Stage, stagedHeadSize } from "./stage.ts";
import { operationWork } from "./work.ts";

/** One operation at one shape. */
export interface Trial {
  /** Its table and point, for messages. */
  name: string;
  /** Work of one operation, in int4 multiply-adds; what it is by the engine's count, and about what it takes. */
  countedWork: number;
  work: number;
  /** Whether it runs on the caller's thread alone, in lists of little work. */
  serial: boolean;
  /** How its time goes with the anchors'. */
  weights: Weights;
  /** Operations until a cache holds what it should hold; a slice has a multiple of `whole` of them. 1 where not given. */
  warmUps?: number;
  whole?: number;
  /** Gets ready and gives what queues the operation once. Walks through weights go on where they ended the last time. */
  prepare(): () => void;
}

/** One grid to fill: a trial for each point that can be measured, null for those that follow from others. */
export interface TableTrials {
  axes: number[][];
  /** In the order of the grid's values. */
  trials: (Trial | null)[];
}

/** Names of the grids of {@link LatencyTables}, `rows.` before those of {@link rowKinds}. */
export type TableName = Exclude<keyof LatencyTables, "rows" | "step"> | `rows.${RowKind}`;

const matmulTokens = [1, 4, 16, 64, 256];
const matmulRows = [128, 512, 2048, 8192, 32768];
const matmulColumns = [128, 512, 2048, 8192];
const attended = [1, 32.5, 128.5, 640.5, 2048];
const attentionTokens = [1, 16, 64, 256];
const keyHeads = [2, 12];
const groups = [1, 4];
const headSizes = [32, 64, 160];
const rowCounts = [1, 16, 256];
const rowWidths = [64, 512, 2048, 8192];
const choiceWidths = [1024, 32768, 152064];
/** Small shapes, as lists that run on one thread have them. */
const serialShape = { rows: [32, 128, 512, 2048], columns: [32, 128, 512, 2048] };
// KV caches that attention goes through in turns: all that there is room for, as in a model a token's weights push them
// out of the processor's caches.
const mostLayers = 1024;
// How often a window is walked through until a cache holds of it what it will.
const walks = 3;
// No last-level cache that small models would find room in is larger.
const mostWarmUp = 128 * 2 ** 20;
// While a device's caches are not known yet: half of so many bytes of weights may come from memory.
const supposedHalf = 24 * 2 ** 20;
/** Bytes that a thread's second-level cache surely holds, with activations beside them. */
export const hotWindow = 256 * 1024;

/** The largest activations that the trials use. */
export const stageShape = { rows: Math.max(...rowCounts), width: 2 * Math.max(...rowWidths) };

/** How large operations may be, and how they run. */
export interface TrialLimits {
  /** Most work of one operation. */
  work: number;
  serial: boolean;
}

/** Every grid's trials. */
export function createTrials(stage: Stage, limits: TrialLimits): Map<TableName, TableTrials> {
  const { serial } = limits;
  const shapes = serial ? serialShape : { rows: matmulRows, columns: matmulColumns };
  const matmulAxes = [serial ? matmulTokens.slice(0, 3) : matmulTokens, shapes.rows, shapes.columns];
  const tokens = serial ? attentionTokens.slice(0, 2) : attentionTokens;
  const attentionAxes = [tokens, attended, keyHeads, groups, headSizes];
  const tables = new Map<TableName, TableTrials>();
  const add = (name: TableName, axes: number[][], trial: (point: number[]) => Trial | null) =>
    tables.set(name, { axes, trials: pointsOf(axes).map((point) => within(trial(point), limits, stage)) });
  add("matmulCached", matmulAxes, (point) => matmul(stage, point, hotWindow, serial));
  if (!serial) add("matmulStreamed", matmulAxes, (point) => matmul(stage, point, stage.weightBytes, serial));
  add("attention", attentionAxes, (point) => attention(stage, point, serial));
  for (const kind of rowKinds) {
    const axes = kind === "argmax" ? [[1], choiceWidths] : [serial ? rowCounts.slice(0, 2) : rowCounts, rowWidths];
    add(`rows.${kind}`, axes, (point) => rowTrial(stage, kind, point, serial));
  }
  return tables;
}

/** An int4 product whose weights are taken in turns from the first `window` bytes; null where they do not fit. */
export function matmul(stage: Stage, point: readonly number[], window: number, serial: boolean): Trial | null {
  const [N, M, K] = point as [number, number, number];
  const bytes = matrixBytes(M, K, "int4");
  if (bytes > window || N * M > stageShape.rows * stageShape.width) return null;
  const work = operationWork.matmul(N, M, K);
  const walk = stage.walk(bytes, window);
  const warmUps = walks * Math.ceil(Math.min(window, mostWarmUp) / bytes);
  return {
    name: `${window === hotWindow ? "cached" : "streamed"} product ${N} × [${M}, ${K}]`,
    countedWork: work,
    work,
    serial,
    weights: serial ? boundBy.caller : productWeights(N, streamedShare(window, supposedHalf)),
    warmUps: window < stage.weightBytes ? warmUps : 1,
    prepare() {
      const { backend, codes, input, output } = stage;
      backend.quantizeRows(codes, input, N, K);
      return () => backend.matmulInt4(output, codes, walk(), N, M, K, M, false);
    },
  };
}

function attention(stage: Stage, point: readonly number[], serial: boolean): Trial | null {
  const [N, S, K, group, D] = point as [number, number, number, number, number];
  const position = Math.round(S - (N + 1) / 2);
  if (position < 0) return null;
  const H = K * group;
  const stride = (H + 2 * K) * D;
  let i = 0;
  if (N * stride > stageShape.rows * stageShape.width || !stage.hasRoomFor(K, D, position + N)) return null;
  return {
    name: `attention of ${N} to ${S}, ${H} heads of ${D} on ${K}`,
    countedWork: operationWork.attention(N, position, H, D),
    // Two products in f32 over keys and values of bytes: some twenty times slower than an int4 product.
    work: 40 * N * S * H * D,
    serial,
    weights: serial ? boundBy.caller : boundBy.compute,
    prepare() {
      const { backend, input, output } = stage;
      const layers = stage.layers(K, D, position + N, serial ? 1 : mostLayers);
      const keys = input + 4 * H * D;
      return () => {
        i = (i + 1) % layers.length;
        backend.kvAppend(layers[i]!, keys, keys + 4 * K * D, N, position, K, D, stride);
        backend.attentionCached(output, input, layers[i]!, N, position, H, K, D, stride);
      };
    },
  };
}

/** An operation on rows. */
export function rowTrial(stage: Stage, kind: RowKind, point: readonly number[], serial: boolean): Trial | null {
  const [N, width] = point as [number, number];
  if (kind === "kvAppend" && !stage.hasRoomFor(width / stagedHeadSize, stagedHeadSize, N)) return null;
  return {
    name: `${kind} [${N}, ${width}]`,
    countedWork: operationWork.rows(kind, N, width),
    work: 8 * N * width,
    serial,
    weights: serial ? boundBy.caller : boundBy.compute,
    prepare: () => rowOperations[kind](stage, N, width, serial),
  };
}

const eps = 1e-6;

const rowOperations: Record<RowKind, (stage: Stage, N: number, width: number, serial: boolean) => () => void> = {
  gather: (stage, N, width) => {
    const { backend, output, ids } = stage;
    stage.rewind();
    const table = stage.nextWeights(matrixBytes(N, width, "int4"));
    return () => backend.gatherInt4(output, table, ids, N, width);
  },
  quantize: ({ backend, codes, input }, N, width) => {
    return () => backend.quantizeRows(codes, input, N, width);
  },
  rmsNorm: ({ backend, output, input, ones }, N, width) => {
    return () => backend.rmsNorm(output, input, ones, N, width, eps, 0);
  },
  layerNorm: ({ backend, output, input, ones }, N, width) => {
    return () => backend.layerNorm(output, input, ones, 0, N, width, eps, 0);
  },
  rope: ({ backend, output, turns, ids }, N, width) => {
    return () => backend.rope(output, turns, ids, N, width / stagedHeadSize, stagedHeadSize, width, false);
  },
  relu: activation("relu"),
  silu: activation("silu"),
  gelu: activation("gelu"),
  kvAppend: (stage, N, width, serial) => {
    const { backend, input } = stage;
    const K = width / stagedHeadSize;
    const layers = stage.layers(K, stagedHeadSize, N, serial ? 1 : mostLayers);
    let i = 0;
    return () => {
      backend.kvAppend(layers[i]!, input, input, N, 0, K, stagedHeadSize, width);
      i = (i + 1) % layers.length;
    };
  },
  add: ({ backend, output, input }, N, width) => {
    return () => backend.add(output, input, input, N * width);
  },
  argmax: ({ backend, output, input }, _, width) => {
    return () => backend.argmax(output, input, width);
  },
};

function activation(name: "relu" | "silu" | "gelu") {
  return ({ backend, output, input }: Stage, N: number, F: number) => {
    return () => backend.activate(output, input, input + 4 * F, N, F, 2 * F, name);
  };
}

function within(trial: Trial | null, limits: TrialLimits, stage: Stage): Trial | null {
  if (trial === null || trial.work > limits.work) return null;
  return trial.serial && trial.countedWork > stage.backend.serialWork / 2 ? null : trial;
}
