// Whether a model fits, found out before its weights are fetched: the bytes it needs against a limit, then the memory
// itself, then one token through zeroed weights. In a browser what comes too late is a dead tab, not an error.
import { HandheldError } from "../errors.ts";
import { type Backend, kvPageTokens } from "../kernels/backend.ts";
import { modelBytes } from "../spec/arithmetic.ts";
import { layerShape, type Spec } from "../spec/spec.ts";
import { type Decoder, defaultChunk } from "./decoder.ts";
import { ropeKinds } from "./positions.ts";
import type { WeightFormat } from "./weights.ts";
import { workspaceBytes } from "./workspace.ts";

/** What must fit. */
export interface Preflight {
  /** Tokens of the KV cache that must fit beside the weights. Default: the model's context. */
  sessionTokens?: number | undefined;
  /** Most bytes the model may take. Default 4 GiB, all that one WebAssembly memory can hold. */
  limitBytes?: number | undefined;
}

/** Bytes that a model takes in a backend's memory. */
export interface MemoryNeed {
  weightsBytes: number;
  /** Keys and values (int8) of one session. */
  cacheBytes: number;
  /** Buffers of a forward pass and the RoPE table. */
  workspaceBytes: number;
  totalBytes: number;
}

/** All that one WebAssembly memory can hold. */
export const wasmMemoryBytes = 2 ** 32;

/** The memory that a decoder and one session of `sessionTokens` will take, from their sizes alone. */
export function memoryNeed(
  backend: Pick<Backend, "activationBytes" | "kvBytes" | "sampleBytes">,
  spec: Spec,
  format: WeightFormat,
  sessionTokens = spec.context,
): MemoryNeed {
  const pages = Math.ceil(sessionTokens / kvPageTokens);
  const weightsBytes = modelBytes(spec, format);
  let pageBytes = 0;
  for (let i = 0; i < spec.layers; i++) {
    pageBytes += 2 * spec.layerRepeat * backend.kvBytes(layerShape(spec, i).kvHeads, spec.headSize, "int8");
  }
  const cacheBytes = pages * pageBytes;
  const buffers = Object.values(workspaceBytes(backend, spec, Math.min(defaultChunk, spec.context)));
  const tables = 4 * ropeKinds(spec).length * spec.context * spec.headSize;
  const buffersBytes = buffers.reduce((sum, bytes) => sum + bytes, tables);
  return {
    weightsBytes,
    cacheBytes,
    workspaceBytes: buffersBytes,
    totalBytes: weightsBytes + cacheBytes + buffersBytes,
  };
}

/** @throws HandheldError `out-of-memory` that says what the model needs and what there is, when it cannot fit. */
export function checkMemory(
  backend: Backend,
  spec: Spec,
  format: WeightFormat,
  { sessionTokens, limitBytes = wasmMemoryBytes }: Preflight,
  where: string,
): void {
  const need = memoryNeed(backend, spec, format, sessionTokens);
  const limit = Math.min(limitBytes, wasmMemoryBytes);
  if (need.totalBytes <= limit) return;
  const parts = `weights ${megabytes(need.weightsBytes)}, KV cache ${megabytes(need.cacheBytes)}`;
  throw new HandheldError(
    "out-of-memory",
    `${where}: needs ${megabytes(need.totalBytes)} (${parts}) of the ${megabytes(limit)} allowed here; use a smaller model or a shorter context`,
  );
}

/**
 * Reserves a session and runs one token through the decoder, whose weights may still be zero: memory, kernels and
 * threads are then known to work.
 * @throws HandheldError `out-of-memory` or `kernel`
 */
export function tinyStep(decoder: Decoder, { sessionTokens = decoder.spec.context }: Preflight): void {
  const session = decoder.createSession({ capacity: sessionTokens });
  try {
    session.reserve(sessionTokens);
    session.append([0]);
  } finally {
    session.close();
  }
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6).toLocaleString("en")} MB`;
}
