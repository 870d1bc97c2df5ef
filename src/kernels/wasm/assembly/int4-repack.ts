// Between the layout of int4 matrices in files (int4.ts) and the two that let a product skip (int4-sparse.ts).
import { BLOCK } from "./int4-block";
import { scratch, shareBegin, shareEnd } from "./control";

/** out = w [M,K], from the file's layout to "rows", or back. Not in place. */
export function repackRows(out: usize, w: usize, M: i32, K: i32, back: i32): void {
  const blocks = (K + 31) >> 5;
  const begin = shareBegin(M, 8);
  const end = shareEnd(M, 8);
  // M is padded to whole panels.
  for (let panel = begin >> 3; panel < (end + 7) >> 3; panel++) {
    for (let row = 0; row < 8; row++) {
      let file = (back ? out : w) + <usize>(panel * blocks) * BLOCK;
      let vector = (back ? w : out) + <usize>((panel << 3) + row) * <usize>(blocks * 18);
      let scale = vector + ((<usize>blocks) << 4);
      for (let b = 0; b < blocks; b++, file += BLOCK, vector += 16, scale += 2) {
        const codes = file + 16 + ((<usize>row) << 2);
        if (back) {
          store<u16>(file + ((<usize>row) << 1), load<u16>(scale));
          for (let j: usize = 0; j < 4; j++) store<u32>(codes + (j << 5), load<u32>(vector + (j << 2)));
        } else {
          store<u16>(scale, load<u16>(file + ((<usize>row) << 1)));
          for (let j: usize = 0; j < 4; j++) store<u32>(vector + (j << 2), load<u32>(codes + (j << 5)));
        }
      }
    }
  }
}

/** out = w [M,K], from the file's layout to "columns", or back. M is a multiple of 32. Not in place. */
export function repackColumns(out: usize, w: usize, M: i32, K: i32, back: i32): void {
  const blocks = (K + 31) >> 5;
  const end = shareEnd(blocks, 1);
  for (let b = shareBegin(blocks, 1); b < end; b++) {
    for (let row = 0; row < M; row += 32) {
      const file = (back ? out : w) + <usize>((row >> 3) * blocks + b) * BLOCK;
      const group = (back ? w : out) + <usize>b * <usize>(M * 18);
      const columns = group + <usize>(M << 1) + <usize>(row >> 1);
      for (let panel: usize = 0; panel < 4; panel++) {
        const scales = group + <usize>(row << 1) + (panel << 4);
        const block = file + panel * <usize>blocks * BLOCK;
        if (back) v128.store(block, v128.load(scales));
        else v128.store(scales, v128.load(block));
      }
      if (back) squareFromColumns(file, <usize>blocks * BLOCK, columns, <usize>(M >> 1));
      else squareToColumns(columns, <usize>(M >> 1), file, <usize>blocks * BLOCK);
    }
  }
}

/** 32 rows × 32 columns: of four blocks, `panelBytes` apart, to columns `columnBytes` apart. */
function squareToColumns(columns: usize, columnBytes: usize, file: usize, panelBytes: usize): void {
  const rows = scratch();
  for (let r: usize = 0; r < 32; r++) {
    const codes = file + (r >> 3) * panelBytes + 16 + ((r & 7) << 2);
    for (let j: usize = 0; j < 4; j++) store<u32>(rows + (r << 4) + (j << 2), load<u32>(codes + (j << 5)));
  }
  transpose(rows);
  transpose(rows + 256);
  const mask = i8x16.splat(15);
  for (let k: usize = 0; k < 16; k++, columns += columnBytes) {
    const a = v128.load(rows + (k << 4));
    const b = v128.load(rows + (k << 4), 256);
    v128.store(columns, v128.or(v128.and(a, mask), i8x16.shl(b, 4)));
    v128.store(columns + (columnBytes << 4), v128.or(i8x16.shr_u(a, 4), v128.andnot(b, mask)));
  }
}

/** The way back. */
function squareFromColumns(file: usize, panelBytes: usize, columns: usize, columnBytes: usize): void {
  const rows = scratch();
  const mask = i8x16.splat(15);
  for (let k: usize = 0; k < 16; k++, columns += columnBytes) {
    const a = v128.load(columns);
    const b = v128.load(columns + (columnBytes << 4));
    v128.store(rows + (k << 4), v128.or(v128.and(a, mask), i8x16.shl(b, 4)));
    v128.store(rows + (k << 4), v128.or(i8x16.shr_u(a, 4), v128.andnot(b, mask)), 256);
  }
  transpose(rows);
  transpose(rows + 256);
  for (let r: usize = 0; r < 32; r++) {
    const codes = file + (r >> 3) * panelBytes + 16 + ((r & 7) << 2);
    for (let j: usize = 0; j < 4; j++) store<u32>(codes + (j << 5), load<u32>(rows + (r << 4) + (j << 2)));
  }
}

/** Transposes 16 × 16 bytes in place: four times, vector i and vector i + 8 are shuffled like two halves of a deck. */
function transpose(square: usize): void {
  const other = scratch() + 512;
  for (let round = 0; round < 4; round++) {
    const from = round & 1 ? other : square;
    const to = round & 1 ? square : other;
    for (let i: usize = 0; i < 8; i++) {
      const a = v128.load(from + (i << 4));
      const b = v128.load(from + (i << 4), 128);
      v128.store(to + (i << 5), v128.shuffle<u8>(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
      v128.store(to + (i << 5), v128.shuffle<u8>(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31), 16);
    }
  }
}
