// Writes GGUF, version 3: metadata, a table of tensors, and their data as chunks that are never held at once.
// Layout as in the GGUF specification of the ggml project; only the value types that a small model needs.

/** A metadata value: the type is part of the format, so it is said and not guessed. */
export type GgufValue =
  | { type: "uint32"; value: number }
  | { type: "int32s"; value: readonly number[] }
  | { type: "float32"; value: number }
  | { type: "float32s"; value: readonly number[] }
  | { type: "bool"; value: boolean }
  | { type: "string"; value: string }
  | { type: "strings"; value: readonly string[] };

/** A tensor to write. */
export interface GgufTensor {
  name: string;
  /** [columns] or [columns, rows]: the fastest dimension first. */
  dimensions: readonly number[];
  type: "f32" | "q4_0";
  /** Its bytes, in pieces; together {@link ggufBytes} long. */
  data: () => Iterable<Uint8Array>;
}

const alignment = 32;
const tensorTypes = { f32: 0, q4_0: 2 } as const;
const arrayType = 9;
const valueTypes = { uint32: 4, int32s: 5, float32: 6, float32s: 6, bool: 7, string: 8, strings: 8 } as const;

/** Bytes of a tensor's data: 4 per value, or 18 per 32 values of a row. */
export function ggufBytes({ type, dimensions }: Pick<GgufTensor, "type" | "dimensions">): number {
  const values = dimensions.reduce((product, size) => product * size, 1);
  return type === "f32" ? values * 4 : (values / 32) * 18;
}

/** The whole file, piece by piece. */
export function* encodeGguf(metadata: ReadonlyMap<string, GgufValue>, tensors: readonly GgufTensor[]) {
  const head = encodeHead(metadata, tensors);
  yield head;
  yield padding(head.length);
  for (const tensor of tensors) {
    yield* tensor.data();
    yield padding(ggufBytes(tensor));
  }
}

function encodeHead(metadata: ReadonlyMap<string, GgufValue>, tensors: readonly GgufTensor[]): Uint8Array {
  const out = new ByteWriter();
  out.raw(new TextEncoder().encode("GGUF"));
  out.uint32(3);
  out.uint64(tensors.length);
  out.uint64(metadata.size);
  for (const [key, value] of metadata) {
    out.text(key);
    writeValue(out, value);
  }
  let offset = 0;
  for (const tensor of tensors) {
    out.text(tensor.name);
    out.uint32(tensor.dimensions.length);
    for (const size of tensor.dimensions) out.uint64(size);
    out.uint32(tensorTypes[tensor.type]);
    out.uint64(offset);
    offset += ggufBytes(tensor);
    offset += padding(offset).length;
  }
  return out.finish();
}

function writeValue(out: ByteWriter, { type, value }: GgufValue): void {
  const many = Array.isArray(value);
  out.uint32(many ? arrayType : valueTypes[type]);
  if (many) {
    out.uint32(valueTypes[type]);
    out.uint64(value.length);
  }
  for (const one of many ? value : [value]) {
    if (typeof one === "string") out.text(one);
    else if (typeof one === "boolean") out.raw(Uint8Array.of(Number(one)));
    else if (type === "float32" || type === "float32s") out.float32(one);
    else out.uint32(one);
  }
}

function padding(length: number): Uint8Array {
  return new Uint8Array((alignment - (length % alignment)) % alignment);
}

/** Little-endian bytes in a buffer that grows. */
class ByteWriter {
  private bytes = new Uint8Array(1 << 16);
  private length = 0;

  uint32(value: number): void {
    this.view(4).setUint32(0, value, true);
  }

  uint64(value: number): void {
    this.view(8).setBigUint64(0, BigInt(value), true);
  }

  float32(value: number): void {
    this.view(4).setFloat32(0, value, true);
  }

  text(value: string): void {
    const encoded = new TextEncoder().encode(value);
    this.uint64(encoded.length);
    this.raw(encoded);
  }

  raw(data: Uint8Array): void {
    const { byteOffset } = this.view(data.length);
    this.bytes.set(data, byteOffset);
  }

  finish(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  private view(size: number): DataView {
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
