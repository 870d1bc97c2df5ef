// What a page and its engine (a Web Worker) say to each other, and errors in a form that survives the way.
import { ContextOverflowError, type ErrorCode, HandheldError } from "../errors.ts";
import type { FunctionSchema } from "../functions/types.ts";
import type { CallResult } from "../generate/calls.ts";
import type { GenerateEvent, GenerateOptions } from "../generate/generate.ts";
import type { SimdLevel } from "../kernels/backend.ts";
import type { WeightFormat } from "../model/weights.ts";
import type { Spec } from "../spec/spec.ts";

/** Where a model's files are: a folder's URL, the files a user chose, or a folder a user opened. */
export type ModelLocation = string | readonly File[] | FileSystemDirectoryHandle;

/** How the engine runs and loads. All of it can be sent to a worker. */
export interface EngineOptions {
  /** Threads, the engine's own included. Default: the device's cores, at most 8; always 1 on a page that is not isolated. */
  threads?: number | undefined;
  /** Use this SIMD level instead of the best one found. */
  simd?: SimdLevel | undefined;
  /** Longest sequence at most, in tokens; less than the model's own context saves memory. */
  maxContext?: number | undefined;
  /** Most bytes that weights, cache and buffers may take. Default: 4 GiB, or half of `navigator.deviceMemory` if less. */
  memoryLimitBytes?: number | undefined;
  /**
   * Files of a URL are kept and read from there next time (`force-cache`, the default), fetched anew and kept
   * (`reload`), or fetched and not kept (`no-store`): the words of fetch().
   */
  cache?: "force-cache" | "reload" | "no-store" | undefined;
  /** Hashes, as 64 hexadecimal digits, that files must have: `{ "model.safetensors": "9f86…" }`. */
  sha256?: Readonly<Record<string, string>> | undefined;
}

/** A step of loading. */
export interface LoadProgress {
  /** The file that is being read. */
  file: string;
  /** Where it comes from. */
  from: "network" | "cache" | "file";
  loadedBytes: number;
  /** Null where a server does not say. */
  totalBytes: number | null;
  bytesPerSecond: number;
  /** Time left for this file, by the speed so far; null until that can be known. */
  remainingMs: number | null;
}

/** What was loaded, and how it runs. */
export interface ModelInfo {
  /** The folder's URL or name. */
  name: string;
  spec: Spec;
  format: WeightFormat;
  /** The functions of a call model; null for other models. */
  functions: readonly FunctionSchema[] | null;
  simd: SimdLevel;
  threads: number;
  /** Why there is one thread where the device has more cores; null otherwise. */
  oneThreadBecause: string | null;
  /** Memory of weights, buffers and one session over the whole context, in bytes. */
  memoryBytes: number;
  loadMs: number;
  /** Where the files came from. */
  from: LoadProgress["from"];
  /** Whether they will come from the cache next time. */
  cached: boolean;
  /** Why they will not, or why the copy that was there could not be used; null when all is well. */
  cacheProblem: string | null;
}

/** Options of generating text, as `generate` of handheld/generate has them, but for what cannot be sent to a worker. */
export type TextOptions = Omit<GenerateOptions, "signal" | "constraint" | "session">;

/** Page → engine. `abort` ends the request of that id. */
export type Request =
  | { type: "load"; id: number; from: ModelLocation; options: EngineOptions }
  | { type: "generate"; id: number; prompt: string | readonly number[]; options: TextOptions }
  | { type: "call"; id: number; query: string }
  | { type: "abort"; id: number };

/** Engine → page. */
export type Reply =
  | { type: "event"; id: number; event: LoadProgress | GenerateEvent }
  | { type: "done"; id: number; value: ModelInfo | CallResult | null }
  | { type: "error"; id: number; error: PlainError };

/** An error as data. `code` is null for a bug. */
export interface PlainError {
  code: ErrorCode | null;
  message: string;
  stack: string | undefined;
  overflow: { needed: number; context: number } | null;
}

/** An error as data that can be sent. */
export function toPlainError(error: unknown): PlainError {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  const overflow = error instanceof ContextOverflowError ? { needed: error.needed, context: error.context } : null;
  return { code: error instanceof HandheldError ? error.code : null, message, stack, overflow };
}

/** The error that was sent: typed as it was thrown. */
export function fromPlainError({ code, message, stack, overflow }: PlainError): Error {
  const error = code === null ? new Error(message) : new HandheldError(code, message);
  const typed = overflow === null ? error : new ContextOverflowError(overflow.needed, overflow.context);
  typed.message = message;
  return Object.assign(typed, stack === undefined ? {} : { stack });
}
