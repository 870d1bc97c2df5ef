// Models kept in the browser, in its origin private file system: a folder per model with its files and, written last, a
// record of their sizes and hashes. A folder without a record is nothing: a download that ends early leaves nothing valid.
// Why not the Cache API is in docs/browser.md.
import { HandheldError } from "../errors.ts";
import type { FileSource } from "../source.ts";
import { PieceWriter, readPieces, type StoredFile, writeWhole } from "./pieces.ts";
import { Sha256 } from "./sha256.ts";
import { absoluteUrl, withoutSlash } from "./sources.ts";

/** What a model's folder holds; a file that the model does not have is null. */
export interface CacheRecord {
  version: 1;
  url: string;
  storedAt: string;
  files: Record<string, StoredFile | null>;
}

/** A model in the cache. */
export interface CachedModel {
  /** URL of the folder it was loaded from. */
  url: string;
  sizeBytes: number;
  storedAt: Date;
}

const folderName = "handheld";
const recordName = "cached.json";

/** The models that would load without the network. */
export async function listCache(): Promise<CachedModel[]> {
  const found: CachedModel[] = [];
  for await (const [, handle] of entriesOf(await rootFolder())) {
    const record = handle.kind === "directory" ? await readRecord(handle as FileSystemDirectoryHandle) : null;
    if (record === null) continue;
    const sizeBytes = Object.values(record.files).reduce((sum, file) => sum + (file?.sizeBytes ?? 0), 0);
    found.push({ url: record.url, sizeBytes, storedAt: new Date(record.storedAt) });
  }
  return found;
}

/** Forgets the model of a folder's URL, or all of them. Waits for pages that are loading it. */
export async function clearCache(url?: string | URL): Promise<void> {
  const root = await rootFolder();
  const keys: string[] = url === undefined ? [] : [keyOf(absoluteUrl(url))];
  if (url === undefined) for await (const [key] of entriesOf(root)) keys.push(key);
  for (const key of keys) await navigator.locks.request(lockOf(key), () => remove(root, key));
}

/** The place of one model. */
export class ModelCache {
  private readonly url: string;
  private readonly root: FileSystemDirectoryHandle;
  private readonly key: string;

  private constructor(url: string, root: FileSystemDirectoryHandle) {
    this.url = withoutSlash(url);
    this.root = root;
    this.key = keyOf(url);
  }

  /** @throws HandheldError `unsupported`, DOMException: where the browser gives the page no files (no https, private window) */
  static async open(url: string): Promise<ModelCache> {
    return new ModelCache(url, await rootFolder());
  }

  /** Runs `use` alone (`exclusive`) or among readers; with `free` false, at once, while others forbid it. */
  async locked<T>(mode: LockMode, use: (free: boolean) => Promise<T>): Promise<T> {
    // The cast: TypeScript gives request the type of a promise of a promise.
    return (await navigator.locks.request(lockOf(this.key), { mode, ifAvailable: true }, (lock) =>
      use(lock !== null),
    )) as T;
  }

  /** The record of the model; null where there is none. */
  async record(): Promise<CacheRecord | null> {
    const folder = await this.folder(false);
    return folder && readRecord(folder);
  }

  /** The model as recorded. Reading throws HandheldError `invalid-file` before it hands out a byte that was changed. */
  stored({ files }: CacheRecord, signal: AbortSignal): FileSource {
    return {
      name: this.url,
      open: async (file) => {
        const stored = files[file];
        const path = `${this.url}/${file}`;
        if (stored === null) return null;
        if (stored === undefined) throw new HandheldError("io", `${path}: not in the cache`);
        const handle = await (await this.folder(false))?.getFileHandle(file).catch(() => null);
        if (!handle) throw new HandheldError("io", `${path}: gone from the cache`);
        const blob = await handle.getFile();
        return { sizeBytes: stored.sizeBytes, chunks: readPieces(blob, stored, path, signal) };
      },
    };
  }

