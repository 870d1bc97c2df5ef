// The header of a GGUF file (llama.cpp's format, versions 2 and 3): metadata and where the tensors lie. Everything in it is
// checked before it is believed, so that a hostile or truncated file is an error and never a wrong tensor.
import { HandheldError, invalidFile, quoteName } from "../errors.ts";
import { type GgmlType, ggmlBytes, ggmlTypeOf } from "../quant/ggml.ts";

/** A metadata value. Integers are numbers, also those stored with 64 bits. */
export type GgufValue = number | boolean | string | readonly (number | boolean | string)[];

/** Where a tensor lies. */
export interface GgufTensor {
  name: string;
  /** [rows, columns]: the last dimension lies side by side, as everywhere here (GGUF writes them the other way round). */
  shape: readonly number[];
  type: GgmlType;
  /** From the beginning of the file. */
  begin: number;
  bytes: number;
}

/** A checked header. Tensors are in the order of their places. */
export interface GgufHeader {
  version: number;
  metadata: ReadonlyMap<string, GgufValue>;
  tensors: readonly GgufTensor[];
  /** Numbers of the small tensors that belong to the architecture: RoPE's factors, by the tensor's name. */
  factors: ReadonlyMap<string, readonly number[]>;
}

/** Gives the file's bytes from the beginning up to `end` or more, or all that there are. */
export type Prefix = (end: number) => Promise<Uint8Array>;

// Limits of what is believed: a million tokens of 100 bytes and as many merges fit.
const most = { headerBytes: 512 * 2 ** 20, entries: 1 << 16, tensors: 1 << 20, items: 1 << 24, name: 1 << 16 } as const;

/** Types of single values. */
export type Scalar = "u8" | "i8" | "u16" | "i16" | "u32" | "i32" | "f32" | "bool" | "string" | "u64" | "i64" | "f64";

/** All types, by their numbers in the file. */
export const valueTypes: readonly (Scalar | "array")[] = [
  ...(["u8", "i8", "u16", "i16", "u32", "i32", "f32", "bool", "string"] as const),
  "array",
  ...(["u64", "i64", "f64"] as const),
];

/**
 * Reads and checks a header. `fileBytes`: size of the whole file, null where it is unknown.
 * @throws HandheldError `invalid-file`, or `unsupported` for a version or tensor format that is not read; `where` prefixes it
 */
export async function readGgufHeader(
  prefix: Prefix,
  fileBytes: number | null,
  where: string,
): Promise<Omit<GgufHeader, "factors">> {
  const cursor = new Cursor(prefix, where);
  await cursor.need(24);
  if (cursor.u32() !== 0x46554747) throw invalidFile(where, 'does not begin with "GGUF"; not a GGUF file');
  const version = cursor.u32();
  if (version !== 2 && version !== 3) {
    throw new HandheldError(
      "unsupported",
      `${where}: GGUF version ${version} is not read, only 2 and 3; convert it again`,
    );
  }
  const tensorCount = cursor.count(most.tensors, "tensors");
  const entryCount = cursor.count(most.entries, "metadata entries");
  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < entryCount; i++) {
    const key = await cursor.string(most.name, "a metadata key");
    if (metadata.has(key)) throw invalidFile(where, `metadata key ${quoteName(key)} is there twice`);
    metadata.set(key, await readValue(cursor, key, where));
  }
  const places = [];
  for (let i = 0; i < tensorCount; i++) places.push(await readPlace(cursor, where));
  const start = align(cursor.at, alignment(metadata, where));
  return { version, metadata, tensors: checkPlaces(places, start, fileBytes, where) };
}

async function readValue(cursor: Cursor, key: string, where: string): Promise<GgufValue> {
  await cursor.need(4);
  const type = valueTypes[cursor.u32()];
  if (type === undefined) throw invalidFile(where, `metadata ${quoteName(key)} has an unknown type`);
  const what = `metadata ${quoteName(key)}`;
  if (type !== "array") return cursor.scalar(type, what);
  await cursor.need(12);
  const of = valueTypes[cursor.u32()];
  if (of === undefined || of === "array")
    throw invalidFile(where, `metadata ${quoteName(key)} is an array of no plain type`);
  const length = cursor.count(most.items, `items of ${quoteName(key)}`);
  const items: (number | boolean | string)[] = [];
  for (let i = 0; i < length; i++) items.push(await cursor.scalar(of, what));
  return items;
}

interface Place extends Omit<GgufTensor, "begin"> {
  /** From where tensor data begins. */
  offset: number;
}

async function readPlace(cursor: Cursor, where: string): Promise<Place> {
  const name = await cursor.string(most.name, "a tensor's name");
  const fail = (reason: string) => invalidFile(where, `tensor ${quoteName(name)} ${reason}`);
  await cursor.need(4);
  const dimensions = cursor.u32();
  if (dimensions < 1 || dimensions > 4) throw fail(`has ${dimensions} dimensions, 1 to 4 are possible`);
  await cursor.need(8 * dimensions + 12);
  const shape = Array.from({ length: dimensions }, () => cursor.u64(`a size of ${quoteName(name)}`)).reverse();
  const id = cursor.u32();
  const type = ggmlTypeOf(id);
  if (type === undefined) {
    throw new HandheldError("unsupported", `${where}: tensor ${quoteName(name)} has format ${id}, which is not read`);
  }
  const offset = cursor.u64(`the offset of ${quoteName(name)}`);
  const row = ggmlBytes(type, shape.at(-1)!);
  if (!Number.isInteger(row)) throw fail(`has rows of ${shape.at(-1)} elements, which do not fill blocks of ${type}`);
  const bytes = shape.slice(0, -1).reduce((product, size) => product * size, row);
  if (!Number.isSafeInteger(bytes) || bytes === 0) throw fail(`has shape [${shape}], which is nothing or too large`);
  return { name, shape, type, bytes, offset };
}

