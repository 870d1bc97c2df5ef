// The int8 matrix product: which rows of the weights a thread takes, and which tile computes them. The layout of weights is
// described in int8.ts, that of activations in int4.ts; the inner loops are in int8-tiles*.ts.
import { claim, claimBegin, claimEnd, scratch, startClaims, threads } from "./control";
import { TILE, tiledTokens, tokenBytes } from "./int4";
import { writePanel } from "./int4-matmul";
import { panelBytes8, SCALES } from "./int8";
import { decodePanel8, decodePanels8, prefillPanel8, prefillQuad8 } from "./int8-tiles";
import { decodePanel8Dot, decodePanels8Dot, hasDotOfBytes, prefillPanel8Dot } from "./int8-tiles-dot";
import { NO_DOT_PRODUCT, WIDE_VECTORS } from "./op";

/** Widened activations that one pass over a thread's weights uses, in bytes: half of a small L2 cache. */
const CHUNK_BYTES: i32 = 192 * 1024;
/** Rows that a thread takes at once, at least; more where they are read in several passes. */
const UNIT: i32 = 32;

/** Room for a tile's integer sums and, behind them, its floats; then for widened activations. */
const FLOATS: usize = 256;
const WIDENED: usize = 512;

/** Bytes of a block of one token's activations: relaxed SIMD has int8 codes, SIMD128 int16. */
const TOKEN_BLOCK: usize = ASC_FEATURE_RELAXED_SIMD ? 36 : 68;

/** out [N,M] (+)= x [N,K] · wᵀ with packed w [M,K], K at most 65,536; out has rows of ldc floats. */
export function matmulInt8(out: usize, x: usize, w: usize, N: i32, M: i32, K: i32, ldc: i32, accumulate: i32): void {
  const blocks = (K + 31) >> 5;
  const tiled = tiledTokens(N);
  const chunk = min(128, max(TILE, (CHUNK_BYTES / (blocks << 6) / TILE) * TILE));
  const rows = M < (UNIT << 2) * threads() ? UNIT >> 1 : UNIT;
  const unit = tiled > chunk ? UNIT << 1 : rows;
  const singles = scratch() + WIDENED;
  const groups = singles + (<usize>(N - min(N, tiled)) * <usize>blocks << 6);
  if (!useDot()) {
    for (let i = tiled; i < N; i++) {
      widenToken(singles + (<usize>(i - tiled) * <usize>blocks << 6), x + <usize>i * tokenBytes(blocks), blocks);
    }
  }
  let widened = -1;
  startClaims();
  while (claim((M + unit - 1) / unit)) {
    const begin = claimBegin() * unit;
    const end = min(M, claimEnd() * unit);
    for (let first = 0; first < tiled; first += chunk) {
      const last = min(first + chunk, tiled);
      if (!useDot() && widened != first) {
        for (let i = first; i < last; i += TILE) {
          const to = groups + (<usize>(i - first) * <usize>blocks << 6);
          widenGroup(to, x + <usize>i * tokenBytes(blocks), blocks);
        }
        widened = first;
      }
      tiles(out, x, groups, w, first, min(last, N), begin, end, M, blocks, ldc, accumulate);
    }
    for (let i = tiled; i < N; i++) {
      const token = singles + (<usize>(i - tiled) * <usize>blocks << 6);
      row(out + (<usize>i * ldc << 2), x + <usize>i * tokenBytes(blocks), token, w, begin, end, M, blocks, accumulate);
    }
  }
}

// @ts-ignore: decorator
@inline
function useDot(): bool {
  return hasDotOfBytes && load<i32>(NO_DOT_PRODUCT) == 0;
}

/** Rows begin..end of w, tokens first..last in groups; `quads` are the widened activations from `first` on. */
function tiles(
  out: usize,
  x: usize,
  quads: usize,
  w: usize,
  first: i32,
  last: i32,
  begin: i32,
  end: i32,
  M: i32,
  blocks: i32,
  ldc: i32,
  accumulate: i32,
): void {
  const sums = scratch();
  const groupBytes = TILE * tokenBytes(blocks);
  const size = <usize>blocks << 8;
  for (let r = begin; r < end; r += 8) {
    const panel = w + <usize>(r >> 3) * panelBytes8(blocks);
    let group = quads;
    for (let i = first; i < last; i += TILE, group += size) {
      const from = x + <usize>i * tokenBytes(blocks);
      if (useDot()) prefillPanel8Dot(sums, from, panel + SCALES, blocks);
      else if (load<i32>(WIDE_VECTORS)) prefillPanel8(sums, group, group + size, panel + SCALES);
      else {
        prefillQuad8(sums, group, group + size, panel + SCALES);
        prefillQuad8(sums + 32, group, group + size, panel + SCALES + 16);
      }
      const scales = from + <usize>groupBytes - (TILE << 2);
      const tokens = min(TILE, last - i);
      for (let t = 0; t < tokens; t++) {
        const at = out + ((<usize>(i + t) * ldc + r) << 2);
        finish(at, sums, t, panel, load<f32>(scales + (<usize>t << 2)), M - r, accumulate);
      }
    }
  }
}

