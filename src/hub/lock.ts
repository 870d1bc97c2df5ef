// One pull of a repository at a time: a lock file that its owner touches now and then. Who finds it untouched for a while, or
// its owner gone, takes over. It saves traffic; that files come out right rests on their hashes and not on the lock.
import { type FileHandle, open, readFile, rm, stat, utimes } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { HandheldError, ioError } from "../errors.ts";
import { makeFolder } from "../io.ts";

interface Owner {
  pid: number;
  host: string;
  token: string;
}

/** Times of a lock in milliseconds. */
export interface LockTimes {
  /** Between two touches. */
  touchMs: number;
  /** Untouched for so long, it is abandoned. */
  abandonedMs: number;
  /** Between two looks of those who wait. */
  lookMs: number;
}

const defaultTimes: LockTimes = { touchMs: 2000, abandonedMs: 20_000, lookMs: 200 };

/**
 * Does `work` while nobody else holds the lock at `path`.
 *
 * @throws HandheldError `aborted` while waiting, `io` when the lock cannot be made, and what `work` throws
 */
export async function withLock<T>(
  path: string,
  { signal, onWait, times = defaultTimes }: { signal: AbortSignal; onWait: () => void; times?: LockTimes | undefined },
  work: () => Promise<T>,
): Promise<T> {
  await makeFolder(dirname(path));
  const token = await acquire(path, signal, onWait, times);
  const touch = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => {});
  }, times.touchMs);
  try {
    return await work();
  } finally {
    clearInterval(touch);
    if ((await ownerOf(path))?.token === token) await rm(path, { force: true });
  }
}

async function acquire(path: string, signal: AbortSignal, onWait: () => void, times: LockTimes): Promise<string> {
  const own: Owner = { pid: process.pid, host: hostname(), token: Math.random().toString(36).slice(2) };
  let seen = { touched: -1, at: 0 };
  let told = false;
  for (;;) {
    if (await create(path, own)) return own.token;
    const touched = await stat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => null,
    );
    if (touched === null) continue; // released just now
    // The file's clock may be another machine's: only how long it stands still is judged, by our own.
    if (touched !== seen.touched) seen = { touched, at: performance.now() };
    if (performance.now() - seen.at > times.abandonedMs || isGone(await ownerOf(path), own)) {
      await rm(path, { force: true });
      continue;
    }
    if (!told) onWait();
    told = true;
    if (signal.aborted) throw new HandheldError("aborted", "stopped");
    await new Promise((resolve) => setTimeout(resolve, times.lookMs));
  }
}

async function create(path: string, owner: Owner): Promise<boolean> {
  let file: FileHandle;
  try {
    file = await open(path, "wx");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw ioError("write", path, cause);
  }
  try {
    await file.writeFile(JSON.stringify(owner));
  } finally {
    await file.close();
  }
  return true;
}

// Null while its owner is still writing it.
async function ownerOf(path: string): Promise<Owner | null> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as Owner;
  } catch {
    return null;
  }
}

function isGone(owner: Owner | null, own: Owner): boolean {
  if (owner === null || owner.host !== own.host) return false;
  try {
    process.kill(owner.pid, 0);
    return false;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === "ESRCH";
  }
}
