// A model from a hub into the cache: list, choose, fetch what is missing, check, link. Stopped at any point it leaves the
// cache whole, and the next pull goes on.
import { dirname } from "node:path";
import { makeFolder } from "../io.ts";
import { fetchBlob, partialPath } from "./blob.ts";
import { type CachedFile, checkSpace, type LinkKind, RepositoryCache, sizeOf } from "./cache.ts";
import { HubError } from "./errors.ts";
import { HubClient, type Retry } from "./http.ts";
import { type HubFile, listRepository, subjectOf } from "./listing.ts";
import { type LockTimes, withLock } from "./lock.ts";
import { PullMeter, type PullProgress } from "./progress.ts";
import { formatReference, type HubReference, parseReference, pathPrefix } from "./reference.ts";
import { matchesOf, matchingFiles, modelFilesOf } from "./select.ts";
import { type HubOptions, hubSettings } from "./settings.ts";
import { Slots } from "./slots.ts";

/** What a pull tells while it runs. */
export type PullEvent =
  /** The files that it will have, and how much of them is there already (whole files). */
  | { type: "listed"; commit: string; files: readonly HubFile[]; totalBytes: number; cachedBytes: number }
  /** Another process is pulling the same model; it goes on when that is done. */
  | { type: "waiting" }
  | ({ type: "progress" } & PullProgress)
  | ({ type: "retry" } & Retry)
  /** A file is in place. `resumedBytes` were there from an attempt before. */
  | { type: "file"; name: string; sizeBytes: number; cached: boolean; resumedBytes: number };

/** How to pull. */
export interface PullOptions extends HubOptions {
  signal?: AbortSignal | undefined;
  onEvent?: ((event: PullEvent) => void) | undefined;
  /** Files at once. Default 4. */
  files?: number;
  /** Connections at once, over all files. Default 4. */
  connections?: number;
  /** Files above this size come in ranges of it over several connections. Default 32 MiB. */
  pieceBytes?: number;
  /** Ways to link a snapshot to its blobs, best first. Default: symbolic link, hard link, copy. */
  links?: readonly LinkKind[];
  lockTimes?: LockTimes | undefined;
  /** Chooses among all files of the repository, instead of the reference's `file`. */
  choose?: (<T extends CachedFile>(files: readonly T[]) => T[]) | undefined;
}

/** A model in the cache. */
export interface PulledModel {
  repo: string;
  revision: string;
  commit: string;
  /** The model directory. */
  dir: string;
  /** Paths in the repository and on disk. */
  files: { name: string; path: string; sizeBytes: number }[];
  /** Bytes that came over the network. */
  receivedBytes: number;
}

/**
 * Pulls a model, or the files that the reference names. Offline it finds them in the cache.
 *
 * @example
 * ```ts
 * const { dir } = await pullModel("org/name@main", { onEvent: (event) => console.log(event) });
 * ```
 * @throws HubError with a reason, HandheldError `io`, `invalid-option` or `aborted`
 */
export async function pullModel(reference: string | HubReference, options: PullOptions = {}): Promise<PulledModel> {
  const wanted = typeof reference === "string" ? parseReference(reference) : reference;
  const settings = hubSettings(options);
  if (settings.offline) return findCached(wanted, options);
  const cache = new RepositoryCache(settings.cacheDir, wanted, options.links);
  const tell = options.onEvent ?? (() => {});
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const client = new HubClient(settings, { signal, onRetry: (retry) => tell({ type: "retry", ...retry }) });
  try {
    const { repo, revision, file } = wanted;
    const { choose } = options;
    const { commit, files: all } = await listRepository(client, wanted, file !== null || choose !== undefined);
    const files = choose ? choose(all) : file === null ? modelFilesOf(repo, all) : matchingFiles(repo, all, file);
    const job: Job = { client, cache, wanted, commit, files, options, tell, stop: () => stop.abort() };
    const lock = { signal, onWait: () => tell({ type: "waiting" }), times: options.lockTimes };
    const receivedBytes = await withLock(cache.lockPath, lock, () => fetchMissing(job));
    await cache.setCommit(revision, commit);
    return pulled(wanted, cache, commit, files, receivedBytes);
  } finally {
    stop.abort();
  }
}

/**
 * A model, or the files that the reference names, in the cache alone.
 *
 * @throws HubError `not-cached` when it is not there, or not whole
 */
