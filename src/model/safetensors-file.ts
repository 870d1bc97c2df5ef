// safetensors files: read from beginning to end, from wherever they come, and written atomically on disk.
import { HandheldError, suggest } from "../errors.ts";
import { writeFileAtomic } from "../io.ts";
import { type FileSource, type IncomingFile, openFile, SequentialReader } from "../source.ts";
import {
  type ElementType,
  elementBytes,
  headerLength,
  parseHeader,
  readFloats,
  type SafetensorsHeader,
} from "./safetensors.ts";
import { encodeSafetensors, type TensorToWrite } from "./safetensors-write.ts";

/** A tensor whose bytes come next. Read them once, all at once or in their order, or not at all. */
export interface IncomingTensor {
  name: string;
  dtype: ElementType;
  shape: readonly number[];
  sizeBytes: number;
  /** Puts the next stored bytes into `target`, usually all `sizeBytes`. @throws HandheldError `invalid-file`, `io` or `aborted` */
  readBytes(target: Uint8Array): Promise<void>;
  /** Puts the next elements, floats of any width, into `target`. @throws as {@link readBytes}; `invalid-file` for integers */
  readFloats(target: Float32Array): Promise<void>;
}

/**
 * Reads a file from beginning to end: its header is checked, then `onTensor` is called for each tensor in the order of
 * the file and may read it straight to where it belongs. Every one of `names` is known to be there, or to be without
 * `prefix`, before the first call.
 *
 * @throws HandheldError `io`, `invalid-file` or `aborted`, and what `onTensor` throws.
 */
export async function readSafetensors(
  source: FileSource,
  file: string,
  names: Iterable<string>,
  onTensor: (tensor: IncomingTensor) => Promise<void>,
  prefix = "",
): Promise<SafetensorsHeader> {
  const path = `${source.name}/${file}`;
  const incoming = await openFile(source, file);
  const reader = new SequentialReader(incoming, path);
  try {
    const header = await readHeader(reader, incoming, path);
    for (const name of names) {
      if (header.tensors.has(name)) continue;
      if (prefix && name.startsWith(prefix) && header.tensors.has(name.slice(prefix.length))) continue;
      const hint = suggest(name, header.tensors.keys());
      throw new HandheldError("invalid-file", `${path}: no tensor "${name}"${hint || "; is it another architecture?"}`);
    }
    for (const [name, { dtype, shape, begin, end }] of header.tensors) {
      await onTensor(incomingTensor(reader, { name, dtype, shape, sizeBytes: end - begin }, path));
      await reader.skip(header.dataStart + end - reader.position);
    }
    await reader.end();
    return header;
  } finally {
    await reader.close();
  }
}

/**
 * Writes a file atomically, one tensor at a time.
 *
 * @throws HandheldError `io`, or `invalid-data` when a tensor does not fit its shape; `path` is then as it was.
 * @example
 * ```ts
 * await saveSafetensors("model.safetensors", [{ name: "norm.weight", dtype: "F32", shape: [64], data: weights }]);
 * ```
 */
export async function saveSafetensors(
  path: string,
  tensors: readonly TensorToWrite[],
  metadata?: Record<string, string>,
): Promise<void> {
  await writeFileAtomic(path, encodeSafetensors(tensors, metadata));
}

/** Reads a file's header alone; null where there is no such file. @throws HandheldError `io` or `invalid-file` */
export async function readSafetensorsHeader(source: FileSource, file: string): Promise<SafetensorsHeader | null> {
  const path = `${source.name}/${file}`;
  const incoming = await source.open(file);
  if (incoming === null) return null;
  const reader = new SequentialReader(incoming, path);
  try {
    return await readHeader(reader, incoming, path);
  } finally {
    await reader.close();
  }
}

async function readHeader(
  reader: SequentialReader,
  { sizeBytes }: IncomingFile,
  path: string,
): Promise<SafetensorsHeader> {
  const first = new Uint8Array(Math.min(8, sizeBytes ?? 8));
  await reader.read(first);
  const json = await readPortions(reader, headerLength(first, sizeBytes, path));
  return parseHeader(json, sizeBytes, path);
}

// Where the file's size is unknown, its header's length is a mere claim: memory grows with what has arrived.
async function readPortions(reader: SequentialReader, length: number): Promise<Uint8Array> {
  let bytes = new Uint8Array(Math.min(length, 1 << 20));
  await reader.read(bytes);
  while (bytes.byteLength < length) {
    const longer = new Uint8Array(Math.min(length, 2 * bytes.byteLength));
    longer.set(bytes);
    await reader.read(longer.subarray(bytes.byteLength));
    bytes = longer;
  }
  return bytes;
}

function incomingTensor(
  reader: SequentialReader,
  tensor: Pick<IncomingTensor, "name" | "dtype" | "shape" | "sizeBytes">,
  path: string,
): IncomingTensor {
  const { name, dtype } = tensor;
  return {
    ...tensor,
    readBytes: (target) => reader.read(target),
    readFloats: async (target) => {
      if (dtype === "F32") return reader.read(new Uint8Array(target.buffer, target.byteOffset, target.byteLength));
      const width = elementBytes[dtype];
      const buffer = new Uint8Array(width * Math.min(target.length, 1 << 16));
      for (let at = 0; at < target.length; ) {
        const bytes = buffer.subarray(0, width * (target.length - at));
        await reader.read(bytes);
        const floats = readFloats({ dtype, shape: tensor.shape, bytes }, `${path}: ${name}`);
        target.set(floats, at);
        at += floats.length;
      }
    },
  };
}
