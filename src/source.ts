// Files of a model directory wherever they are: on disk (here), behind a URL, in a page's File objects, in a cache
// (src/browser). A file is read once, from beginning to end, in chunks, so that weights are never whole in JavaScript.
// node:fs is imported when a file is opened, so that browsers may import this module.
import { HandheldError, ioError } from "./errors.ts";
import { parseJson } from "./io.ts";

/** A directory of files. */
export interface FileSource {
  /** Names the directory in messages: a path or URL without a slash at its end. */
  readonly name: string;
  /** Opens a file to be read; null where there is none. @throws HandheldError `io` or `aborted` */
  open(file: string): Promise<IncomingFile | null>;
}

/** A file on its way in. */
export interface IncomingFile {
  /** Null where a server does not say. */
  readonly sizeBytes: number | null;
  /** Its bytes in order, to be read once. A chunk is valid until the next one is asked for. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

const chunkBytes = 1 << 20;

/** A directory on disk, by its path; a source stays what it is. */
export function sourceOf(dir: string | FileSource): FileSource {
  return typeof dir === "string" ? { name: dir, open: (file) => openOnDisk(`${dir}/${file}`) } : dir;
}

/** Opens a file that must be there. @throws HandheldError `io` or `aborted` */
export async function openFile(source: FileSource, file: string): Promise<IncomingFile> {
  const found = await source.open(file);
  if (found === null) throw ioError("read", `${source.name}/${file}`, { code: "ENOENT" });
  return found;
}

/** Reads and parses a JSON file. @throws HandheldError `io` when it cannot be read, `invalid-file` when it is not JSON */
export async function readJson(source: FileSource, file: string): Promise<unknown> {
  return parseChunks(await openFile(source, file), `${source.name}/${file}`);
}

/** As {@link readJson}; undefined where there is no such file. */
export async function readOptionalJson(source: FileSource, file: string): Promise<unknown> {
  const found = await source.open(file);
  return found === null ? undefined : parseChunks(found, `${source.name}/${file}`);
}

async function parseChunks({ chunks }: IncomingFile, path: string): Promise<unknown> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of chunks) text += decoder.decode(chunk, { stream: true });
  return parseJson(text + decoder.decode(), path);
}

/** Takes a file's bytes in portions of the caller's sizes. */
export class SequentialReader {
  /** Bytes taken so far. */
  position = 0;
  private readonly iterator: AsyncIterator<Uint8Array>;
  private readonly path: string;
  private rest = new Uint8Array(0);

  /** `path` names the file in messages. */
  constructor(file: IncomingFile, path: string) {
    this.iterator = file.chunks[Symbol.asyncIterator]();
    this.path = path;
  }

  /** Fills `target` with the next bytes. @throws HandheldError `invalid-file` when the file ends before, `io`, `aborted` */
  async read(target: Uint8Array): Promise<void> {
    for (let at = 0; at < target.byteLength; ) {
      const part = await this.take(target.byteLength - at);
      target.set(part, at);
      at += part.byteLength;
    }
  }

  /** Passes over the next bytes. @throws as {@link read} */
  async skip(bytes: number): Promise<void> {
    for (let left = bytes; left > 0; ) left -= (await this.take(left)).byteLength;
  }

  /** Makes sure that nothing follows. @throws HandheldError `invalid-file` */
  async end(): Promise<void> {
    if (this.rest.byteLength > 0 || (await this.pull())) {
      throw new HandheldError("invalid-file", `${this.path}: bytes follow the last tensor; the file is damaged`);
    }
  }

  /** Lets go of the file, whether or not it was read to its end. */
  async close(): Promise<void> {
    await this.iterator.return?.();
  }

  // The next bytes, at least one and at most so many.
  private async take(most: number): Promise<Uint8Array> {
    if (this.rest.byteLength === 0 && !(await this.pull())) {
      const reason = `ends at byte ${this.position}; it is truncated, fetch it again`;
      throw new HandheldError("invalid-file", `${this.path}: ${reason}`);
    }
    const part = this.rest.subarray(0, most);
    this.rest = this.rest.subarray(part.byteLength);
    this.position += part.byteLength;
    return part;
  }

  private async pull(): Promise<boolean> {
    for (;;) {
      const next = await this.iterator.next();
      if (next.done) return false;
      if (next.value.byteLength > 0) {
        this.rest = next.value as Uint8Array<ArrayBuffer>;
        return true;
      }
    }
  }
}

async function openOnDisk(path: string): Promise<IncomingFile | null> {
  const { stat } = await import("node:fs/promises");
  try {
    const { size } = await stat(path);
    return { sizeBytes: size, chunks: diskChunks(path, size) };
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw ioError("read", path, cause);
  }
}

async function* diskChunks(path: string, sizeBytes: number): AsyncGenerator<Uint8Array> {
  const { open } = await import("node:fs/promises");
  const fail = (cause: unknown): never => {
    throw ioError("read", path, cause);
  };
  const file = await open(path, "r").catch(fail);
  try {
    const buffer = new Uint8Array(Math.max(1, Math.min(chunkBytes, sizeBytes)));
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.byteLength, null).catch(fail);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}
