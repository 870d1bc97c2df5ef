// Checkpoints of a training run: one file in safetensors format, the run's state and settings in its metadata, replaced
// atomically. Not a model file: that is written from TrainableModel.tensors().
import { HandheldError, ioError } from "../errors.ts";
import { writeFileAtomic } from "../io.ts";

/** Where a run's checkpoint is kept: one, replaced atomically. */
export interface CheckpointStore {
  /** Replaces the checkpoint; a failure leaves the last one as it was. */
  save(bytes: Uint8Array): Promise<void>;
  /** The checkpoint, or null where there is none. */
  load(): Promise<Uint8Array | null>;
}

/** What a checkpoint holds: f32 buffers by name, and JSON. */
export interface Checkpoint {
  buffers: Map<string, Float32Array>;
  /** State of the run: counters and recent losses. */
  state: unknown;
  /** Settings that a resumed run must share. */
  settings: unknown;
}

/** Keeps the checkpoint in a file, through a temporary name, a flush and a rename. */
export function fileCheckpoints(path: string): CheckpointStore {
  return {
    save: (bytes) => writeFileAtomic(path, bytes),
    async load() {
      const { readFile } = await import("node:fs/promises");
      try {
        return await readFile(path);
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code === "ENOENT") return null;
        throw ioError("read", path, cause);
      }
    },
  };
}

interface Entry {
  dtype: "F32";
  shape: [number];
  data_offsets: [number, number];
}

/** The file's bytes: header length (u64), JSON header padded to 8, buffers. */
export function encodeCheckpoint({ buffers, state, settings }: Checkpoint): Uint8Array {
  const entries: Record<string, Entry | Record<string, string>> = {
    __metadata__: { state: JSON.stringify(state), settings: JSON.stringify(settings) },
  };
  let offset = 0;
  for (const [name, { length }] of buffers) {
    entries[name] = { dtype: "F32", shape: [length], data_offsets: [offset, offset + 4 * length] };
    offset += 4 * length;
  }
  const json = new TextEncoder().encode(JSON.stringify(entries));
  const headerBytes = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + headerBytes + offset);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true);
  bytes.fill(0x20, 8, 8 + headerBytes);
  bytes.set(json, 8);
  let at = 8 + headerBytes;
  for (const buffer of buffers.values()) {
    bytes.set(new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength), at);
    at += buffer.byteLength;
  }
  return bytes;
}

/** @throws HandheldError `invalid-file` when the bytes are not a whole checkpoint. */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  const broken = (reason: string, cause?: unknown) => {
    const message = `the checkpoint is damaged (${reason}); delete it and start again without resuming`;
    return new HandheldError("invalid-file", message, { cause });
  };
  if (bytes.byteLength < 8) throw broken(`${bytes.byteLength} bytes`);
  const headerBytes = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const start = 8 + headerBytes;
  if (start > bytes.byteLength) throw broken(`its header of ${headerBytes} bytes is cut off`);
  try {
    const { __metadata__: about, ...entries } = JSON.parse(new TextDecoder().decode(bytes.subarray(8, start)));
    const buffers = new Map<string, Float32Array>();
    for (const [name, entry] of Object.entries(entries as Record<string, Entry>)) {
      const [begin, end] = entry.data_offsets;
      if (start + end > bytes.byteLength) throw broken(`it ends within "${name}"`);
      const buffer = new Float32Array(entry.shape[0]);
      new Uint8Array(buffer.buffer).set(bytes.subarray(start + begin, start + end));
      buffers.set(name, buffer);
    }
    return { buffers, state: JSON.parse(about.state), settings: JSON.parse(about.settings) };
  } catch (cause) {
    throw cause instanceof HandheldError ? cause : broken("its header is not valid", cause);
  }
}

/** The first setting that differs, as `recipe.seed was 1, is 2`; null when all agree. */
export function differingSetting(before: unknown, now: unknown, path = ""): string | null {
  if (isRecord(before) && isRecord(now)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(now)])) {
      const found = differingSetting(before[key], now[key], path === "" ? key : `${path}.${key}`);
      if (found !== null) return found;
    }
    return null;
  }
  if (JSON.stringify(before) === JSON.stringify(now)) return null;
  return `${path} was ${JSON.stringify(before)}, is ${JSON.stringify(now)}`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
