// Loads a model directory into a backend, ready to run: from disk by its path, or from any other source of its files.
import { HandheldError } from "../errors.ts";
import type { Backend } from "../kernels/backend.ts";
import { type FileSource, sourceOf } from "../source.ts";
import type { Spec } from "../spec/spec.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import { loadTokenizer } from "../tokenizer/tokenizer-file.ts";
import { Decoder } from "./decoder.ts";
import { modelFiles, readModelConfig } from "./directory.ts";
import type { NamedTensor } from "./initialize.ts";
import { Int8Matrix, scaleName } from "./int8-tensors.ts";
import { tensorShapes } from "./layout.ts";
import { checkMemory, type Preflight, tinyStep } from "./preflight.ts";
import { type IncomingTensor, readSafetensors } from "./safetensors-file.ts";
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
  const decoder = await loadDecoder(backend, source, options);
  const { spec, weights } = decoder;
  if (tokenizer.size > spec.vocabulary) {
    decoder.close();
    throw new HandheldError(
      "invalid-file",
      `${source.name}: the tokenizer has ${tokenizer.size} tokens, config.json vocab_size ${spec.vocabulary}; they belong to different models`,
    );
  }
  const eosIds = new Set(tokenizer.eosId === null ? [] : [tokenizer.eosId]);
  return { dir: source.name, spec, format: weights.format, decoder, tokenizer, eosIds, close: () => decoder.close() };
}

/** Loads the weights of a model directory alone. @throws as {@link loadModel} */
export async function loadDecoder(
  backend: Backend,
  dir: string | FileSource,
  { minContext = 0, maxContext = Infinity, preflight }: LoadOptions = {},
): Promise<Decoder> {
  const source = sourceOf(dir);
  const { spec: stored, format } = await readModelConfig(source);
  const spec = { ...stored, context: Math.min(Math.max(stored.context, minContext), maxContext) };
  if (preflight) checkMemory(backend, spec, format, preflight, source.name);
  const weights = createWeights(backend, spec, format);
  let decoder: Decoder | null = null;
  try {
    decoder = new Decoder(backend, spec, weights);
    if (preflight) tinyStep(decoder, preflight);
    await readWeights(backend, weights, source);
    return decoder;
  } catch (error) {
    (decoder ?? { close: () => weights.free() }).close();
    throw error;
  }
}

/** All weights of a float model directory, one after the other. @throws as {@link loadModel} */
export async function readFloatTensors(dir: string | FileSource): Promise<{ spec: Spec; tensors: NamedTensor[] }> {
  const source = sourceOf(dir);
  const { spec, format } = await readModelConfig(source);
  if (format !== "f32") {
    throw new HandheldError(
      "unsupported",
      `${source.name}: the weights are quantised; give the float model they were made from`,
    );
  }
  const shapes = tensorShapes(spec);
  const wanted = new Map(shapes.map(({ name, shape }) => [name, shape]));
  const read = new Map<string, NamedTensor>();
  await readSafetensors(source, modelFiles.weights, wanted.keys(), async (tensor) => {
    const shape = wanted.get(tensor.name);
    if (shape === undefined) return;
    checkShape(tensor, shape, source);
    const data = allocateFloats(shape, `${source.name}: ${tensor.name}`);
    await tensor.readFloats(data);
    read.set(tensor.name, { name: tensor.name, shape, data });
  });
  return { spec, tensors: shapes.map(({ name }) => read.get(name)!) };
}

// Every tensor goes straight to its place in the backend's memory, in the order of the file.
async function readWeights(backend: Backend, { places, format }: Weights, source: FileSource): Promise<void> {
  const readers = new Map<string, (tensor: IncomingTensor) => Promise<void>>();
  for (const place of places) {
    if (format === "int8" && place.shape.length === 2) {
      const matrix = new Int8Matrix(backend, place.ptr, place.shape);
      readers.set(place.name, (tensor) => matrix.readCodes(tensor, source.name));
      readers.set(scaleName(place.name), (tensor) => matrix.readScales(tensor, source.name));
    } else {
      readers.set(place.name, (tensor) => readPlace(backend, tensor, place, format, source));
    }
  }
  await readSafetensors(source, modelFiles.weights, readers.keys(), async (tensor) =>
    readers.get(tensor.name)?.(tensor),
  );
}

async function readPlace(
  backend: Backend,
  tensor: IncomingTensor,
  { name, ptr, bytes, shape }: TensorPlace,
  format: WeightFormat,
  source: FileSource,
): Promise<void> {
  if (format === "int4" && shape.length === 2) {
    checkShape(tensor, [bytes], source);
    if (tensor.dtype !== "U8")
      throw new HandheldError("invalid-file", `${source.name}: ${name} is ${tensor.dtype}, not packed U8`);
    await tensor.readBytes(backend.u8(ptr, bytes));
  } else {
    checkShape(tensor, shape, source);
    await tensor.readFloats(backend.f32(ptr, bytes / 4));
  }
}

function checkShape({ name, shape: got }: IncomingTensor, wanted: readonly number[], source: FileSource): void {
  if (got.join() === wanted.join()) return;
  throw new HandheldError(
    "invalid-file",
    `${source.name}: ${name} has shape [${got}], config.json asks for [${wanted}]`,
  );
}

function allocateFloats(shape: readonly number[], where: string): Float32Array<ArrayBuffer> {
  const length = shape.reduce((product, size) => product * size, 1);
  try {
    return new Float32Array(length);
  } catch (cause) {
    throw new HandheldError("out-of-memory", `${where}: ${4 * length} bytes do not fit in memory`, { cause });
  }
}
