// Symmetric int4 in groups of 32 with bf16 scales, in the layout that the kernels read and the files store.
//
// A matrix [N, K] is padded with zeros to multiples of 8 rows and 32 columns. Panel p holds rows 8p … 8p+7; its blocks
// b = 0 … K/32−1 follow each other; panels follow each other. One block is 144 bytes:
//   16   eight bf16 scales, little endian, rows 8p … 8p+7
//   128  eight 16-byte vectors, for j = 0 … 3 (four columns) and within it g = 0, 1 (four rows). Byte 4r + i holds, of
//        row 8p + 4g + r, column 32b + 4j + i in its low nibble and column 32b + 16 + 4j + i in its high nibble.
// A code 0 … 15 stands for (code − 8) · scale. Padding has code 8, padded rows scale 0.
import { HandheldError } from "../errors.ts";
import { fromBf16 } from "./bf16.ts";
import { chooseScale } from "./int4-scale.ts";

/** Rows of a panel, columns of a group and bytes of a block. */
export const int4Layout = { panelRows: 8, groupColumns: 32, blockBytes: 144, scaleBytes: 16 } as const;

/** Bytes of a packed [rows, columns] matrix. */
export function int4Bytes(rows: number, columns: number): number {
  return Math.ceil(rows / 8) * Math.ceil(columns / 32) * int4Layout.blockBytes;
}

/**
 * Packs row-major weights [rows, columns], choosing each group's scale for the least squared error.
 *
 * @throws HandheldError `invalid-data` when the length is not rows · columns or a weight is not finite.
 */
export function packInt4(weights: Float32Array, rows: number, columns: number): Uint8Array {
  if (weights.length !== rows * columns) {
    throw new HandheldError("invalid-data", `int4: ${rows} × ${columns} weights expected, got ${weights.length}`);
  }
  const packed = emptyInt4(rows, columns);
  const blocks = Math.ceil(columns / 32);
  for (let row = 0; row < rows; row++) {
    for (let block = 0; block < blocks; block++) {
      packGroup(weights, row, columns, block, packed, blockStart(row, block, blocks));
    }
  }
  return packed;
}

/**
 * Unpacks to row-major weights [rows, columns].
 *
 * @throws HandheldError `invalid-data` when the length does not fit the shape.
 */
export function unpackInt4(packed: Uint8Array, rows: number, columns: number): Float32Array {
  checkPacked(packed, rows, columns);
  const weights = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) unpackRow(packed, row, columns, weights, row * columns);
  return weights;
}

/** Unpacks one row into `out[offset .. offset + columns)`: an embedding lookup. Nothing is allocated or checked. */
export function unpackRow(packed: Uint8Array, row: number, columns: number, out: Float32Array, offset: number): void {
  const blocks = Math.ceil(columns / 32);
  for (let block = 0; block < blocks; block++) {
    const at = blockStart(row, block, blocks);
    const scaleAt = at + 2 * (row & 7);
    const scale = fromBf16(packed[scaleAt]! | (packed[scaleAt + 1]! << 8));
    const first = 32 * block;
    for (let k = 0; k < 16; k++) {
      const byte = packed[nibbleAt(at, row & 7, k)]!;
      if (first + k < columns) out[offset + first + k] = ((byte & 15) - 8) * scale + 0; // + 0: no −0 under a negative scale
      if (first + k + 16 < columns) out[offset + first + k + 16] = ((byte >> 4) - 8) * scale + 0;
    }
  }
}

function blockStart(row: number, block: number, blocks: number): number {
  return ((row >> 3) * blocks + block) * int4Layout.blockBytes;
}

// Where columns k and k + 16 (k < 16) of row `lane` (0 … 7) of the block at `at` are.
function nibbleAt(at: number, lane: number, k: number): number {
  return at + int4Layout.scaleBytes + ((k >> 2) * 2 + (lane >> 2)) * 16 + (lane & 3) * 4 + (k & 3);
}

function packGroup(
  weights: Float32Array,
  row: number,
  columns: number,
  block: number,
  packed: Uint8Array,
  at: number,
): void {
  const start = row * columns + 32 * block;
  const count = Math.min(32, columns - 32 * block);
  const half = chooseScale(weights, start, start + count);
  const scale = fromBf16(half);
  if (scale - scale !== 0) {
    throw new HandheldError(
      "invalid-data",
      `int4: row ${row} has a weight that is not finite near column ${32 * block}`,
    );
  }
  const inverse = half === 0 ? 0 : 1 / scale;
  for (let k = 0; k < 32; k++) codes[k] = k < count ? code(weights[start + k]! * inverse) : 8;
  storeGroup(packed, at, row & 7, half, codes);
}

const codes = new Uint8Array(32);

function storeGroup(packed: Uint8Array, at: number, lane: number, half: number, codes: Uint8Array): void {
  packed[at + 2 * lane] = half & 255;
  packed[at + 2 * lane + 1] = half >> 8;
  const first = nibbleAt(at, lane, 0);
  for (let k = 0; k < 16; k++) packed[first + (k >> 2) * 32 + (k & 3)] = codes[k]! | (codes[k + 16]! << 4);
}

/** A packed matrix [rows, columns] of zeros, for {@link putGroup}. */
export function emptyInt4(rows: number, columns: number): Uint8Array<ArrayBuffer> {
  const packed = new Uint8Array(int4Bytes(rows, columns)).fill(0x88);
  for (let at = 0; at < packed.length; at += int4Layout.blockBytes) packed.fill(0, at, at + int4Layout.scaleBytes);
  return packed;
}

/** Puts 32 codes 0 … 15 of a row's `block`-th group and the bits of their scale in place. */
export function putGroup(
  packed: Uint8Array,
  row: number,
  block: number,
  columns: number,
  half: number,
  codes: Uint8Array,
): void {
  storeGroup(packed, blockStart(row, block, Math.ceil(columns / 32)), row & 7, half, codes);
}

function code(scaled: number): number {
  return Math.max(0, Math.min(15, (scaled + 8.5) | 0));
}

function checkPacked(packed: Uint8Array, rows: number, columns: number): void {
  const bytes = int4Bytes(rows, columns);
  if (packed.length !== bytes) {
    throw new HandheldError("invalid-data", `int4: ${rows} × ${columns} takes ${bytes} bytes, got ${packed.length}`);
  }
}
