// The int4 matrix product: which rows of the weights a thread takes, and which tile computes them. The layouts of weights
// and activations are described in int4.ts, the inner loops are in int4-tiles*.ts.
import { claim, claimBegin, claimEnd, scratch, startClaims, threads } from "./control";
import { TILE, tiledTokens, tokenBytes } from "./int4";
import { BLOCK } from "./int4-block";
import { decodePanels, decodeTile, prefillTile } from "./int4-tiles";
import { decodePanelsDot, hasDotProduct, prefillTileDot } from "./int4-tiles-dot";
import { decodeTileSimd128, prefillTileSimd128 } from "./int4-tiles-simd128";
import { prefillPanels } from "./int4-tiles-wide";
import { scaleBy } from "./math";
import { NO_DOT_PRODUCT, WIDE_INT4, WIDE_VECTORS } from "./op";
import { now } from "./profile";

/** Activations that one pass over a thread's weights uses, in bytes: half of a small L2 cache. */
const CHUNK_BYTES: i32 = 128 * 1024;
/** Most tokens of a pass, so that the sums of a tile stay in the first-level cache. */
const CHUNK_TOKENS: i32 = 128;
/** Rows that a thread takes at once, at least: four streams of one panel (decodePanels). */
const UNIT: i32 = 32;
/** The same where a matrix is too small to give every thread a few of them: a pair of panels. */
const SMALL_UNIT: i32 = 16;

/** out [N,M] (+)= x [N,K] · wᵀ with packed w [M,K]; out has rows of ldc floats. Threads take ranges of w's rows. */
export function matmulInt4(out: usize, x: usize, w: usize, N: i32, M: i32, K: i32, ldc: i32, accumulate: i32): void {
  const blocks = (K + 31) >> 5;
  const unit = M < (UNIT << 2) * threads() ? SMALL_UNIT : UNIT;
  const tiled = tiledTokens(N);
  startClaims();
  while (claim((M + unit - 1) / unit)) {
    const begin = claimBegin() * unit;
    const end = min(M, claimEnd() * unit);
    if (tiled > 0) groups(out, x, w, min(N, tiled), begin, end, M, blocks, ldc, accumulate);
    if (tiled < N) columns(out, x, w, tiled, N, begin, end, M, blocks, ldc, accumulate);
  }
}

/**
 * Finds out whether the processor has the vectors of 256 bits that V8 was asked for, by the time that 16 rows × 64 tokens
 * take with and without the tile that is made for them, and with an int8 dot product where there is one: about 0.3 ms.
 * Called while the scratch memory is still zero.
 */
export function chooseTiles(): void {
  if (!ASC_FEATURE_RELAXED_SIMD) return;
  const blocks = 32;
  const tokens = 64;
  const sums = scratch();
  const zeros = sums + 65536;
  let wide = Infinity;
  let narrow = Infinity;
  let dot = Infinity;
  for (let repeat = 0; repeat < 8; repeat++) {
    let start = now();
    prefillPanels(sums, sums + 32768, zeros, zeros, zeros, blocks, tokens / TILE, TILE * tokenBytes(blocks));
    wide = min(wide, now() - start);
    start = now();
    for (let i = 0; i < tokens >> 1; i++) prefillTile(sums, zeros, zeros, blocks);
    narrow = min(narrow, now() - start);
    if (!useDot()) continue;
    start = now();
    for (let i = 0; i < tokens >> 1; i++) prefillTileDot(sums, zeros, zeros, blocks);
    dot = min(dot, now() - start);
  }
  store<i32>(WIDE_VECTORS, wide < narrow ? 1 : 0);
  store<i32>(WIDE_INT4, wide < narrow && wide < dot ? 1 : 0);
}

/** Rows begin..end of w, tokens 0..N in groups. */
function groups(
  out: usize,
  x: usize,
  w: usize,
  N: i32,
  begin: i32,
  end: i32,
  M: i32,
  blocks: i32,
  ldc: i32,
  accumulate: i32,
): void {
  const bytes = tokenBytes(blocks);
  const panelBytes = <usize>blocks * BLOCK;
  const chunk = min(CHUNK_TOKENS, max(TILE, (CHUNK_BYTES / bytes / TILE) * TILE));
  for (let first = 0; first < N; first += chunk) {
    const last = min(first + chunk, N);
    let row = begin;
    if (ASC_FEATURE_RELAXED_SIMD && load<i32>(WIDE_INT4)) {
      for (; row + 8 < end; row += 16) {
        const panel = w + <usize>(row >> 3) * panelBytes;
        const corner = out + ((<usize>first * ldc + row) << 2);
        panels(corner, x + <usize>first * bytes, panel, blocks, last - first, M - row, ldc, accumulate);
      }
    }
    for (; row < end; row += 8) {
      const panel = w + <usize>(row >> 3) * panelBytes;
      for (let i = first; i < last; i += TILE) {
        const corner = out + ((<usize>i * ldc + row) << 2);
        tile(corner, x + <usize>i * bytes, panel, blocks, min(TILE, N - i), M - row, ldc, accumulate);
      }
    }
  }
}

