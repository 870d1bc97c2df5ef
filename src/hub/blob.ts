// One file of the cache: fetched into a partial file beside it, checked against the hash that is its name, and only then
// moved into place. A partial file is always a beginning of the content, so whoever comes later goes on from its end.
import { createHash, type Hash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { HandheldError, ioError } from "../errors.ts";
import { HubError } from "./errors.ts";
import type { HubClient } from "./http.ts";
import type { HubFile } from "./listing.ts";
import { type RangeOptions, type RemoteFile, readFrom } from "./ranges.ts";

/** What hears of a file's progress. */
export interface BlobWatcher {
  /** So many bytes were there from before. */
  resumed(bytes: number): void;
  arrived(bytes: number): void;
  /** All bytes so far were bad; they will come again. */
  discarded(bytes: number): void;
}

/** Where the beginning of a blob waits for its rest. Not Python's `.incomplete`: two programs would write into one file. */
export function partialPath(blob: string): string {
  return `${blob}.handheld-partial`;
}

// Of a write and of a step of the hash.
const batchBytes = 1 << 20;

/**
 * Fetches a file into `blob`.
 *
 * @throws HubError `checksum` when the content is not what the listing promised (the partial file is removed then), `space`,
 *   or as readFrom does; the partial file stays in all other cases
 */
export async function fetchBlob(
  client: HubClient,
  remote: RemoteFile,
  wanted: HubFile,
  blob: string,
  ranges: RangeOptions,
  watcher: BlobWatcher,
): Promise<void> {
  const partial = partialPath(blob);
  // A partial file may be damaged (power went before its bytes were down): the second try starts from nothing.
  for (;;) {
    const { ok, resumedBytes, got } = await fill(client, remote, wanted, partial, ranges, watcher);
    if (ok) break;
    await rm(partial, { force: true });
    watcher.discarded(wanted.sizeBytes);
    if (resumedBytes === 0) throw mismatch(remote, wanted, got);
  }
  await rename(partial, blob).catch((cause) => {
    throw ioError("write", blob, cause);
  });
}

async function fill(
  client: HubClient,
  remote: RemoteFile,
  wanted: HubFile,
  partial: string,
  ranges: RangeOptions,
  watcher: BlobWatcher,
): Promise<{ ok: boolean; resumedBytes: number; got: string }> {
  const hash = startHash(wanted);
  const file = await openPartial(partial);
  try {
    const resumedBytes = await takeUp(file, partial, wanted.sizeBytes, hash, client.signal);
    watcher.resumed(resumedBytes);
    const writer = new BatchWriter(file, partial, resumedBytes, hash);
    try {
      for await (const chunk of readFrom(client, remote, resumedBytes, ranges)) {
        await writer.write(chunk);
        watcher.arrived(chunk.byteLength);
      }
    } finally {
      await writer.flush();
    }
    const got = hash.digest("hex");
    const ok = got === wanted.hash;
    if (ok) await file.sync().catch((cause) => raise(partial, cause));
    return { ok, resumedBytes, got };
  } finally {
    await file.close();
  }
}

/** Hashes what is there of a file, and returns its length; more than all is nothing. */
async function takeUp(
  file: FileHandle,
  path: string,
  sizeBytes: number,
  hash: Hash,
  signal: AbortSignal,
): Promise<number> {
  try {
    const { size } = await file.stat();
    if (size > sizeBytes) {
      await file.truncate(0);
      return 0;
    }
    const buffer = new Uint8Array(Math.min(size, batchBytes));
    for (let at = 0; at < size; ) {
      if (signal.aborted) throw new HandheldError("aborted", "stopped");
      const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.byteLength, size - at), at);
      if (bytesRead === 0) throw new Error("it became shorter while it was read");
      hash.update(buffer.subarray(0, bytesRead));
      at += bytesRead;
    }
    return size;
  } catch (cause) {
    throw ioError("read", path, cause);
  }
}

// Hashes and writes in large steps; while one is written, the next is gathered in the other of two buffers.
class BatchWriter {
  private readonly file: FileHandle;
  private readonly path: string;
  private readonly hash: Hash;
  private position: number;
  private batch = new Uint8Array(batchBytes);
  private spare = new Uint8Array(batchBytes);
  private bytes = 0;
  private pending: Promise<void> = Promise.resolve();
  private failure: unknown = null;

  constructor(file: FileHandle, path: string, position: number, hash: Hash) {
    this.file = file;
    this.path = path;
    this.position = position;
    this.hash = hash;
  }

  async write(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.byteLength; ) {
      const part = chunk.subarray(at, at + batchBytes - this.bytes);
      this.batch.set(part, this.bytes);
      this.bytes += part.byteLength;
      at += part.byteLength;
      if (this.bytes === batchBytes) await this.step();
    }
  }

  /** Waits until all is written. @throws HubError `space`, HandheldError `io` */
  async flush(): Promise<void> {
    await this.step();
    await this.step();
  }

  private async step(): Promise<void> {
    const { batch, bytes, position } = this;
    this.hash.update(batch.subarray(0, bytes));
    await this.pending;
    if (this.failure) raise(this.path, this.failure);
    [this.batch, this.spare, this.bytes, this.position] = [this.spare, batch, 0, position + bytes];
    this.pending = writeAll(this.file, batch.subarray(0, bytes), position).catch((cause) => {
      this.failure = cause;
    });
  }
}

// A write may be short where the disk is nearly full; the next one says why.
async function writeAll(file: FileHandle, batch: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < batch.byteLength; ) {
    const { bytesWritten } = await file.write(batch, at, batch.byteLength - at, position + at);
    if (bytesWritten === 0) throw Object.assign(new Error("nothing was written"), { code: "ENOSPC" });
    at += bytesWritten;
  }
}

function openPartial(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDWR | constants.O_CREAT, 0o644).catch((cause) => raise(path, cause));
}

function startHash({ hashKind, sizeBytes }: HubFile): Hash {
  return hashKind === "sha256" ? createHash("sha256") : createHash("sha1").update(`blob ${sizeBytes}\0`);
}

function raise(path: string, cause: unknown): never {
  const error = ioError("write", path, cause);
  const { code } = cause as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EDQUOT") throw new HubError("space", error.message, { cause });
  throw error;
}

function mismatch({ subject }: RemoteFile, { hash, hashKind }: HubFile, got: string): HubError {
  const { repo, file } = subject;
  const advice = "it was removed; pull again, and if that does not help, the server's copy is damaged";
  return new HubError("checksum", `${repo}: ${file} has ${hashKind} ${got}, ${hash} was promised; ${advice}`);
}
