// Loads a model directory into a backend, ready to run: from disk by its path, or from any other source of its files.
import { HandheldError, invalidFile, quoteValue } from "../errors.ts";
import type { Backend } from "../kernels/backend.ts";
import { type FileSource, readOptionalJson, sourceOf } from "../source.ts";
import { modelBytes } from "../spec/arithmetic.ts";
import type { Spec } from "../spec/spec.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import { loadTokenizer } from "../tokenizer/tokenizer-file.ts";
import { Decoder } from "./decoder.ts";
import { type ModelConfig, modelFiles, readFloatConfig, readModelConfig } from "./directory.ts";
import { readFloatSources, readFloatWeights } from "./float-weights.ts";
import type { NamedTensor } from "./initialize.ts";
import { Int8Matrix, scaleName } from "./int8-tensors.ts";
import { tensorShapes } from "./layout.ts";
import { matrixFormats } from "./matrix-formats.ts";
import { checkMemory, type Preflight, tinyStep } from "./preflight.ts";
import { type IncomingTensor, readSafetensors } from "./safetensors-file.ts";
import { allocateFloats, checkShape } from "./stored-tensors.ts";
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

/** Options of {@link loadModel} and {@link loadDecoder}. */
export interface LoadOptions {
  /** Longest sequence at least; beyond the context of config.json a model can be timed, but says nothing of use. */
  minContext?: number | undefined;
  /** Longest sequence at most; less than the context of config.json saves memory. */
  maxContext?: number | undefined;
  /** Tokens per forward pass of a prefill. Default 256. */
  chunk?: number | undefined;
  /**
   * Format of the matrices in memory, where they are stored as floats; `auto`: f32, or int4 where that would take more than
   * 1 GB. Default f32.
   */
  format?: WeightFormat | "auto" | undefined;
  /** Make sure that the memory suffices before a weight is read. Default: find out on the way. */
  preflight?: Preflight | undefined;
}

/**
 * Loads config.json, the tokenizer and the weights (float, or our int8 or int4).
 * @throws HandheldError `io`, `invalid-file`, `invalid-spec`, `unsupported` or `out-of-memory`, naming the file.
 * @example
 * ```ts
 * const model = await loadModel(await createBackend(), "runs/calls/int4");
 * ```
 */
export async function loadModel(
  backend: Backend,
  dir: string | FileSource,
  options: LoadOptions = {},
): Promise<LoadedModel> {
  const source = sourceOf(dir);
  const tokenizer = await loadTokenizer(source);
  const eosIds = await readEosIds(source, tokenizer);
  const decoder = await loadDecoder(backend, source, options);
  const { spec, weights } = decoder;
  // Added tokens may lie beyond what the model knows, and are then not for it (an image's in a text model).
  if (tokenizer.size - tokenizer.addedIds.size > spec.vocabulary) {
    decoder.close();
    throw new HandheldError(
      "invalid-file",
      `${source.name}: the tokenizer has ${tokenizer.size} tokens, config.json vocab_size ${spec.vocabulary}; they belong to different models`,
    );
  }
  return { dir: source.name, spec, format: weights.format, decoder, tokenizer, eosIds, close: () => decoder.close() };
}

/** The tokens that end a text: those of generation_config.json, and the tokenizer's. */
async function readEosIds(source: FileSource, { eosId }: Tokenizer): Promise<Set<number>> {
  const path = `${source.name}/${modelFiles.generation}`;
  const json = await readOptionalJson(source, modelFiles.generation);
  const said = (json as { eos_token_id?: unknown } | undefined)?.eos_token_id ?? [];
  const ids = [said, eosId ?? []].flat() as unknown[];
  const wrong = ids.find((id) => !Number.isSafeInteger(id) || (id as number) < 0);
  if (wrong !== undefined) throw invalidFile(path, `eos_token_id: ${quoteValue(wrong)} is not a token's id`);
  return new Set(ids as number[]);
}

