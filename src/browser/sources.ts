// Model directories of a page: behind a URL, as File objects, as a directory handle. And what every file goes through on
// its way in: progress is told, and its hash is compared with the one it must have.
import { HandheldError } from "../errors.ts";
import type { FileSource, IncomingFile } from "../source.ts";
import type { ProgressMeter } from "./progress.ts";
import { Sha256 } from "./sha256.ts";

/** The files below a folder's URL. Past the HTTP cache: weights are kept once, in ./cache.ts, or not at all. */
export function urlSource(folder: string, signal: AbortSignal): FileSource {
  const base = new URL(folder);
  if (!base.pathname.endsWith("/")) base.pathname += "/";
  return {
    name: withoutSlash(folder),
    async open(file) {
      const { href: url } = Object.assign(new URL(file, base), { search: base.search });
      const response = await fetch(url, { signal, cache: "no-store" }).catch((cause) => {
        throw readError(url, cause, signal);
      });
      if (isMissing(response)) {
        await response.body?.cancel();
        return null;
      }
      if (!response.ok) throw new HandheldError("io", `cannot read ${url}: HTTP ${response.status}`);
      return { sizeBytes: sizeOf(response), chunks: streamChunks(response.body!, url, signal) };
    },
  };
}

/** A URL as a page means it: relative to its document. */
export function absoluteUrl(url: string | URL): string {
  return new URL(url, globalThis.document?.baseURI ?? location.href).href;
}

/** A folder's URL as messages and the cache name it. */
export function withoutSlash(folder: string): string {
  return folder.replace(/\/+$/, "");
}

/** The files that a user chose: those of the folder with config.json nearest to the top. */
export function filesSource(files: readonly File[], signal: AbortSignal): FileSource {
  const paths = new Map(files.map((file) => [file.webkitRelativePath || file.name, file]));
  const configs = [...paths.keys()].filter((path) => /(^|\/)config\.json$/.test(path));
  const depth = (path: string) => path.split("/").length;
  const config = configs.sort((a, b) => depth(a) - depth(b))[0] ?? "config.json";
  const folder = config.slice(0, -"config.json".length);
  const name = folder.slice(0, -1) || "the chosen files";
  return { name, open: async (file) => openBlob(paths.get(folder + file) ?? null, `${name}/${file}`, signal) };
}

/** The files of a folder that a user opened. */
export function handleSource(handle: FileSystemDirectoryHandle, signal: AbortSignal): FileSource {
  const find = async (file: string): Promise<File | null> => {
    try {
      return await (await handle.getFileHandle(file)).getFile();
    } catch (cause) {
      if ((cause as Error).name === "NotFoundError") return null;
      throw readError(`${handle.name}/${file}`, cause, signal);
    }
  };
  return { name: handle.name, open: async (file) => openBlob(await find(file), `${handle.name}/${file}`, signal) };
}

/** A source whose files tell the meter how they come along. */
export function measured(source: FileSource, meter: ProgressMeter): FileSource {
  return through(source, (file, { sizeBytes, chunks }) => meter.follow(file, sizeBytes, chunks));
}

/** A source whose files must have the given hashes. @throws HandheldError `invalid-file` at the end of one that has not */
export function verified(source: FileSource, sha256: Readonly<Record<string, string>>): FileSource {
  return through(source, (file, { chunks }) => {
    const wanted = Object.hasOwn(sha256, file) ? sha256[file]! : null;
    return wanted === null ? chunks : verifiedChunks(chunks, wanted.toLowerCase(), `${source.name}/${file}`);
  });
}

/** A source whose chunks pass through `change`. */
export function through(
  source: FileSource,
  change: (file: string, incoming: IncomingFile) => AsyncIterable<Uint8Array>,
): FileSource {
  return {
    name: source.name,
    async open(file) {
      const incoming = await source.open(file);
      return incoming === null ? null : { ...incoming, chunks: change(file, incoming) };
    },
  };
}

/** An error of reading `path`: aborted when `signal` says so, else `io` with the browser's reason. */
export function readError(path: string, cause: unknown, signal: AbortSignal): HandheldError {
  if (cause instanceof HandheldError) return cause;
  if (signal.aborted) return new HandheldError("aborted", "stopped", { cause });
  return new HandheldError("io", `cannot read ${path}: ${(cause as Error).message}`, { cause });
}

async function* verifiedChunks(
  chunks: AsyncIterable<Uint8Array>,
  wanted: string,
  path: string,
): AsyncGenerator<Uint8Array> {
  const hash = new Sha256();
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
  const got = hash.digest();
  if (got !== wanted) {
    throw new HandheldError("invalid-file", `${path}: sha256 is ${got}, ${wanted} was expected; not the file you mean`);
  }
}

function openBlob(blob: Blob | null, path: string, signal: AbortSignal): IncomingFile | null {
  return blob && { sizeBytes: blob.size, chunks: streamChunks(blob.stream(), path, signal) };
}

async function* streamChunks(
  stream: ReadableStream<Uint8Array>,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (;;) {
      if (signal.aborted) throw readError(path, signal.reason, signal);
      const { done, value } = await reader.read().catch((cause) => {
        throw readError(path, cause, signal);
      });
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

// Development servers answer what is not there with their start page.
function isMissing(response: Response): boolean {
  return [404, 410].includes(response.status) || /^text\/html/.test(response.headers.get("content-type") ?? "");
}

// A compressed body is longer than its Content-Length; across origins the page cannot see whether it is compressed.
function sizeOf(response: Response): number | null {
  const length = response.headers.get("content-length");
  const known = response.type === "basic" && !response.headers.has("content-encoding") && length !== null;
  return known ? Number(length) : null;
}