  /** Removes the model. */
  clear(): Promise<void> {
    return remove(this.root, this.key);
  }

  /** A source that keeps what is read through it. It counts once {@link Storing.commit} is called. */
  async storing(source: FileSource): Promise<Storing> {
    await this.clear();
    return new Storing(source, this.url, (await this.folder(true))!);
  }

  private async folder(create: boolean): Promise<FileSystemDirectoryHandle | null> {
    return this.root.getDirectoryHandle(this.key, { create }).catch((cause: Error) => {
      if (cause.name === "NotFoundError") return null;
      throw cause;
    });
  }
}

/** A source whose files are kept on their way; what goes wrong with keeping does not disturb the reading. */
export class Storing implements FileSource {
  readonly name: string;
  /** Why it is not kept; null when all is well. */
  problem: string | null = null;
  private readonly source: FileSource;
  private readonly url: string;
  private readonly folder: FileSystemDirectoryHandle;
  private readonly files: Record<string, StoredFile | null> = {};

  constructor(source: FileSource, url: string, folder: FileSystemDirectoryHandle) {
    this.name = source.name;
    this.source = source;
    this.url = url;
    this.folder = folder;
  }

  async open(file: string) {
    const incoming = await this.source.open(file);
    this.files[file] = null;
    return incoming && { ...incoming, chunks: this.keep(file, incoming.chunks) };
  }

  /** Makes what was kept valid. False, with a {@link problem}, when not all of it could be kept. */
  async commit(): Promise<boolean> {
    const { url, files } = this;
    const record: CacheRecord = { version: 1, url, storedAt: new Date().toISOString(), files };
    await this.attempt(() => writeWhole(this.folder, recordName, new TextEncoder().encode(JSON.stringify(record))));
    return this.problem === null;
  }

  private async *keep(file: string, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const writer = await this.attempt(() => PieceWriter.create(this.folder, file));
    try {
      for await (const chunk of chunks) {
        await this.attempt(() => writer!.write(chunk));
        yield chunk;
      }
      const stored = await this.attempt(() => writer!.finish());
      if (stored) this.files[file] = stored;
    } finally {
      writer?.close();
    }
  }

  // After the first failure (the disk is full, say) nothing more is tried.
  private async attempt<T>(action: () => T | Promise<T>): Promise<T | null> {
    if (this.problem !== null) return null;
    try {
      return await action();
    } catch (cause) {
      this.problem = `the browser could not keep it: ${(cause as Error).message}`;
      return null;
    }
  }
}

function keyOf(url: string): string {
  return new Sha256()
    .update(new TextEncoder().encode(withoutSlash(url)))
    .digest()
    .slice(0, 32);
}

function lockOf(key: string): string {
  return `handheld:${key}`;
}

async function remove(root: FileSystemDirectoryHandle, key: string): Promise<void> {
  await root.removeEntry(key, { recursive: true }).catch((cause: Error) => {
    if (cause.name !== "NotFoundError") throw cause;
  });
}

// TypeScript's DOM library leaves the iterators of handles to another library.
function entriesOf(folder: FileSystemDirectoryHandle): AsyncIterable<[string, FileSystemHandle]> {
  return folder as unknown as AsyncIterable<[string, FileSystemHandle]>;
}

async function rootFolder(): Promise<FileSystemDirectoryHandle> {
  if (!navigator.storage?.getDirectory)
    throw new HandheldError("unsupported", "a page needs https or localhost for it");
  const root = await navigator.storage.getDirectory();
  return root.getDirectoryHandle(folderName, { create: true });
}

// A record that cannot be read, or one of another version, is none.
async function readRecord(folder: FileSystemDirectoryHandle): Promise<CacheRecord | null> {
  try {
    const file = await (await folder.getFileHandle(recordName)).getFile();
    const record = JSON.parse(await file.text()) as CacheRecord;
    return record.version === 1 ? record : null;
  } catch {
    return null;
  }
}
