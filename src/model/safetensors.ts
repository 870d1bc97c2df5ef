// The safetensors format in memory: reading from bytes, writing to chunks. Files are in safetensors-file.ts.
// A file is an 8-byte little-endian header length, a JSON header, then the tensors back to back. Everything in the
// header is checked before it is believed, so that a hostile or truncated file is an error and never a wrong tensor.
import { invalidFile, quoteName } from "../errors.ts";
import { fromBf16, fromF16 } from "../quant/index.ts";

/** Element types that are read and written, with their bytes. */
export const elementBytes = { F32: 4, F16: 2, BF16: 2, I8: 1, U8: 1, I32: 4 } as const;
export type ElementType = keyof typeof elementBytes;

/** A tensor as stored: row-major, little-endian bytes. */
export interface StoredTensor {
  dtype: ElementType;
  shape: readonly number[];
  bytes: Uint8Array;
}

/** Where a tensor lies: bytes `[begin, end)` from the end of the header. */
export interface TensorPlace {
  dtype: ElementType;
  shape: readonly number[];
  begin: number;
  end: number;
}

/** A checked header. The places are in the order of the file and fill it without gaps. */
export interface SafetensorsHeader {
  metadata: Record<string, string>;
  tensors: Map<string, TensorPlace>;
  /** Where tensor bytes begin in the file. */
  dataStart: number;
}

/** The reference implementation's limit. */
const maxHeaderBytes = 100_000_000;

/**
 * Length of the header in bytes from a file's first 8 bytes. `fileBytes`: size of the whole file, null where it is unknown.
 * @throws HandheldError `invalid-file`
 */
export function headerLength(first: Uint8Array, fileBytes: number | null, where: string): number {
  if (first.byteLength < 8) throw invalidFile(where, "shorter than the 8 bytes of a header length; is it truncated?");
  const length = new DataView(first.buffer, first.byteOffset).getBigUint64(0, true);
  if (length > maxHeaderBytes) {
    throw invalidFile(
      where,
      `header of ${length} bytes, at most ${maxHeaderBytes} are allowed; not a safetensors file?`,
    );
  }
  if (fileBytes !== null && Number(length) > fileBytes - 8) {
    throw invalidFile(
      where,
      `header of ${length} bytes in a file of ${fileBytes}; the file is truncated, fetch it again`,
    );
  }
  return Number(length);
}

/**
 * Checks and reads a header.
 *
 * @param json the header's bytes, without the length before them.
 * @param fileBytes size of the whole file; null where it is unknown: then only the reading shows where it ends.
 * @throws HandheldError `invalid-file` that names the file and the tensor.
 */
export function parseHeader(json: Uint8Array, fileBytes: number | null, where: string): SafetensorsHeader {
  const entries = Object.entries(decodeHeader(json, where));
  const dataStart = 8 + json.byteLength;
  let metadata: Record<string, string> = {};
  const places: [string, TensorPlace][] = [];
  for (const [name, value] of entries) {
    if (name === "__metadata__") metadata = checkMetadata(value, where);
    else places.push([name, checkPlace(name, value, where)]);
  }
  places.sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  checkCover(places, fileBytes === null ? null : fileBytes - dataStart, where);
  return { metadata, tensors: new Map(places), dataStart };
}

/**
 * Reads all tensors of a file in memory without copying: each one's `bytes` is a view.
 *
 * @throws HandheldError `invalid-file`; `where` prefixes the message.
 */
export function parseSafetensors(
  file: ArrayBuffer | Uint8Array,
  where = "safetensors",
): { metadata: Record<string, string>; tensors: Map<string, StoredTensor> } {
  const all = file instanceof Uint8Array ? file : new Uint8Array(file);
  const length = headerLength(all, all.byteLength, where);
  const header = parseHeader(all.subarray(8, 8 + length), all.byteLength, where);
  const tensors = new Map<string, StoredTensor>();
  for (const [name, { dtype, shape, begin, end }] of header.tensors) {
    tensors.set(name, { dtype, shape, bytes: all.subarray(header.dataStart + begin, header.dataStart + end) });
  }
  return { metadata: header.metadata, tensors };
}

