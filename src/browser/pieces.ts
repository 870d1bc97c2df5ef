// A file in the origin private file system, with its hash: of the whole, and of each piece of 4 MiB, so that reading can
// check a piece by the browser's own digest, beside the engine's thread, before it hands it out.
import { HandheldError } from "../errors.ts";
import { Sha256 } from "./sha256.ts";
import { readError } from "./sources.ts";

/** What is known of a stored file. Hashes are SHA-256 in hexadecimal. */
export interface StoredFile {
  sizeBytes: number;
  sha256: string;
  /** Of each 4 MiB, the last one shorter. */
  pieces: readonly string[];
}

const pieceBytes = 4 << 20;

// What TypeScript's DOM library leaves to that of workers.
interface SyncAccessHandle {
  write(bytes: Uint8Array, options: { at: number }): number;
  truncate(size: number): void;
  flush(): void;
  close(): void;
}

/** Writes a file piece by piece. Works in workers only. */
export class PieceWriter {
  private readonly handle: SyncAccessHandle;
  private readonly hash = new Sha256();
  private readonly pieces: Promise<string>[] = [];
  private readonly buffer = new Uint8Array(pieceBytes);
  private buffered = 0;
  private written = 0;

  private constructor(handle: SyncAccessHandle) {
    this.handle = handle;
  }

  /** Opens a file to be written from its beginning. @throws DOMException */
  static async create(folder: FileSystemDirectoryHandle, file: string): Promise<PieceWriter> {
    const handle = await openSync(folder, file);
    handle.truncate(0);
    return new PieceWriter(handle);
  }

  /** Appends bytes. @throws DOMException when the disk or the browser's quota is full */
  write(bytes: Uint8Array): void {
    this.hash.update(bytes);
    for (let at = 0; at < bytes.byteLength; ) {
      const part = bytes.subarray(at, at + pieceBytes - this.buffered);
      this.buffer.set(part, this.buffered);
      this.buffered += part.byteLength;
      at += part.byteLength;
      if (this.buffered === pieceBytes) this.flush();
    }
  }

  /** Ends the file. */
  async finish(): Promise<StoredFile> {
    if (this.buffered > 0) this.flush();
    this.handle.flush();
    return { sizeBytes: this.written, sha256: this.hash.digest(), pieces: await Promise.all(this.pieces) };
  }

  close(): void {
    this.handle.close();
  }

  private flush(): void {
    const piece = this.buffer.subarray(0, this.buffered);
    this.pieces.push(sha256(piece)); // it copies before it returns
    writeAll(this.handle, piece, this.written);
    this.written += this.buffered;
    this.buffered = 0;
  }
}

/** Writes a small file at once. Works in workers only. @throws DOMException */
export async function writeWhole(folder: FileSystemDirectoryHandle, file: string, bytes: Uint8Array): Promise<void> {
  const handle = await openSync(folder, file);
  try {
    handle.truncate(0);
    writeAll(handle, bytes, 0);
    handle.flush();
  } finally {
    handle.close();
  }
}

/** A stored file's bytes. @throws HandheldError `invalid-file` instead of handing out a piece that is not as recorded */
export async function* readPieces(
  blob: Blob,
  { sizeBytes, pieces }: StoredFile,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const damaged = () => new HandheldError("invalid-file", `${path}: the copy in the cache is damaged (sha256)`);
  if (blob.size !== sizeBytes || pieces.length !== Math.ceil(sizeBytes / pieceBytes)) throw damaged();
  const read = async (index: number): Promise<Uint8Array> => {
    const slice = blob.slice(index * pieceBytes, (index + 1) * pieceBytes);
    const bytes = new Uint8Array(await slice.arrayBuffer());
    if ((await sha256(bytes)) !== pieces[index]) throw damaged();
    return bytes;
  };
  const ahead = (index: number) => {
    const piece = index < pieces.length ? read(index) : null;
    piece?.catch(() => {}); // thrown when its turn comes
    return piece;
  };
  let next = ahead(0);
  for (let index = 0; next !== null; index++) {
    if (signal.aborted) throw readError(path, signal.reason, signal);
    const piece = await next.catch((cause) => {
      throw readError(path, cause, signal);
    });
    next = ahead(index + 1); // the disk and the digest go on while this piece is taken
    yield piece;
  }
}

async function openSync(folder: FileSystemDirectoryHandle, file: string): Promise<SyncAccessHandle> {
  const handle = await folder.getFileHandle(file, { create: true });
  return (handle as unknown as { createSyncAccessHandle(): Promise<SyncAccessHandle> }).createSyncAccessHandle();
}

function writeAll(handle: SyncAccessHandle, bytes: Uint8Array, position: number): void {
  for (let at = 0; at < bytes.byteLength; ) {
    const written = handle.write(bytes.subarray(at), { at: position + at });
    if (written === 0) throw new Error("no space left");
    at += written;
  }
}

async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
