// Writing safetensors as a sequence of chunks, one tensor at a time, so that a model is never held twice.
import { HandheldError } from "../errors.ts";
import { countElements, type ElementType, elementBytes, type StoredTensor } from "./safetensors.ts";

/** What the header says of a tensor. */
export interface TensorToCome {
  name: string;
  dtype: ElementType;
  shape: readonly number[];
}

/** A tensor to write. `data` may be a function that makes it when its turn comes; it runs once. */
export interface TensorToWrite extends TensorToCome {
  data: ArrayBufferView | (() => ArrayBufferView | Promise<ArrayBufferView>);
}

/**
 * The chunks of a safetensors file: the header, then each tensor. Wider element types come first, in the given order
 * otherwise, and the header is padded, so that every tensor is aligned. Each chunk is a view of the tensor's data.
 *
 * @param metadata strings for the header; transformers wants `format: "pt"`, the default.
 * @throws HandheldError `invalid-data` when a name repeats or a tensor's bytes do not fit its shape.
 */
export async function* encodeSafetensors(
  tensors: readonly TensorToWrite[],
  metadata: Record<string, string> = { format: "pt" },
): AsyncGenerator<Uint8Array> {
  const ordered = inOrder(tensors);
  yield encodeHeader(ordered, metadata);
  for (const tensor of ordered) {
    const data = typeof tensor.data === "function" ? await tensor.data() : tensor.data;
    const wanted = sizeOf(tensor);
    if (data.byteLength !== wanted) {
      const shape = tensor.shape.join(" × ");
      throw invalid(tensor.name, `${tensor.dtype} of ${shape} takes ${wanted} bytes, got ${data.byteLength}`);
    }
    yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
}

/** A safetensors file in one piece, for browsers. Takes tensors as {@link StoredTensor} by name. */
export async function serializeSafetensors(
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata?: Record<string, string>,
): Promise<Uint8Array> {
  const list = [...tensors].map(([name, { dtype, shape, bytes }]) => ({ name, dtype, shape, data: bytes }));
  const chunks = [];
  for await (const chunk of encodeSafetensors(list, metadata)) chunks.push(chunk);
  const file = new Uint8Array(chunks.reduce((total, { byteLength }) => total + byteLength, 0));
  let at = 0;
  for (const chunk of chunks) {
    file.set(chunk, at);
    at += chunk.byteLength;
  }
  return file;
}

/** Wider element types first, so that every tensor is aligned. */
export function inOrder<T extends TensorToCome>(tensors: readonly T[]): T[] {
  return [...tensors].sort((a, b) => elementBytes[b.dtype] - elementBytes[a.dtype]);
}

/** The bytes before the first tensor; the tensors follow in the given order. @throws HandheldError `invalid-data` */
export function encodeHeader(tensors: readonly TensorToCome[], metadata: Record<string, string>): Uint8Array {
  const entries: [string, unknown][] = [["__metadata__", metadata]];
  const names = new Set(["__metadata__"]);
  let begin = 0;
  for (const tensor of tensors) {
    if (names.has(tensor.name)) throw invalid(tensor.name, "the name is taken");
    names.add(tensor.name);
    const end = begin + sizeOf(tensor);
    entries.push([tensor.name, { dtype: tensor.dtype, shape: tensor.shape, data_offsets: [begin, end] }]);
    begin = end;
  }
  const json = JSON.stringify(Object.fromEntries(entries));
  const text = new TextEncoder().encode(json);
  const padded = Math.ceil((8 + text.length) / 64) * 64;
  const header = new Uint8Array(padded).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(padded - 8), true);
  header.set(text, 8);
  return header;
}

/** Bytes of a tensor. @throws HandheldError `invalid-data` for a shape that cannot be counted */
export function sizeOf({ name, dtype, shape }: TensorToCome): number {
  const size = countElements(shape) * elementBytes[dtype];
  if (Number.isSafeInteger(size) && size >= 0) return size;
  throw invalid(name, `shape ${shape.join(" × ")} is not countable`);
}

function invalid(name: string, reason: string): HandheldError {
  return new HandheldError("invalid-data", `cannot write tensor ${JSON.stringify(name)}: ${reason}`);
}