/**
 * A float tensor's elements as float32: a view where it is stored as aligned F32, else a copy.
 *
 * @throws HandheldError `invalid-file` for integer tensors.
 */
export function readFloats({ dtype, bytes }: StoredTensor, name = "tensor"): Float32Array {
  if (dtype === "F32") {
    const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
    return new Float32Array(aligned.buffer, aligned.byteOffset, bytes.byteLength / 4);
  }
  if (dtype !== "F16" && dtype !== "BF16") throw invalidFile(name, `has type ${dtype}, a float type was expected`);
  const convert = dtype === "F16" ? fromF16 : fromBf16;
  const floats = new Float32Array(bytes.byteLength / 2);
  for (let i = 0; i < floats.length; i++) floats[i] = convert(bytes[2 * i]! | (bytes[2 * i + 1]! << 8));
  return floats;
}

function decodeHeader(json: Uint8Array, where: string): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(json));
  } catch (cause) {
    throw invalidFile(where, "the header is not JSON; not a safetensors file, or a damaged one", cause);
  }
  if (!isRecord(header)) throw invalidFile(where, "the header is not a JSON object; not a safetensors file");
  return header;
}

function checkMetadata(value: unknown, where: string): Record<string, string> {
  if (!isRecord(value) || Object.values(value).some((entry) => typeof entry !== "string")) {
    throw invalidFile(where, "__metadata__ is not an object of strings");
  }
  return value as Record<string, string>;
}

function checkPlace(name: string, value: unknown, where: string): TensorPlace {
  const fail = (reason: string) => invalidFile(where, `tensor ${quoteName(name)} ${reason}`);
  if (!isRecord(value)) throw fail("is not described by an object");
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string" || !Object.hasOwn(elementBytes, dtype)) {
    const got = typeof dtype === "string" ? quoteName(dtype) : "none";
    throw fail(`has type ${got}; known are ${Object.keys(elementBytes).join(", ")}`);
  }
  if (!isSizes(shape)) throw fail("has no shape of whole numbers");
  if (!isSizes(offsets) || offsets.length !== 2) throw fail("has no data_offsets of two whole numbers");
  const [begin, end] = offsets as [number, number];
  const elements = countElements(shape);
  const size = elements * elementBytes[dtype as ElementType];
  if (!Number.isSafeInteger(size)) throw fail("has a shape too large to count");
  if (end - begin !== size) throw fail(`takes ${size} bytes by its shape but ${end - begin} by its offsets`);
  return { dtype: dtype as ElementType, shape, begin, end };
}

// Tensors must follow each other from byte 0 to the end: no overlap, no gap, nothing after.
function checkCover(places: [string, TensorPlace][], dataBytes: number | null, where: string): void {
  let at = 0;
  for (const [name, { begin, end }] of places) {
    if (begin !== at) {
      const what = begin < at ? "overlaps the one before it" : `leaves ${begin - at} bytes unused before it`;
      throw invalidFile(where, `tensor ${quoteName(name)} ${what}; the file is damaged`);
    }
    at = end;
  }
  if (dataBytes === null) return;
  if (at > dataBytes) {
    throw invalidFile(where, `tensors take ${at} bytes but the file has ${dataBytes}; it is truncated, fetch it again`);
  }
  if (at < dataBytes) throw invalidFile(where, `${dataBytes - at} bytes follow the last tensor; the file is damaged`);
}

/** Number of elements of a shape; not a safe integer when it is too large. */
export function countElements(shape: readonly number[]): number {
  let elements = 1;
  for (const size of shape) {
    elements *= size;
    if (!Number.isSafeInteger(elements)) return Number.POSITIVE_INFINITY;
  }
  return elements;
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
