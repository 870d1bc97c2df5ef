// Writes GGUF, version 3: metadata, a table of tensors, then their data, one tensor at a time and never all at once.
import { HandheldError } from "../errors.ts";
import { writeFileAtomic } from "../io.ts";
import { type GgmlType, ggmlBytes, ggmlFormats } from "../quant/ggml.ts";
import { type Scalar, valueTypes } from "./header.ts";

type Plain = number | boolean | string;

/** A metadata value: its type is part of the format, so it is said and not guessed. */
export interface GgufEntry {
  type: Exclude<Scalar, "u64" | "i64" | "u8" | "i8" | "u16" | "i16">;
  value: Plain | readonly Plain[];
}

/** Makes a {@link GgufEntry} of one value or a list. */
export const entry = {
  u32: (value: number | readonly number[]): GgufEntry => ({ type: "u32", value }),
  i32: (value: number | readonly number[]): GgufEntry => ({ type: "i32", value }),
  f32: (value: number | readonly number[]): GgufEntry => ({ type: "f32", value }),
  bool: (value: boolean | readonly boolean[]): GgufEntry => ({ type: "bool", value }),
  string: (value: string | readonly string[]): GgufEntry => ({ type: "string", value }),
} as const;

/** A tensor to write. */
export interface GgufTensorToWrite {
  name: string;
  /** [columns] or [rows, columns], as everywhere here. */
  shape: readonly number[];
  type: GgmlType;
  /** Its blocks, in pieces; asked for when its turn comes. */
  data: () => Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

const alignment = 32;

/**
 * Writes a file atomically.
 * @throws HandheldError `io`, or `invalid-data` when a tensor does not fit its shape; `path` is then as it was
 * @example
 * ```ts
 * await saveGguf("norm.gguf", new Map([["general.architecture", entry.string("llama")]]), [
 *   { name: "output_norm.weight", shape: [64], type: "F32", data: () => [packGgml("F32", weights)] },
 * ]);
 * ```
 */
export async function saveGguf(
  path: string,
  metadata: ReadonlyMap<string, GgufEntry>,
  tensors: readonly GgufTensorToWrite[],
): Promise<void> {
  await writeFileAtomic(path, encodeGguf(metadata, tensors));
}

/** Bytes of a tensor's data. @throws HandheldError `invalid-data` where its rows do not fill the type's blocks */
export function tensorBytes({ name, type, shape }: Pick<GgufTensorToWrite, "name" | "type" | "shape">): number {
  const bytes = shape.slice(0, -1).reduce((product, size) => product * size, ggmlBytes(type, shape.at(-1)!));
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes;
  throw invalid(name, `${type} cannot hold a shape of [${shape}]`);
}

/** The chunks of a file. @throws as {@link saveGguf}, without `io` */
export async function* encodeGguf(
  metadata: ReadonlyMap<string, GgufEntry>,
  tensors: readonly GgufTensorToWrite[],
): AsyncGenerator<Uint8Array> {
  const head = encodeHead(metadata, tensors);
  yield head;
  yield padding(head.length);
  for (const tensor of tensors) {
    let written = 0;
    for await (const piece of tensor.data()) {
      written += piece.byteLength;
      yield piece;
    }
    const wanted = tensorBytes(tensor);
    if (written !== wanted) {
      throw invalid(tensor.name, `${tensor.type} of [${tensor.shape}] takes ${wanted} bytes, got ${written}`);
    }
    yield padding(wanted);
  }
}

function encodeHead(metadata: ReadonlyMap<string, GgufEntry>, tensors: readonly GgufTensorToWrite[]): Uint8Array {
  const out = new ByteWriter();
  out.raw(new TextEncoder().encode("GGUF"));
  out.number("u32", 3);
  out.number("u64", tensors.length);
  out.number("u64", metadata.size);
  for (const [key, value] of metadata) {
    out.text(key);
    writeValue(out, value);
  }
  const names = new Set<string>();
  let offset = 0;
  for (const tensor of tensors) {
    const { name, shape, type } = tensor;
    if (names.has(name)) throw invalid(name, "the name is taken");
    names.add(name);
    out.text(name);
    out.number("u32", shape.length);
    for (const size of [...shape].reverse()) out.number("u64", size);
    out.number("u32", ggmlFormats[type].id);
    out.number("u64", offset);
    offset += tensorBytes(tensor);
    offset += padding(offset).length;
  }
  return out.finish();
}

function writeValue(out: ByteWriter, { type, value }: GgufEntry): void {
  const many = typeof value === "object";
  if (many) out.number("u32", valueTypes.indexOf("array"));
  out.number("u32", valueTypes.indexOf(type));
  if (many) out.number("u64", value.length);
  for (const one of many ? value : [value]) {
    if (typeof one === "string") out.text(one);
    else if (typeof one === "boolean") out.raw(Uint8Array.of(Number(one)));
    else out.number(type as "u32" | "i32" | "f32" | "f64", one);
  }
}

function padding(length: number): Uint8Array {
  return new Uint8Array((alignment - (length % alignment)) % alignment);
}

function invalid(name: string, reason: string): HandheldError {
  return new HandheldError("invalid-data", `cannot write tensor ${JSON.stringify(name)}: ${reason}`);
}

/** Little-endian bytes in a buffer that grows. */
class ByteWriter {
  private bytes = new Uint8Array(1 << 16);
  private length = 0;
  private readonly encoder = new TextEncoder();

  number(type: "u32" | "i32" | "f32" | "u64" | "f64", value: number): void {
    const view = this.take(type === "u64" || type === "f64" ? 8 : 4);
    if (type === "u32") view.setUint32(0, value, true);
    else if (type === "i32") view.setInt32(0, value, true);
    else if (type === "f32") view.setFloat32(0, value, true);
    else if (type === "f64") view.setFloat64(0, value, true);
    else view.setBigUint64(0, BigInt(value), true);
  }

  text(value: string): void {
    const encoded = this.encoder.encode(value);
    this.number("u64", encoded.length);
    this.raw(encoded);
  }

  raw(data: Uint8Array): void {
    const { byteOffset } = this.take(data.length);
    this.bytes.set(data, byteOffset);
  }

  finish(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  private take(size: number): DataView {
    if (this.length + size > this.bytes.length) {
      const larger = new Uint8Array(2 * (this.length + size));
      larger.set(this.bytes.subarray(0, this.length));
      this.bytes = larger;
    }
    const view = new DataView(this.bytes.buffer, this.length, size);
    this.length += size;
    return view;
  }
}
