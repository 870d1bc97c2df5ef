// Attention of many new tokens over the KV cache (prefill): blocks of keys are unpacked to f32 once for all query rows
// that share them, and multiplied on the tiles of the GEMM. A row is one head of one token; rows that share a key
// head lie together, token by token. Online softmax over the blocks, as in attention-cached.ts.
import { scratch, thread, threads } from "./control";
import { exp_ps, madd_ps, max_ps, sum_ps } from "./math";
import { pageOf } from "./kv-pages";
import { KV_PAGE } from "./op";
import { packColumns8, packRows6, packRows8 } from "./pack";
import { addSlope, capScores, hide } from "./scores";
import { MR, NR, tiles } from "./tile";

/** Rows that share one unpacking of a block; with fewer, unpacking is more than a tenth of the work. */
const ROWS: i32 = 192;

// Shape of the running call and the parts of scratch (every thread has its own instance of this module).
let D: i32 = 0;
let pageTable: usize = 0;
// From a layer's part of a page to the running head's rows, and to its scales (0: f32).
let headRows: usize = 0;
let headScales: usize = 0;
// What is done to the scores: see scores.ts; slopes from the running key head's first query head on.
let windowTokens: i32 = 0;
let scoreCap: f32 = 0;
let headSlopes: usize = 0;
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
  // A power of two, so that a block is whole pages or lies in one.
  blockKeys = 128;
  while (blockKeys > NR && blockKeys * D > 16384) blockKeys >>= 1;
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
  pages: usize,
  keys: i32,
  values: i32,
  int8: i32,
  N: i32,
  position: i32,
  H: i32,
  K: i32,
  headSize: i32,
  stride: i32,
  window: i32,
  cap: f32,
  slopes: usize,
): void {
  prepare(H, K, headSize);
  pageTable = pages;
  windowTokens = window;
  scoreCap = cap;
  const tokens = max(MR, ROWS / group);
  let item = 0;
  for (let first = 0; first < N; first += tokens) {
    for (let k = 0; k < K; k++) {
      if (item++ % threads() != thread()) continue;
      const cells = <usize>(k * KV_PAGE);
      headRows = (cells * D) << (int8 ? 0 : 2);
      headScales = int8 ? <usize>(K * KV_PAGE * D) + (cells << 2) : 0;
      headSlopes = slopes != 0 ? slopes + (<usize>(k * group) << 2) : 0;
      const head = <usize>(k * group * D) << 2;
      attendChunk(
        out + ((<usize>first * H * D) << 2) + head,
        (<usize>H * D) << 2,
        q + ((<usize>first * stride) << 2) + head,
        <usize>stride << 2,
        keys,
        values,
        min(tokens, N - first),
        position + first,
      );
    }
  }
}

/** `count` tokens at `position`.. of the query heads of one key head. Steps are bytes from token to token. */
function attendChunk(
  out: usize,
  outStep: usize,
  q: usize,
  qStep: usize,
  keys: i32,
  values: i32,
  count: i32,
  position: i32,
): void {
  const rows = count * group;
  const length = position + count;
  const oldest = windowTokens > 0 ? max(0, position + 1 - windowTokens) : 0;
  // With a window, a row's first block is not the loop's: all rows begin empty.
  if (windowTokens > 0) clearRows(out, outStep, rows);
  for (let start = oldest - (oldest % blockKeys); start < length; start += blockKeys) {
    const first = start == 0 && windowTokens == 0;
    const block = min(blockKeys, length - start);
    for (let at = 0; at < block; at += KV_PAGE) {
      const some = min(KV_PAGE, block - at);
      packKeys(keys, start + at, at, some);
      packValues(valueRows(values, start + at, some), at, some, block);
    }
    for (let row = 0; row < rows; row += MR) {
      const some = min(MR, rows - row);
      const most = min(block, position + (row + some - 1) / group + 1 - start);
      if (most <= 0) continue;
      gather(q, qStep, row, some);
      tiles(scores, scoreStep, queryPanel, 24, keyPanels, <usize>D << 5, most, D);
      for (let i = 0; i < some; i++) {
        const visible = adjust(scores + <usize>i * scoreStep, row + i, position, start, block);
        const to = out + <usize>((row + i) / group) * outStep + ((<usize>((row + i) % group) * D) << 2);
        softmax(scores + <usize>i * scoreStep, visible, most, stats + (<usize>(row + i) << 3), to, first);
      }
      packRows6(weightPanel, scores, scoreStep, some, most);
      tiles(partial, partialStep, weightPanel, 24, valuePanels, <usize>block << 5, D, most);
      for (let i = 0; i < some; i++) {
        const to = out + <usize>((row + i) / group) * outStep + ((<usize>((row + i) % group) * D) << 2);
        accumulate(to, partial + <usize>i * partialStep, first);
      }
    }
  }
  for (let row = 0; row < rows; row++) {
    const to = out + <usize>(row / group) * outStep + ((<usize>(row % group) * D) << 2);
    scaleRow(to, <f32>1 / load<f32>(stats + (<usize>row << 3), 4));
  }
}

