// safetensors on disk: reading one tensor at a time, writing atomically.
import type { FileHandle } from "node:fs/promises";
import { HandheldError, ioError, suggest } from "../errors.ts";
import { writeFileAtomic } from "../io.ts";
import { headerLength, parseHeader, type SafetensorsHeader, type StoredTensor } from "./safetensors.ts";
import { encodeSafetensors, type TensorToWrite } from "./safetensors-write.ts";

/** An open safetensors file. */
export interface SafetensorsFile extends SafetensorsHeader {
  /** Reads one tensor into memory of its own. @throws HandheldError `invalid-file` when it is not there, `io` */
  read(name: string): Promise<StoredTensor>;
  close(): Promise<void>;
}

/**
 * Opens a file and checks its header; tensors are read when asked for.
 *
 * @throws HandheldError `io` or `invalid-file`.
 */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  const { open } = await import("node:fs/promises");
  const file = await open(path, "r").catch((cause: unknown) => {
    throw ioError("read", path, cause);
  });
  try {
    const { size } = await file.stat();
    const first = await readBytes(file, 0, Math.min(8, size), path);
    const length = headerLength(first, size, path);
    const header = parseHeader(await readBytes(file, 8, length, path), size, path);
    return { ...header, read: (name) => readTensor(file, header, name, path), close: () => file.close() };
  } catch (cause) {
    await file.close();
    throw ioError("read", path, cause);
  }
}

/**
 * Reads all tensors of a file, each into memory of its own.
 *
 * @throws HandheldError `io` or `invalid-file`.
 */
export async function loadSafetensors(
  path: string,
): Promise<{ metadata: Record<string, string>; tensors: Map<string, StoredTensor> }> {
  const file = await openSafetensors(path);
  try {
    const tensors = new Map<string, StoredTensor>();
    for (const name of file.tensors.keys()) tensors.set(name, await file.read(name));
    return { metadata: file.metadata, tensors };
  } finally {
    await file.close();
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

async function readTensor(
  file: FileHandle,
  header: SafetensorsHeader,
  name: string,
  path: string,
): Promise<StoredTensor> {
  const place = header.tensors.get(name);
  if (place === undefined) {
    const hint = suggest(name, header.tensors.keys());
    throw new HandheldError("invalid-file", `${path}: no tensor "${name}"${hint || "; is it another architecture?"}`);
  }
  const { dtype, shape, begin, end } = place;
  return { dtype, shape, bytes: await readBytes(file, header.dataStart + begin, end - begin, path) };
}

// Reads may be short (2 GiB at most): go on until all is there.
async function readBytes(file: FileHandle, position: number, length: number, path: string): Promise<Uint8Array> {
  const bytes = allocate(length, path);
  const most = 1 << 28;
  for (let at = 0; at < length; ) {
    const { bytesRead } = await file.read(bytes, at, Math.min(most, length - at), position + at);
    if (bytesRead === 0) {
      throw new HandheldError(
        "invalid-file",
        `${path}: ends at byte ${position + at}; it is truncated, fetch it again`,
      );
    }
    at += bytesRead;
  }
  return bytes;
}

function allocate(length: number, path: string): Uint8Array {
  try {
    return new Uint8Array(length);
  } catch (cause) {
    throw new HandheldError("out-of-memory", `${path}: a tensor of ${length} bytes does not fit in memory`, { cause });
  }
}
