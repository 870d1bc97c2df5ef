// Loads a model inside the engine: from files of the page, from the cache, or from the network and into the cache.
import type { ErrorCode, HandheldError } from "../errors.ts";
import type { FunctionSchema } from "../functions/types.ts";
import { isCallModel, loadCallModel } from "../generate/call-model.ts";
import type { Caller } from "../generate/calls.ts";
import type { Backend } from "../kernels/backend.ts";
import { type LoadedModel, type LoadOptions, loadModel } from "../model/load.ts";
import type { FileSource } from "../source.ts";
import { type CacheRecord, ModelCache } from "./cache.ts";
import { ProgressMeter } from "./progress.ts";
import type { EngineOptions, LoadProgress, ModelInfo, ModelLocation } from "./protocol.ts";
import { filesSource, handleSource, measured, urlSource, verified } from "./sources.ts";

/** What is needed to load. */
export interface Loading {
  backend: Backend;
  from: ModelLocation;
  options: EngineOptions;
  signal: AbortSignal;
  report: (progress: LoadProgress) => void;
}

/** A model, its answers to queries where it was made for calls, and where it came from. */
export interface Loaded extends Pick<ModelInfo, "from" | "cached" | "cacheProblem"> {
  model: LoadedModel;
  caller: Caller | null;
  functions: readonly FunctionSchema[] | null;
}

type Model = Pick<Loaded, "model" | "caller" | "functions">;

/** @throws HandheldError as `loadModel` of ./model.ts */
export async function load(loading: Loading): Promise<Loaded> {
  const { from, signal } = loading;
  if (typeof from === "string") return loadFromUrl(loading, from);
  const source = isHandle(from) ? handleSource(from, signal) : filesSource(from, signal);
  return { ...(await loadFromSource(loading, source, "file")), from: "file", cached: false, cacheProblem: null };
}

async function loadFromUrl(loading: Loading, url: string): Promise<Loaded> {
  const mode = loading.options.cache ?? "force-cache";
  const cache = mode === "no-store" ? null : await ModelCache.open(url).catch((error: Error) => error);
  if (cache === null) return loadFromNetwork(loading, url, null);
  if (cache instanceof Error) return loadFromNetwork(loading, url, `the browser keeps no files here: ${cache.message}`);
  const found = mode === "reload" ? null : await cache.locked("shared", (free) => loadFromCache(loading, cache, free));
  if (found !== null && typeof found !== "string") return found;
  return cache.locked("exclusive", (free) =>
    free
      ? loadIntoCache(loading, url, cache, found)
      : loadFromNetwork(loading, url, "another page is loading the same model"),
  );
}

// The model, null when it is not there, or what is wrong with the copy that is.
async function loadFromCache(loading: Loading, cache: ModelCache, free: boolean): Promise<Loaded | string | null> {
  const record = free ? await cache.record() : null;
  if (record === null || !hasHashes(record, loading.options.sha256)) return null;
  try {
    const source = cache.stored(record, loading.signal);
    return { ...(await loadFromSource(loading, source, "cache")), from: "cache", cached: true, cacheProblem: null };
  } catch (error) {
    const unusable: (ErrorCode | undefined)[] = ["invalid-file", "io"];
    if (unusable.includes((error as HandheldError).code)) return (error as Error).message;
    throw error;
  }
}

async function loadIntoCache(
  loading: Loading,
  url: string,
  cache: ModelCache,
  problem: string | null,
): Promise<Loaded> {
  const storing = await cache.storing(urlSource(url, loading.signal)).catch((error: Error) => error);
  if (storing instanceof Error) {
    return loadFromNetwork(loading, url, `the browser could not keep it: ${storing.message}`);
  }
  try {
    const model = await loadFromSource(loading, storing, "network").catch((error) => {
      throw withCacheProblem(error, problem);
    });
    const cached = await storing.commit();
    if (!cached) await forget(cache);
    return { ...model, from: "network", cached, cacheProblem: storing.problem ?? problem };
  } catch (error) {
    await forget(cache);
    throw error;
  }
}

// Files that cannot be removed are nothing without their record.
function forget(cache: ModelCache): Promise<void> {
  return cache.clear().catch(() => {});
}

async function loadFromNetwork(loading: Loading, url: string, cacheProblem: string | null): Promise<Loaded> {
  const model = await loadFromSource(loading, urlSource(url, loading.signal), "network");
  return { ...model, from: "network", cached: false, cacheProblem };
}

async function loadFromSource(loading: Loading, source: FileSource, from: LoadProgress["from"]): Promise<Model> {
  const { backend, options, signal, report } = loading;
  const files = measured(verified(source, options.sha256 ?? {}), new ProgressMeter(from, report));
  const limits: LoadOptions = {
    maxContext: options.maxContext,
    preflight: { limitBytes: options.memoryLimitBytes ?? deviceLimitBytes() },
  };
  signal.throwIfAborted();
  if (!(await isCallModel(files))) {
    return { model: await loadModel(backend, files, limits), caller: null, functions: null };
  }
  const { model, caller, functions } = await loadCallModel(backend, files, limits);
  return { model, caller, functions };
}

function hasHashes({ files }: CacheRecord, wanted: EngineOptions["sha256"] = {}): boolean {
  return Object.entries(wanted).every(([file, hash]) => files[file]?.sha256 === hash.toLowerCase());
}

function withCacheProblem(error: unknown, problem: string | null): unknown {
  if (problem !== null && error instanceof Error) error.message = `${problem}; fetching it again: ${error.message}`;
  return error;
}

// Browsers tell memory in powers of two of GiB, and some not at all. A tab that takes more than half may be ended.
function deviceLimitBytes(): number {
  const { deviceMemory = 8 } = navigator as { deviceMemory?: number };
  return Math.min(2 ** 32, (deviceMemory * 2 ** 30) / 2);
}

function isHandle(from: ModelLocation): from is FileSystemDirectoryHandle {
  return typeof from === "object" && "kind" in from;
}