/**
 * Prepares a row's scores of the block at `start` for softmax, as scores.ts says; returns how many keys it sees, 0 also
 * where all lie before its window.
 */
function adjust(x: usize, row: i32, position: i32, start: i32, block: i32): i32 {
  const query = position + row / group;
  const visible = min(block, query + 1 - start);
  if (visible <= 0) return visible;
  const hidden = windowTokens > 0 ? query + 1 - windowTokens - start : 0;
  if (hidden >= visible) return 0;
  if (scoreCap > 0) capScores(x, visible, scoreCap);
  if (headSlopes != 0) addSlope(x, visible, load<f32>(headSlopes + (<usize>(row % group) << 2)), start - query);
  if (hidden > 0) hide(x, hidden);
  return visible;
}

function clearRows(out: usize, outStep: usize, rows: i32): void {
  for (let row = 0; row < rows; row++) {
    store<f32>(stats + (<usize>row << 3), -Infinity);
    store<f32>(stats + (<usize>row << 3), 0, 4);
    memory.fill(out + <usize>(row / group) * outStep + ((<usize>(row % group) * D) << 2), 0, <usize>D << 2);
  }
}

/** Packs `count` keys of one page, from `start` on, as keys `first`.. of the block; `start` is a multiple of 8. */
function packKeys(offset: i32, start: i32, first: i32, count: i32): void {
  const page = pageOf(pageTable, offset, start);
  const cell = <usize>(start % KV_PAGE);
  const row = <usize>D << 2;
  for (let j: usize = 0; j < <usize>count; j += NR) {
    const panel = keyPanels + (<usize>first + j) * row;
    if (headScales) {
      unpackKeys(panel, page + headRows + ((cell + j) << 1), page + headScales + ((cell + j) << 2));
    } else {
      packRows8(panel, page + headRows + (cell + j) * row, row, count - <i32>j, D);
    }
  }
}

/** A panel f32 [D, 8] = int8 codes of eight keys · their scales. */
function unpackKeys(panel: usize, codes: usize, scales: usize): void {
  const low = v128.load(scales);
  const high = v128.load(scales, 16);
  for (const end = panel + (<usize>D << 5); panel < end; panel += 64, codes += KV_PAGE << 1) {
    const both = v128.load(codes);
    const even = i16x8.shr_s(i16x8.shl(both, 8), 8);
    const odd = i16x8.shr_s(both, 8);
    v128.store(panel, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(even)), high), 16);
    v128.store(panel, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(even)), low));
    v128.store(panel, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(odd)), high), 48);
    v128.store(panel, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(odd)), low), 32);
  }
}

/** `count` values of one page, from `start` on, as f32 rows: where they are, or unpacked from int8; `start` is even. */
function valueRows(offset: i32, start: i32, count: i32): usize {
  const page = pageOf(pageTable, offset, start);
  const cell = <usize>(start % KV_PAGE);
  if (headScales == 0) return page + headRows + ((cell * D) << 2);
  const from = page + headRows + cell * D;
  const scales = page + headScales + (cell << 2);
  for (let i: usize = 0; i < <usize>count; i += 2) {
    unpackValues(unpacked + ((i * D) << 2), from + i * D, load<f32>(scales + (i << 2)), load<f32>(scales + (i << 2), 4));
  }
  return unpacked;
}

/** to f32 [2, D] = int8 codes of two values · their scales */
function unpackValues(to: usize, codes: usize, scale: f32, scale2: f32): void {
  const row = (<usize>D) << 2;
  const end = codes + (<usize>D << 1);
  for (; codes + 16 <= end; codes += 16, to += 32) {
    const both = v128.load(codes);
    const first = i16x8.shr_s(i16x8.shl(both, 8), 8);
    const second = i16x8.shr_s(both, 8);
    const scales = f32x4.splat(scale);
    const scales2 = f32x4.splat(scale2);
    v128.store(to, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(first)), scales), 16);
    v128.store(to, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(first)), scales));
    v128.store(to + row, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(second)), scales2), 16);
    v128.store(to + row, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(second)), scales2));
  }
  for (; codes < end; codes += 2, to += 4) {
    store<f32>(to, <f32>load<i8>(codes) * scale);
    store<f32>(to + row, <f32>load<i8>(codes, 1) * scale2);
  }
}

/** Packs `count` rows as values `first`.. of a block of `block`. */
function packValues(x: usize, first: i32, count: i32, block: i32): void {
  const step = <usize>D << 2;
  for (let d = 0; d < D; d += NR) {
    const panel = valuePanels + (<usize>(d * block + first * NR) << 2);
    packColumns8(panel, x + (<usize>d << 2), step, D - d, count);
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
