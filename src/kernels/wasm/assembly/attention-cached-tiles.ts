// Attention of many new tokens over the KV cache (prefill): blocks of keys are unpacked to f32 once for all query rows
// that share them, and multiplied on the 6 × 8 tile of the GEMM. A row is one head of one token; rows that share a key
// head lie together, token by token. Online softmax over the blocks, as in attention-cached.ts.
import { scratch, thread, threads } from "./control";
import { exp_ps, madd_ps, max_ps, sum_ps } from "./math";
import { MR, NR, packColumns8, packRows6, packRows8, tile } from "./tile";

/** Rows that share one unpacking of a block; with fewer, unpacking is more than a tenth of the work. */
const ROWS: i32 = 192;

// Shape of the running call and the parts of scratch (every thread has its own instance of this module).
let D: i32 = 0;
let group: i32 = 0;
let blockKeys: i32 = 0;
let scoreStep: usize = 0;
let partialStep: usize = 0;
let stats: usize = 0;
let queries: usize = 0;
let queryPanel: usize = 0;
let scores: usize = 0;
let weightPanel: usize = 0;
let partial: usize = 0;
let unpacked: usize = 0;
let keyPanels: usize = 0;
let valuePanels: usize = 0;

function prepare(H: i32, K: i32, headSize: i32): void {
  D = headSize;
  group = H / K;
  blockKeys = D <= 128 ? 128 : max(NR, (16384 / D) & ~(NR - 1));
  const row = <usize>D << 2;
  scoreStep = <usize>(blockKeys + NR) << 2;
  partialStep = <usize>((D + NR - 1) & ~(NR - 1)) << 2;
  stats = scratch();
  queries = stats + <usize>(8 * max(ROWS, MR * group));
  queryPanel = queries + <usize>MR * row;
  scores = queryPanel + <usize>MR * partialStep;
  weightPanel = scores + <usize>MR * scoreStep;
  partial = weightPanel + <usize>MR * scoreStep;
  unpacked = partial + <usize>MR * partialStep;
  keyPanels = unpacked + <usize>blockKeys * row;
  valuePanels = keyPanels + <usize>blockKeys * row;
}

/** As attentionCached. Threads take turns at (chunk of tokens, key head) pairs. */
export function attendTiles(
  out: usize,
  q: usize,
  keys: usize,
  values: usize,
  capacity: i32,
  int8: i32,
  N: i32,
  position: i32,
  H: i32,
  K: i32,
  headSize: i32,
  stride: i32,
): void {
  prepare(H, K, headSize);
  const tokens = max(MR, ROWS / group);
  const codes = ((<usize>K * capacity * D) + 15) & ~15;
  let item = 0;
  for (let first = 0; first < N; first += tokens) {
    for (let k = 0; k < K; k++) {
      if (item++ % threads() != thread()) continue;
      const count = min(tokens, N - first);
      const cells = <usize>k * capacity;
      const at = (cells * D) << (int8 ? 0 : 2);
      const scales = codes + (cells << 2);
      const head = <usize>(k * group * D) << 2;
      attendChunk(
        out + ((<usize>first * H * D) << 2) + head,
        (<usize>H * D) << 2,
        q + ((<usize>first * stride) << 2) + head,
        <usize>stride << 2,
        keys + at,
        int8 ? keys + scales : 0,
        values + at,
        int8 ? values + scales : 0,
        count,
        position + first,
      );
    }
  }
}

/**
 * `count` tokens at `position`.. of the query heads of one key head. Steps are bytes from token to token. Scales 0:
 * f32.
 */
function attendChunk(
  out: usize,
  outStep: usize,
  q: usize,
  qStep: usize,
  keys: usize,
  keyScales: usize,
  values: usize,
  valueScales: usize,
  count: i32,
  position: i32,
): void {
  const rows = count * group;
  const length = position + count;
  for (let start = 0; start < length; start += blockKeys) {
    const block = min(blockKeys, length - start);
    packKeys(rowsOf(keys, keyScales, start, block), block);
    packValues(rowsOf(values, valueScales, start, block), block);
    for (let row = 0; row < rows; row += MR) {
      const some = min(MR, rows - row);
      const most = min(block, position + (row + some - 1) / group + 1 - start);
      if (most <= 0) continue;
      gather(q, qStep, row, some);
      for (let j = 0; j < most; j += NR) {
        tile(scores + (<usize>j << 2), scoreStep, queryPanel, 24, keyPanels + ((<usize>j * D) << 2), 32, D, 0);
      }
      for (let i = 0; i < some; i++) {
        const visible = min(block, position + (row + i) / group + 1 - start);
        const to = out + <usize>((row + i) / group) * outStep + ((<usize>((row + i) % group) * D) << 2);
        softmax(scores + <usize>i * scoreStep, visible, most, stats + (<usize>(row + i) << 3), to, start == 0);
      }
      packRows6(weightPanel, scores, scoreStep, some, most);
      for (let d = 0; d < D; d += NR) {
        const panel = valuePanels + ((<usize>d * block) << 2);
        tile(partial + (<usize>d << 2), partialStep, weightPanel, 24, panel, 32, most, 0);
      }
      for (let i = 0; i < some; i++) {
        const to = out + <usize>((row + i) / group) * outStep + ((<usize>((row + i) % group) * D) << 2);
        accumulate(to, partial + <usize>i * partialStep, start == 0);
      }
    }
  }
  for (let row = 0; row < rows; row++) {
    const to = out + <usize>(row / group) * outStep + ((<usize>(row % group) * D) << 2);
    scaleRow(to, <f32>1 / load<f32>(stats + (<usize>row << 3), 4));
  }
}