/** Two panels of w, `tokens` tokens in groups. */
function panels(
  out: usize,
  x: usize,
  w: usize,
  blocks: i32,
  tokens: i32,
  rows: i32,
  ldc: i32,
  accumulate: i32,
): void {
  const groupCount = (tokens + TILE - 1) / TILE;
  const groupBytes = TILE * tokenBytes(blocks);
  const sums = scratch();
  const size = <usize>(groupCount * TILE) << 6;
  memory.fill(sums, 0, size);
  prefillPanels(sums, sums + size, x, w, w + <usize>blocks * BLOCK, blocks, groupCount, groupBytes);
  // The scales of a group's tokens are its last four floats.
  const scales = x + <usize>(groupBytes - (TILE << 2));
  for (let t = 0; t < tokens; t++, out += <usize>ldc << 2) {
    const from = sums + (<usize>t << 6);
    scaleBy(v128.load32_splat(scales + <usize>((t / TILE) * groupBytes + ((t % TILE) << 2))), from, 64);
    writePanel(out, from, rows, accumulate);
    writePanel(out + 32, from + 32, rows - 8, accumulate);
  }
}

/** A panel of w, up to four tokens. */
// @ts-ignore: decorator
@inline
function tile(
  out: usize,
  x: usize,
  panel: usize,
  blocks: i32,
  tokens: i32,
  rows: i32,
  ldc: i32,
  accumulate: i32,
): void {
  const sums = scratch();
  if (!ASC_FEATURE_RELAXED_SIMD) prefillTileSimd128(sums, x, panel, blocks);
  else if (useDot()) prefillTileDot(sums, x, panel, blocks);
  else prefillTile(sums, x, panel, blocks);
  for (let t = 0; t < tokens; t++, out += <usize>ldc << 2) {
    writePanel(out, sums + (<usize>t << 5), rows, accumulate);
  }
}

/** Rows begin..end of w, tokens from..N one by one. */
function columns(
  out: usize,
  x: usize,
  w: usize,
  from: i32,
  N: i32,
  begin: i32,
  end: i32,
  M: i32,
  blocks: i32,
  ldc: i32,
  accumulate: i32,
): void {
  const sums = scratch();
  const bytes = tokenBytes(blocks);
  const panelBytes = <usize>blocks * BLOCK;
  let row = begin;
  if (ASC_FEATURE_RELAXED_SIMD) {
    // Four streams through the weights, each a quarter of these whole panels.
    const quarter = (min(end, M & ~7) - begin) >> 5;
    for (const last = begin + (quarter << 3); row < last; row += 8) {
      const panel = w + <usize>(row >> 3) * panelBytes;
      for (let i = from; i < N; i++) {
        const step = <usize>quarter * panelBytes;
        if (useDot()) decodePanelsDot(sums, x + <usize>i * bytes, panel, blocks, step);
        else decodePanels(sums, x + <usize>i * bytes, panel, blocks, step);
        for (let p = 0; p < 4; p++) {
          const to = out + ((<usize>i * ldc + row + ((p * quarter) << 3)) << 2);
          writePanel(to, sums + (<usize>p << 5), 8, accumulate);
        }
      }
    }
    row = begin + (quarter << 5);
  }
  for (; row < end; row += 8) {
    const panel = w + <usize>(row >> 3) * panelBytes;
    for (let i = from; i < N; i++) {
      if (ASC_FEATURE_RELAXED_SIMD) decodeTile(sums, x + <usize>i * bytes, panel, blocks);
      else decodeTileSimd128(sums, x + <usize>i * bytes, panel, blocks);
      writePanel(out + ((<usize>i * ldc + row) << 2), sums, M - row, accumulate);
    }
  }
}

// @ts-ignore: decorator
@inline
function useDot(): bool {
  return hasDotProduct && load<i32>(NO_DOT_PRODUCT) == 0;
}

/** out[0..min(rows, 8)) (+)= sums */
// @ts-ignore: decorator
@inline
export function writePanel(out: usize, sums: usize, rows: i32, accumulate: i32): void {
  write(out, sums, rows, accumulate);
  if (rows > 4) write(out + 16, sums + 16, rows - 4, accumulate);
}

/** out[0..min(rows, 4)) (+)= sums */
// @ts-ignore: decorator
@inline
function write(out: usize, sums: usize, rows: i32, accumulate: i32): void {
  if (rows >= 4) {
    const value = v128.load(sums);
    v128.store(out, accumulate ? f32x4.add(v128.load(out), value) : value);
  } else {
    for (let r: usize = 0; r < <usize>rows; r++) {
      const value = load<f32>(sums + (r << 2));
      store<f32>(out + (r << 2), accumulate ? load<f32>(out + (r << 2)) + value : value);
    }
  }
}