/** Rows begin..end of w, one token: its activations at x, widened at `quads`. */
function row(
  out: usize,
  x: usize,
  quads: usize,
  w: usize,
  begin: i32,
  end: i32,
  M: i32,
  blocks: i32,
  accumulate: i32,
): void {
  const sums = scratch();
  const bytes = panelBytes8(blocks);
  const scale = load<f32>(x + <usize>tokenBytes(blocks) - 4);
  const stop = quads + (<usize>blocks << 6);
  // Two streams through the weights, each half of these whole panels.
  const half = (min(end, M & ~7) - begin) >> 4;
  const step = <usize>half * bytes;
  let r = begin;
  let panel = w + <usize>(r >> 3) * bytes;
  for (const last = begin + (half << 3); r < last; r += 8, panel += bytes) {
    const codes = panel + SCALES;
    if (useDot()) decodePanels8Dot(sums, x, codes, codes + step, blocks);
    else decodePanels8(sums, quads, stop, codes, codes + step);
    finish(out + (<usize>r << 2), sums, 0, panel, scale, 8, accumulate);
    finish(out + (<usize>(r + (half << 3)) << 2), sums, 1, panel + step, scale, 8, accumulate);
  }
  r = begin + (half << 4);
  for (panel = w + <usize>(r >> 3) * bytes; r < end; r += 8, panel += bytes) {
    if (useDot()) decodePanel8Dot(sums, x, panel + SCALES, blocks);
    else decodePanel8(sums, quads, stop, panel + SCALES);
    finish(out + (<usize>r << 2), sums, 0, panel, scale, M - r, accumulate);
  }
}

/** out [min(rows, 8)] (+)= the `index`-th eight of a tile's integer sums · the scales of their rows · the token's. */
// @ts-ignore: decorator
@inline
function finish(out: usize, sums: usize, index: i32, panel: usize, scale: f32, rows: i32, accumulate: i32): void {
  const s = f32x4.splat(scale);
  const low = f32x4.mul(f32x4.mul(integers(sums, index, 0), v128.load(panel)), s);
  const high = f32x4.mul(f32x4.mul(integers(sums, index, 1), v128.load(panel, 16)), s);
  const floats = scratch() + FLOATS;
  v128.store(floats, low);
  v128.store(floats, high, 16);
  writePanel(out, floats, rows, accumulate);
}

/** Four rows' sums; tiles without the dot product leave two parts of each. */
// @ts-ignore: decorator
@inline
function integers(sums: usize, index: i32, quad: usize): v128 {
  if (useDot()) return f32x4.convert_i32x4_s(v128.load(sums + (<usize>index << 5) + (quad << 4)));
  const at = sums + (<usize>index << 6) + (quad << 5);
  const a = v128.load(at);
  const b = v128.load(at, 16);
  return f32x4.convert_i32x4_s(i32x4.add(v128.shuffle<i32>(a, b, 0, 2, 4, 6), v128.shuffle<i32>(a, b, 1, 3, 5, 7)));
}

/** A token's activations as quads of int16: 64 bytes a block. */
function widenToken(to: usize, x: usize, blocks: i32): void {
  for (let b = 0; b < blocks; b++, x += TOKEN_BLOCK, to += 64) widenBytes(to, x, 64);
}

/** The same of a group of four: quads of the four tokens side by side, 256 bytes a block. */
function widenGroup(to: usize, x: usize, blocks: i32): void {
  for (let b = 0; b < blocks; b++, x += TOKEN_BLOCK << 2, to += 256) widenBytes(to, x, 256);
}

// @ts-ignore: decorator
@inline
function widenBytes(to: usize, x: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 16) {
    if (ASC_FEATURE_RELAXED_SIMD) {
      v128.store(to + i, v128.load8x8_s(x + (i >> 1)));
    } else {
      const quads = v128.load(x + i); // k0, k2, k1, k3
      v128.store(to + i, v128.shuffle<i16>(quads, quads, 0, 2, 1, 3, 4, 6, 5, 7));
    }
  }
}
