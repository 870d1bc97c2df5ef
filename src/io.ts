// Files in and out, with one-line typed errors and writes that either happen whole or not at all.
// node:fs is imported when a function runs, so that code for browsers may import this module.
import { HandheldError, ioError } from "./errors.ts";

/** What a file is written from: text, bytes, or a sequence of byte chunks that is never held at once. */
export type FileData = string | Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/**
 * Writes a file atomically: into a temporary file in the same folder, flushed to disk, then renamed over `path`.
 * Makes the folder where it is missing. After a failure `path` is what it was before and the temporary file is gone.
 *
 * @throws HandheldError `io` that says what to do (disk full, no permission …); an error thrown by a chunk iterator
 *   passes through when it is a HandheldError.
 */
export async function writeFileAtomic(path: string, data: FileData): Promise<void> {
  const file = await AtomicFile.create(path);
  try {
    let position = 0;
    for await (const chunk of chunksOf(data)) {
      await file.write(chunk, position);
      position += chunk.byteLength;
    }
    await file.commit();
  } catch (cause) {
    await file.discard();
    throw ioError("write", path, cause);
  }
}

/**
 * A file that appears whole or not at all, written in any order: into a temporary file in the same folder until
 * {@link commit} flushes it to disk and renames it.
 *
 * @example
 * ```ts
 * const file = await AtomicFile.create("model.safetensors");
 * try {
 *   await file.write(tensor, 4096);
 *   await file.commit();
 * } catch (error) {
 *   await file.discard();
 *   throw error;
 * }
 * ```
 */
export class AtomicFile {
  private readonly path: string;
  private readonly temporary: string;
  private readonly handle: import("node:fs/promises").FileHandle;

  private constructor(path: string, temporary: string, handle: import("node:fs/promises").FileHandle) {
    this.path = path;
    this.temporary = temporary;
    this.handle = handle;
  }

  /** Makes the folder where it is missing. @throws HandheldError `io` */
  static async create(path: string): Promise<AtomicFile> {
    const { open } = await import("node:fs/promises");
    const { basename, dirname, join } = await import("node:path");
    const folder = dirname(path);
    const unique = `${process.pid.toString(36)}-${Math.random().toString(36).slice(2, 10)}`;
    const temporary = join(folder, `.${basename(path)}.${unique}.tmp`);
    await makeFolder(folder);
    try {
      return new AtomicFile(path, temporary, await open(temporary, "wx"));
    } catch (cause) {
      throw ioError("write", path, cause);
    }
  }

  /** Writes all of `chunk` from byte `position` on. @throws HandheldError `io` */
  async write(chunk: Uint8Array, position: number): Promise<void> {
    // A write may be short (2 GiB at most on Linux, or less on a nearly full disk): go on until all is down.
    const most = 1 << 26;
    try {
      for (let offset = 0; offset < chunk.byteLength; ) {
        const length = Math.min(most, chunk.byteLength - offset);
        const { bytesWritten } = await this.handle.write(chunk, offset, length, position + offset);
        offset += bytesWritten;
      }
    } catch (cause) {
      throw ioError("write", this.path, cause);
    }
  }

  /** Puts the file in its place. @throws HandheldError `io`; {@link discard} it then */
  async commit(): Promise<void> {
    const { rename } = await import("node:fs/promises");
    const { dirname } = await import("node:path");
    try {
      await this.handle.sync();
      await this.handle.close();
      await rename(this.temporary, this.path);
    } catch (cause) {
      throw ioError("write", this.path, cause);
    }
    await syncFolder(dirname(this.path));
  }

  /** Leaves nothing behind; whatever was at the path stays. */
  async discard(): Promise<void> {
    const { rm } = await import("node:fs/promises");
    await this.handle.close().catch(() => {});
    await rm(this.temporary, { force: true }).catch(() => {});
  }
}

/**
 * Makes a folder and those above it; one that exists is fine. Not mkdir with `recursive`, which never returns where the
 * system has a folder but refuses anything in it with "no such file" (/proc on Linux).
 *
 * @throws HandheldError `io`
 */
export async function makeFolder(path: string): Promise<void> {
  const { mkdir, stat } = await import("node:fs/promises");
  const { dirname } = await import("node:path");
  const attempt = async (): Promise<NodeJS.ErrnoException | null> => {
    try {
      await mkdir(path);
      return null;
    } catch (cause) {
      const found = await stat(path).catch(() => null);
      if (found?.isDirectory()) return null;
      return found ? Object.assign(new Error("a file"), { code: "ENOTDIR" }) : (cause as NodeJS.ErrnoException);
    }
  };
  let failure = await attempt();
  if (failure?.code === "ENOENT" && dirname(path) !== path) {
    await makeFolder(dirname(path));
    failure = await attempt();
  }
  if (failure) throw ioError("make the folder", path, failure);
}

/** Whether there is a file or folder at `path`. */
export async function pathExists(path: string): Promise<boolean> {
  const { access } = await import("node:fs/promises");
  return access(path).then(
    () => true,
    () => false,
  );
}

/**
 * Reads a UTF-8 text file.
 *
 * @throws HandheldError `io` when it cannot be read.
 */
export async function readTextFile(path: string): Promise<string> {
  const { readFile } = await import("node:fs/promises");
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw ioError("read", path, cause);
  }
}

/**
 * Reads and parses a JSON file.
 *
 * @throws HandheldError `io` when it cannot be read, `invalid-file` when it is not JSON.
 */
export async function readJsonFile(path: string): Promise<unknown> {
  return parseJson(await readTextFile(path), path);
}

/** Parses a JSON file's text. @throws HandheldError `invalid-file` that names `path` */
export function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = (cause as Error).message.replace(/\s+/g, " "); // it may quote lines of the file
    throw new HandheldError("invalid-file", `${path}: not valid JSON: ${reason}`, { cause });
  }
}

function chunksOf(data: FileData): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
  if (typeof data === "string") return [new TextEncoder().encode(data)];
  return data instanceof Uint8Array ? [data] : data;
}

// The rename itself is only durable once the folder is flushed. Not every file system allows that; the data is safe anyway.
async function syncFolder(folder: string): Promise<void> {
  const { open } = await import("node:fs/promises");
  const handle = await open(folder, "r").catch(() => null);
  await handle?.sync().catch(() => {});
  await handle?.close();
}