function checkPlaces(places: Place[], start: number, fileBytes: number | null, where: string): GgufTensor[] {
  const names = new Set<string>();
  const tensors = places
    .sort((a, b) => a.offset - b.offset)
    .map(({ offset, ...tensor }) => ({ ...tensor, begin: start + offset }));
  let at = start;
  for (const { name, begin, bytes } of tensors) {
    const fail = (reason: string) => invalidFile(where, `tensor ${quoteName(name)} ${reason}`);
    if (names.has(name)) throw fail("is there twice");
    names.add(name);
    if (begin < at) throw fail("overlaps the one before it; the file is damaged");
    at = begin + bytes;
    if (!Number.isSafeInteger(at)) throw fail("lies beyond any file");
    if (fileBytes !== null && at > fileBytes) {
      throw fail(`ends at byte ${at}, the file has ${fileBytes}; it is truncated, fetch it again`);
    }
  }
  return tensors;
}

function alignment(metadata: ReadonlyMap<string, GgufValue>, where: string): number {
  const value = metadata.get("general.alignment") ?? 32;
  if (typeof value === "number" && Number.isInteger(value) && value > 0 && value % 8 === 0 && value <= 1 << 16)
    return value;
  throw invalidFile(where, `general.alignment is ${JSON.stringify(value)}, not a multiple of 8`);
}

function align(at: number, to: number): number {
  return Math.ceil(at / to) * to;
}

/** Walks through the header's bytes and asks for more of them as it goes. */
class Cursor {
  at = 0;
  private bytes = new Uint8Array(0);
  private view = new DataView(this.bytes.buffer);
  private readonly prefix: Prefix;
  private readonly where: string;
  // Vocabularies have tokens that begin with U+FEFF, which is otherwise left out.
  private readonly decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

  constructor(prefix: Prefix, where: string) {
    this.prefix = prefix;
    this.where = where;
  }

  /** Makes sure that the next `count` bytes are there. */
  async need(count: number): Promise<void> {
    const end = this.at + count;
    if (end <= this.bytes.byteLength) return;
    if (end > most.headerBytes) throw invalidFile(this.where, `the header has more than ${most.headerBytes} bytes`);
    this.bytes = (await this.prefix(Math.max(end, 2 * this.bytes.byteLength))) as Uint8Array<ArrayBuffer>;
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
    if (end > this.bytes.byteLength)
      throw invalidFile(this.where, "ends within its header; it is truncated, fetch it again");
  }

  u32(): number {
    this.at += 4;
    return this.view.getUint32(this.at - 4, true);
  }

  u64(what: string): number {
    this.at += 8;
    const value = Number(this.view.getBigUint64(this.at - 8, true));
    if (!Number.isSafeInteger(value)) throw invalidFile(this.where, `${what} is ${value}, too large`);
    return value;
  }

  count(limit: number, what: string): number {
    const count = this.u64(`the number of ${what}`);
    if (count > limit) throw invalidFile(this.where, `says it has ${count} ${what}, at most ${limit} are believed`);
    return count;
  }

  async string(limit: number, what: string): Promise<string> {
    await this.need(8);
    const length = this.count(limit, `bytes of ${what}`);
    await this.need(length);
    this.at += length;
    try {
      return this.decoder.decode(this.bytes.subarray(this.at - length, this.at));
    } catch (cause) {
      throw invalidFile(this.where, `${what} is not UTF-8`, cause);
    }
  }

  async scalar(type: Scalar, what: string): Promise<number | boolean | string> {
    if (type === "string") return this.string(most.headerBytes, what);
    const size = scalarBytes[type];
    if (this.at + size > this.bytes.byteLength) await this.need(size);
    const { view, at } = this;
    this.at += size;
    switch (type) {
      case "u8":
        return view.getUint8(at);
      case "i8":
        return view.getInt8(at);
      case "bool":
        return view.getUint8(at) !== 0;
      case "u16":
        return view.getUint16(at, true);
      case "i16":
        return view.getInt16(at, true);
      case "u32":
        return view.getUint32(at, true);
      case "i32":
        return view.getInt32(at, true);
      case "f32":
        return view.getFloat32(at, true);
      case "f64":
        return view.getFloat64(at, true);
      case "u64":
        return Number(view.getBigUint64(at, true));
      case "i64":
        return Number(view.getBigInt64(at, true));
    }
  }
}

const scalarBytes = { u8: 1, i8: 1, bool: 1, u16: 2, i16: 2, u32: 4, i32: 4, f32: 4, u64: 8, i64: 8, f64: 8 } as const;