/** Loads the weights of a model directory alone. @throws as {@link loadModel} */
export async function loadDecoder(
  backend: Backend,
  dir: string | FileSource,
  { minContext = 0, maxContext = Infinity, preflight, chunk, format: wanted }: LoadOptions = {},
): Promise<Decoder> {
  const source = sourceOf(dir);
  const config = await readModelConfig(source);
  const format = config.format === "f32" ? chooseFormat(config.spec, wanted) : config.format;
  // There are no learned positions beyond the model's context.
  const least = config.spec.positions === "learned" ? 0 : minContext;
  const spec = { ...config.spec, context: Math.min(Math.max(config.spec.context, least), maxContext) };
  if (preflight) checkMemory(backend, spec, format, preflight, source.name);
  const weights = createWeights(backend, spec, format);
  let decoder: Decoder | null = null;
  try {
    decoder = new Decoder(backend, spec, weights, chunk);
    if (preflight) tinyStep(decoder, preflight);
    await readWeights(backend, weights, source, config);
    return decoder;
  } catch (error) {
    (decoder ?? { close: () => weights.free() }).close();
    throw error;
  }
}

function chooseFormat(spec: Spec, wanted: LoadOptions["format"] = "f32"): WeightFormat {
  if (wanted !== "auto") return wanted;
  return modelBytes(spec, "f32") <= 1e9 ? "f32" : "int4";
}

/**
 * All weights of a float model directory under our names, one after the other.
 * @throws as {@link loadModel}
 */
export async function readFloatTensors(dir: string | FileSource): Promise<{ spec: Spec; tensors: NamedTensor[] }> {
  const source = sourceOf(dir);
  const config = await readFloatConfig(source);
  const { spec } = config;
  const tensors = tensorShapes(spec).map(({ name, shape }) => {
    return { name, shape, data: allocateFloats(shape, `${source.name}: ${name}`) };
  });
  const data = new Map(tensors.map((tensor) => [tensor.name, tensor.data]));
  await readFloatSources(source, config, (name, values, at) => data.get(name)!.set(values, at));
  return { spec, tensors };
}

// Every tensor goes to its place in the backend's memory, in the order of the files.
async function readWeights(backend: Backend, weights: Weights, source: FileSource, config: ModelConfig): Promise<void> {
  if (config.format !== "f32") return readPacked(backend, weights, source);
  const places = new Map(weights.places.map((place) => [place.name, place]));
  const { pack, bytes } = matrixFormats[weights.format];
  const faults = backend.alloc(4);
  try {
    await readFloatWeights(backend, source, config, {
      vector(name, values, at) {
        const place = places.get(name)!;
        const target = backend.f32(place.ptr, place.bytes / 4);
        // A shorter context than the model's has fewer learned positions.
        target.set(values.subarray(0, target.length - at), at);
      },
      rows(name, ptr, first, count, columns) {
        pack(backend, places.get(name)!.ptr + bytes(first, columns), ptr, count, columns, faults);
        const [bad] = backend.i32(faults, 1);
        if (bad) throw invalidFile(source.name, `${name} has a weight that is not finite`);
      },
    });
  } finally {
    backend.free(faults);
  }
}

async function readPacked(backend: Backend, { places }: Weights, source: FileSource): Promise<void> {
  const readers = new Map<string, (tensor: IncomingTensor) => Promise<void>>();
  for (const place of places) {
    if (place.format === "int8") {
      const matrix = new Int8Matrix(backend, place.ptr, place.shape);
      readers.set(place.name, (tensor) => matrix.readCodes(tensor, source.name));
      readers.set(scaleName(place.name), (tensor) => matrix.readScales(tensor, source.name));
    } else {
      readers.set(place.name, (tensor) => readPlace(backend, tensor, place, source));
    }
  }
  await readSafetensors(source, modelFiles.weights, readers.keys(), async (tensor) =>
    readers.get(tensor.name)?.(tensor),
  );
}

async function readPlace(
  backend: Backend,
  tensor: IncomingTensor,
  { name, ptr, bytes, shape, format }: TensorPlace,
  source: FileSource,
): Promise<void> {
  checkShape(tensor, format === "f32" ? shape : [bytes], source.name);
  if (format === "f32") return tensor.readFloats(backend.f32(ptr, bytes / 4));
  if (tensor.dtype !== "U8") throw invalidFile(source.name, `${name} is ${tensor.dtype}, not packed U8`);
  await tensor.readBytes(backend.u8(ptr, bytes));
}