export async function findCached(
  reference: string | HubReference,
  options: HubOptions & Pick<PullOptions, "choose"> = {},
): Promise<PulledModel> {
  const wanted = typeof reference === "string" ? parseReference(reference) : reference;
  const { repo, revision, file } = wanted;
  const cache = new RepositoryCache(hubSettings(options).cacheDir, wanted);
  const fail = (reason: string): HubError => {
    const advice = `pull it while online: handheld pull ${formatReference(wanted).slice("hub:".length)}`;
    return new HubError("not-cached", `${repo}: ${reason} in the cache (${cache.folder}); ${advice}`);
  };
  const commit = await cache.commitOf(revision);
  const found = commit === null ? [] : await cache.filesOf(commit);
  if (commit === null || found.length === 0) throw fail(`revision ${revision} is not`);
  if (options.choose) return pulled(wanted, cache, commit, options.choose(found), 0);
  if (file !== null) {
    const matching = matchesOf(found, file);
    if (matching.length === 0) throw fail(`no file ${file} of revision ${revision} is`);
    return pulled(wanted, cache, commit, matching, 0);
  }
  const missing = await cache.missingOf(commit);
  if (missing.length > 0) throw fail(`${missing.slice(0, 3).join(", ")} of revision ${revision} is not`);
  return pulled(wanted, cache, commit, found, 0);
}

/** All that the steps of one pull share. */
interface Job {
  client: HubClient;
  cache: RepositoryCache;
  wanted: HubReference;
  commit: string;
  files: readonly HubFile[];
  options: PullOptions;
  tell: (event: PullEvent) => void;
  /** Ends all requests. */
  stop: () => void;
}

/** Fetches what the cache lacks and links all files. Returns the bytes that came over the network. */
async function fetchMissing(job: Job): Promise<number> {
  const { cache, commit, files, options, tell } = job;
  await makeFolder(dirname(cache.blobPath("x")));
  const missing = new Map<string, HubFile>(); // by hash: files of the same content come once
  for (const file of files) {
    if (!(await cache.has(commit, file))) missing.set(file.hash, file);
  }
  const present = files.filter(({ hash }) => !missing.has(hash));
  const cachedBytes = bytesOf(present);
  const totalBytes = cachedBytes + bytesOf([...missing.values()]);
  tell({ type: "listed", commit, files, totalBytes, cachedBytes });
  await checkSpace(cache.folder, await remainingBytes(cache, [...missing.values()]));
  const meter = new PullMeter(totalBytes, (progress) => tell({ type: "progress", ...progress }));
  meter.found(cachedBytes);
  for (const file of present) await finish(job, file, { cached: true, resumedBytes: 0 });
  const slots = new Slots(options.connections ?? 4);
  await inParallel([...missing.values()], options.files ?? 4, job.stop, async (blob) => {
    const resumedBytes = await fetchOne(job, blob, slots, meter);
    for (const file of files) {
      if (file.hash === blob.hash) await finish(job, file, { cached: false, resumedBytes });
    }
  });
  return meter.receivedBytes;
}

/** Fetches a blob; returns how much of it was there already. */
async function fetchOne(job: Job, file: HubFile, slots: Slots, meter: PullMeter): Promise<number> {
  const { client, cache, wanted, commit, options } = job;
  const path = file.name.split("/").map(encodeURIComponent).join("/");
  const url = `${client.endpoint}/${pathPrefix(wanted)}${wanted.repo}/resolve/${commit}/${path}`;
  const subject = { ...subjectOf(client, wanted), file: file.name };
  let resumedBytes = 0;
  await fetchBlob(
    client,
    { url, sizeBytes: file.sizeBytes, subject },
    file,
    cache.blobPath(file.hash),
    { slots, pieceBytes: options.pieceBytes ?? 32 << 20 },
    {
      resumed: (bytes) => {
        resumedBytes = bytes;
        meter.found(bytes);
      },
      arrived: (bytes) => meter.arrived(bytes),
      discarded: (bytes) => meter.found(-bytes),
    },
  );
  return resumedBytes;
}

async function finish(job: Job, file: HubFile, how: { cached: boolean; resumedBytes: number }): Promise<void> {
  await job.cache.place(job.commit, file);
  job.tell({ type: "file", name: file.name, sizeBytes: file.sizeBytes, ...how });
}

async function remainingBytes(cache: RepositoryCache, files: readonly HubFile[]): Promise<number> {
  let bytes = 0;
  for (const { hash, sizeBytes } of files) {
    const partial = (await sizeOf(partialPath(cache.blobPath(hash)))) ?? 0;
    bytes += sizeBytes - Math.min(sizeBytes, partial);
  }
  return bytes;
}

/** Works on so many items at once. The first failure ends the others and is thrown when they have ended. */
async function inParallel<T>(
  items: readonly T[],
  atOnce: number,
  stop: () => void,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  let failure: { error: unknown } | null = null;
  const worker = async () => {
    for (const item of queue) {
      try {
        await work(item);
      } catch (error) {
        failure ??= { error };
        stop();
      }
      if (failure) return;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  if (failure) throw (failure as { error: unknown }).error;
}

function pulled(
  { repo, revision }: HubReference,
  cache: RepositoryCache,
  commit: string,
  files: readonly CachedFile[],
  receivedBytes: number,
): PulledModel {
  const placed = files.map(({ name, sizeBytes }) => ({ name, path: cache.filePath(commit, name), sizeBytes }));
  return { repo, revision, commit, dir: cache.snapshotPath(commit), files: placed, receivedBytes };
}

function bytesOf(files: readonly CachedFile[]): number {
  return files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
