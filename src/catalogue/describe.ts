// What a model costs this engine on a machine: weights, size as int4, KV cache, and whether memory can hold it. From the
// architecture alone; no weights are read.
import { HandheldError } from "../errors.ts";
import { detectSimd } from "../kernels/index.ts";
import { activationBytes, kvBytes, sampleBytes } from "../kernels/wasm/layout.ts";
import { fromHfConfig } from "../model/families/index.ts";
import { memoryNeed, wasmMemoryBytes } from "../model/preflight.ts";
import { countParameters, kvBytesPerToken, modelBytes } from "../spec/arithmetic.ts";
import type { Spec } from "../spec/spec.ts";
import type { CatalogueModel } from "./types.ts";

/** Where a model would run, and how long a sequence it must hold. */
export interface Place {
  /** Memory of the machine; null where it is not known. */
  memoryBytes: number | null;
  /** Tokens of the KV cache. Default 2,048, the survey's measure, or the model's context where that is shorter. */
  tokens?: number | undefined;
}

/** What a model takes. Null where the engine does not know the architecture. */
export interface ModelCost {
  parameters: number | null;
  /** Weights as int4. */
  int4Bytes: number | null;
  /** Keys and values of one token, int8. */
  kvBytesPerToken: number | null;
  /** int4 weights, the cache of {@link Place.tokens} and the buffers of a pass. */
  neededBytes: number | null;
  /** Tokens of the cache in {@link neededBytes}. */
  tokens: number | null;
  fits: boolean | null;
  /** Why there are nulls. */
  reason: string | null;
}

/** A catalogue entry with its costs. */
export interface DescribedModel extends Omit<CatalogueModel, "config">, ModelCost {
  /** model_type of its config. */
  family: string | null;
}

/** The costs of an architecture. */
export function costOf(spec: Spec, { memoryBytes, tokens = 2048 }: Place): ModelCost {
  const simd = detectSimd();
  const sizes = { kvBytes, sampleBytes, activationBytes: (N: number, K: number) => activationBytes(N, K, simd) };
  const cached = Math.min(tokens, spec.context);
  const needed = memoryNeed(sizes, spec, "int4", cached).totalBytes;
  return {
    parameters: countParameters(spec).total,
    int4Bytes: modelBytes(spec, "int4"),
    kvBytesPerToken: kvBytesPerToken(spec),
    neededBytes: needed,
    tokens: cached,
    fits: needed <= Math.min(wasmMemoryBytes, memoryBytes ?? Infinity),
    reason: null,
  };
}

/** The costs of a parsed config.json, or the reason why there are none; `where` names it there. */
export function costOfConfig(config: unknown, place: Place, where: string): ModelCost & { spec: Spec | null } {
  try {
    const spec = fromHfConfig(config, where);
    return { ...costOf(spec, place), spec };
  } catch (error) {
    if (error instanceof HandheldError && (error.code === "unsupported" || error.code === "invalid-spec")) {
      return { ...noCost(error.message), spec: null };
    }
    throw error;
  }
}

/** Nothing known, and why. */
export function noCost(reason: string): ModelCost {
  const unknown = { parameters: null, int4Bytes: null, kvBytesPerToken: null, neededBytes: null, tokens: null };
  return { ...unknown, fits: null, reason };
}

/** A catalogue entry with its costs. Its number of weights is the published one where there is one. */
export function describeModel({ config, ...facts }: CatalogueModel, place: Place): DescribedModel {
  if (config === null) return { ...facts, ...noCost("no config.json is known"), family: null };
  const { spec: _, ...cost } = costOfConfig(config, place, facts.name);
  const parameters = facts.publishedParameters ?? cost.parameters;
  return { ...facts, ...cost, parameters, family: config.model_type };
}
