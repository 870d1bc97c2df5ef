// f32 matrix products in the three layouts that training needs, on packed panels.
// Every element of out is one sum over k in a fixed order, so results do not depend on the number of threads.
import { scratch, thread, threads } from "./control";
import { FEW_ROWS, gemmFewRows } from "./gemm-few-rows";
import { packColumns6, packColumns8, packRows6, packRows8 } from "./pack";
import { MR, NR, tilesWithin } from "./tile";

/** Longest part of k packed at once: a panel of a and one of b (6 + 8 KB) stay in the first-level cache. */
const KC: i32 = 256;
/** Most columns packed at once: 512 KB, for the second-level cache. */
const NC: i32 = 512;

// Scratch: one full tile, one A panel, then up to NC / 8 B panels.
const EDGE: usize = 256;
const A_BYTES: usize = 4 * MR * KC;

const NT: i32 = 0;
const NN: i32 = 1;

export function gemm(
  layout: i32,
  out: usize,
  a: usize,
  b: usize,
  M: i32,
  N: i32,
  K: i32,
  lda: i32,
  ldb: i32,
  ldc: i32,
  accumulate: i32,
): void {
  if (layout == NT && M <= FEW_ROWS) return gemmFewRows(out, a, b, M, N, K, lda, ldb, ldc, accumulate);
  const mTiles = (M + MR - 1) / MR;
  const nTiles = (N + NR - 1) / NR;
  const byRows = splitsRows(mTiles, nTiles);
  const share = byRows ? mTiles : nTiles;
  const begin = (share * thread()) / threads();
  const end = (share * (thread() + 1)) / threads();
  const mBegin = byRows ? begin * MR : 0;
  const mEnd = byRows ? min(M, end * MR) : M;
  const nBegin = byRows ? 0 : begin * NR;
  const nEnd = byRows ? N : min(N, end * NR);
  if (K == 0 && !accumulate) clear(out, M, N, ldc);
  const parts = (K + KC - 1) / KC;
  for (let part = 0; part < parts; part++) {
    const k = (K * part) / parts;
    const depth = (K * (part + 1)) / parts - k;
    for (let n = nBegin; n < nEnd; n += NC) {
      const width = min(NC, nEnd - n);
      packB(layout, b, ldb, n, width, k, depth);
      for (let m = mBegin; m < mEnd; m += MR) {
        const height = min(MR, mEnd - m);
        packA(layout, a, lda, m, height, k, depth);
        const corner = out + ((<usize>m * ldc + n) << 2);
        const panel = scratch() + EDGE;
        const panels = panel + A_BYTES;
        const more = accumulate | i32(part > 0);
        tilesWithin(corner, <usize>ldc << 2, panel, 24, panels, <usize>depth << 5, height, width, depth, more, scratch());
      }
    }
  }
}

/** Whether threads share the rows of out (each packs all of b) or its columns (each packs all of a). */
function splitsRows(mTiles: i32, nTiles: i32): bool {
  const count = threads();
  const m = (mTiles + count - 1) / count;
  const n = (nTiles + count - 1) / count;
  // Cycles per k: 6 a tile; packing takes about 6 a panel of a and 8 of b.
  return m * nTiles * 6 + m * 6 + nTiles * 8 <= mTiles * n * 6 + mTiles * 6 + n * 8;
}

function packA(layout: i32, a: usize, lda: i32, m: i32, height: i32, k: i32, depth: i32): void {
  const panel = scratch() + EDGE;
  const step = <usize>lda << 2;
  if (layout <= NN) packRows6(panel, a + ((<usize>m * lda + k) << 2), step, height, depth);
  else packColumns6(panel, a + ((<usize>k * lda + m) << 2), step, height, depth);
}

function packB(layout: i32, b: usize, ldb: i32, n: i32, width: i32, k: i32, depth: i32): void {
  let panel = scratch() + EDGE + A_BYTES;
  const step = <usize>ldb << 2;
  for (let j = 0; j < width; j += NR) {
    const columns = min(NR, width - j);
    if (layout == NT) packRows8(panel, b + ((<usize>(n + j) * ldb + k) << 2), step, columns, depth);
    else packColumns8(panel, b + ((<usize>k * ldb + n + j) << 2), step, columns, depth);
    panel += <usize>depth << 5;
  }
}

/** An empty product is zero; the first thread writes it. */
function clear(out: usize, M: i32, N: i32, ldc: i32): void {
  if (thread() != 0) return;
  for (let i = 0; i < M; i++) memory.fill(out + (<usize>i * <usize>ldc << 2), 0, <usize>N << 2);
}
