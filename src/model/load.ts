// Loads a model directory into a backend, ready to run.
import { HandheldError } from "../errors.ts";
import type { Backend } from "../kernels/backend.ts";
import type { Spec } from "../spec/spec.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import { loadTokenizer } from "../tokenizer/tokenizer-file.ts";
import { Decoder } from "./decoder.ts";
import { modelFiles, readModelConfig } from "./directory.ts";
import type { NamedTensor } from "./initialize.ts";
import { tensorShapes } from "./layout.ts";
import { readFloats } from "./safetensors.ts";
import { openSafetensors, type SafetensorsFile } from "./safetensors-file.ts";
import { createWeights, type TensorPlace, type WeightFormat, type Weights } from "./weights.ts";

/** A model that can generate. */
export interface LoadedModel {
  dir: string;
  spec: Spec;
  format: WeightFormat;
  decoder: Decoder;
  tokenizer: Tokenizer;
  /** Tokens that end a text. */
  eosIds: ReadonlySet<number>;
  close(): void;
}

/**
 * Loads config.json, the tokenizer and the weights (float or our int4).
 * @throws HandheldError `io`, `invalid-file`, `invalid-spec`, `unsupported` or `out-of-memory`, naming the file.
 * @example
 * ```ts
 * const model = await loadModel(await createBackend(), "runs/calls/int4");
 * ```
 */
export async function loadModel(backend: Backend, dir: string): Promise<LoadedModel> {
  const tokenizer = await loadTokenizer(dir);
  const decoder = await loadDecoder(backend, dir);
  const { spec, weights } = decoder;
  if (tokenizer.size > spec.vocabulary) {
    decoder.close();
    throw new HandheldError(
      "invalid-file",
      `${dir}: the tokenizer has ${tokenizer.size} tokens, config.json vocab_size ${spec.vocabulary}; they belong to different models`,
    );
  }
  const eosIds = new Set(tokenizer.eosId === null ? [] : [tokenizer.eosId]);
  return { dir, spec, format: weights.format, decoder, tokenizer, eosIds, close: () => decoder.close() };
}

/** Options of {@link loadDecoder}. */
export interface LoadOptions {
  /** Longest sequence at least; beyond the context of config.json a model can be timed, but says nothing of use. */
  minContext?: number | undefined;
}

/** Loads the weights of a model directory alone. @throws as {@link loadModel} */
export async function loadDecoder(
  backend: Backend,
  dir: string,
  { minContext = 0 }: LoadOptions = {},
): Promise<Decoder> {
  const { spec, format } = await readModelConfig(dir);
  const file = await openSafetensors(`${dir}/${modelFiles.weights}`);
  let weights: Weights | null = null;
  try {
    weights = createWeights(backend, spec, format);
    for (const place of weights.places) await readTensor(backend, file, place, format, dir);
    return new Decoder(backend, { ...spec, context: Math.max(spec.context, minContext) }, weights);
  } catch (error) {
    weights?.free();
    throw error;
  } finally {
    await file.close();
  }
}

/** All weights of a float model directory, one after the other. @throws as {@link loadModel} */
export async function readFloatTensors(dir: string): Promise<{ spec: Spec; tensors: NamedTensor[] }> {
  const { spec, format } = await readModelConfig(dir);
  if (format !== "f32") {
    throw new HandheldError(
      "unsupported",
      `${dir}: the weights are quantised; give the float model they were made from`,
    );
  }
  const file = await openSafetensors(`${dir}/${modelFiles.weights}`);
  try {
    const tensors: NamedTensor[] = [];
    for (const { name, shape } of tensorShapes(spec)) {
      const stored = await file.read(name);
      checkShape(name, stored.shape, shape, dir);
      tensors.push({ name, shape, data: readFloats(stored, `${dir}: ${name}`) });
    }
    return { spec, tensors };
  } finally {
    await file.close();
  }
}

async function readTensor(
  backend: Backend,
  file: SafetensorsFile,
  { name, ptr, bytes, shape }: TensorPlace,
  format: WeightFormat,
  dir: string,
): Promise<void> {
  const stored = await file.read(name);
  if (format === "int4" && shape.length === 2) {
    checkShape(name, stored.shape, [bytes], dir);
    if (stored.dtype !== "U8")
      throw new HandheldError("invalid-file", `${dir}: ${name} is ${stored.dtype}, not packed U8`);
    backend.u8(ptr, bytes).set(stored.bytes);
  } else {
    checkShape(name, stored.shape, shape, dir);
    backend.f32(ptr, bytes / 4).set(readFloats(stored, `${dir}: ${name}`));
  }
}

function checkShape(name: string, got: readonly number[], wanted: readonly number[], dir: string): void {
  if (got.join() === wanted.join()) return;
  throw new HandheldError("invalid-file", `${dir}: ${name} has shape [${got}], config.json asks for [${wanted}]`);
}