/** The block's tokens as f32 rows: where they are, or unpacked from int8. */
function rowsOf(cache: usize, scales: usize, start: i32, block: i32): usize {
  if (scales == 0) return cache + ((<usize>start * D) << 2);
  let from = cache + <usize>start * D;
  let to = unpacked;
  for (let i = 0; i < block; i++) {
    const scale = f32x4.splat(load<f32>(scales + (<usize>(start + i) << 2)));
    let d = 0;
    for (; d + 8 <= D; d += 8, from += 8, to += 32) {
      const codes = v128.load8x8_s(from);
      v128.store(to, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(codes)), scale));
      v128.store(to, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(codes)), scale), 16);
    }
    for (; d < D; d++, from++, to += 4) store<f32>(to, <f32>load<i8>(from) * f32x4.extract_lane(scale, 0));
  }
  return unpacked;
}

function packKeys(x: usize, block: i32): void {
  const step = <usize>D << 2;
  for (let j = 0; j < block; j += NR) {
    packRows8(keyPanels + <usize>j * step, x + <usize>j * step, step, block - j, D);
  }
}

function packValues(x: usize, block: i32): void {
  const step = <usize>D << 2;
  for (let d = 0; d < D; d += NR) {
    packColumns8(valuePanels + ((<usize>d * block) << 2), x + (<usize>d << 2), step, D - d, block);
  }
}

/** Packs up to 6 query rows, scaled by 1/sqrt(D). */
function gather(q: usize, qStep: usize, row: i32, some: i32): void {
  const step = <usize>D << 2;
  const scale: f32 = 1 / sqrt<f32>(<f32>D);
  for (let i = 0; i < some; i++) {
    const to = queries + <usize>i * step;
    memory.copy(to, q + <usize>((row + i) / group) * qStep + <usize>((row + i) % group) * step, step);
    scaleRow(to, scale);
  }
  packRows6(queryPanel, queries, step, some, D);
}

function scaleRow(x: usize, scale: f32): void {
  const end = x + (<usize>D << 2);
  for (; x + 16 <= end; x += 16) v128.store(x, f32x4.mul(v128.load(x), f32x4.splat(scale)));
  for (; x < end; x += 4) store<f32>(x, load<f32>(x) * scale);
}

/**
 * Turns a row's `visible` scores into e^(score − max), zeros up to `most`; updates its (max, sum) and, when the maximum
 * rises, rescales what the row has in `out`.
 */
function softmax(x: usize, visible: i32, most: i32, stat: usize, out: usize, first: bool): void {
  const end = x + (<usize>max(visible, 0) << 2);
  const stop = x + (<usize>most << 2);
  if (visible > 0) {
    v128.store(end, f32x4.splat(-Infinity));
    let tops = v128.load(x);
    for (let at = x + 16; at < end; at += 16) tops = f32x4.pmax(tops, v128.load(at));
    let top = max_ps(tops);
    let sum: f32 = 0;
    if (!first) {
      const earlier = load<f32>(stat);
      top = max<f32>(top, earlier);
      const factor = f32x4.extract_lane(exp_ps(f32x4.splat(earlier - top)), 0);
      sum = load<f32>(stat, 4) * factor;
      if (top > earlier) scaleRow(out, factor);
    }
    const shift = f32x4.splat(top);
    let sums = f32x4.splat(0);
    for (let at = x; at < end; at += 16) {
      const e = exp_ps(f32x4.sub(v128.load(at), shift));
      v128.store(at, e);
      sums = f32x4.add(sums, e);
    }
    store<f32>(stat, top);
    store<f32>(stat, sum + sum_ps(sums), 4);
  }
  for (let at = end; at < stop; at += 4) store<f32>(at, 0);
}

/** out [D] = (first ? 0 : out) + x */
function accumulate(out: usize, x: usize, first: bool): void {
  const end = out + (<usize>D << 2);
  for (; out + 16 <= end; out += 16, x += 16) {
    v128.store(out, first ? v128.load(x) : f32x4.add(v128.load(out), v128.load(x)));
  }
  for (; out < end; out += 4, x += 4) store<f32>(out, first ? load<f32>(x) : load<f32>(out) + load<f32>(x));
}
