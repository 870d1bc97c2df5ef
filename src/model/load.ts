// Loads a model directory into a backend, ready to run: from disk by its path, or from any other source of its files.
import { HandheldError } from "../errors.ts";
import type { Backend } from "../kernels/backend.ts";
import { type FileSource, sourceOf } from "../source.ts";
import type { Spec } from "../spec/spec.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import { loadTokenizer } from "../tokenizer/tokenizer-file.ts";
import { Decoder } from "./decoder.ts";
import { type ModelConfig, readModelConfig } from "./directory.ts";
import type { TensorSource } from "./families/family.ts";
import type { NamedTensor } from "./initialize.ts";
import { tensorShapes } from "./layout.ts";
import { checkMemory, type Preflight, tinyStep } from "./preflight.ts";
import type { IncomingTensor } from "./safetensors-file.ts";
import { allocateFloats, applySource, readStored } from "./stored-tensors.ts";
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
 * Loads config.json, the tokenizer and the weights (float or our int4).
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
  const config = await readModelConfig(source);
  const { format } = config;
  // There are no learned positions beyond the model's context.
  const least = config.spec.positions === "learned" ? 0 : minContext;
  const spec = { ...config.spec, context: Math.min(Math.max(config.spec.context, least), maxContext) };
  if (preflight) checkMemory(backend, spec, format, preflight, source.name);
  const weights = createWeights(backend, spec, format);
  let decoder: Decoder | null = null;
  try {
    decoder = new Decoder(backend, spec, weights);
    if (preflight) tinyStep(decoder, preflight);
    await readWeights(backend, weights, source, config);
    return decoder;
  } catch (error) {
    (decoder ?? { close: () => weights.free() }).close();
    throw error;
  }
}

/**
 * All weights of a float model directory under our names, one after the other.
 * @throws as {@link loadModel}
 */
export async function readFloatTensors(dir: string | FileSource): Promise<{ spec: Spec; tensors: NamedTensor[] }> {
  const source = sourceOf(dir);
  const config = await readModelConfig(source);
  const { spec, format } = config;
  if (format !== "f32") {
    throw new HandheldError(
      "unsupported",
      `${source.name}: the weights are quantised; give the float model they were made from`,
    );
  }
  const tensors = tensorShapes(spec).map(({ name, shape }) => {
    return { name, shape, data: allocateFloats(shape, `${source.name}: ${name}`) };
  });
  const data = new Map(tensors.map((tensor) => [tensor.name, tensor.data]));
  await readFloatSources(source, config, ({ to, at = 0 }, values) => data.get(to)!.set(values, at));
  return { spec, tensors };
}

// Every tensor goes to its place in the backend's memory, in the order of the files.
async function readWeights(backend: Backend, weights: Weights, source: FileSource, config: ModelConfig): Promise<void> {
  const places = new Map(weights.places.map((place) => [place.name, place]));
  if (config.format !== "f32") {
    await readStored(source, config.layout(), (tensor, [entry]) =>
      readPlace(backend, tensor, places.get(entry!.to)!, source),
    );
    return;
  }
  await readFloatSources(source, config, ({ to, at = 0 }, values) => {
    const place = places.get(to)!;
    const target = backend.f32(place.ptr, place.bytes / 4);
    // A shorter context than the model's has fewer learned positions.
    target.set(values.subarray(0, target.length - at), at);
  });
}

async function readPlace(
  backend: Backend,
  tensor: IncomingTensor,
  { name, ptr, bytes, format }: TensorPlace,
  source: FileSource,
): Promise<void> {
  if (format === "f32") return tensor.readFloats(backend.f32(ptr, bytes / 4));
  if (tensor.dtype !== "U8")
    throw new HandheldError("invalid-file", `${source.name}: ${name} is ${tensor.dtype}, not packed U8`);
  await tensor.readBytes(backend.u8(ptr, bytes));
}

/** Calls `put` with the numbers of every source of our tensors. */
async function readFloatSources(
  source: FileSource,
  config: ModelConfig,
  put: (entry: TensorSource, values: Float32Array) => void,
): Promise<void> {
  const layout = config.layout();
  const shapes = new Map(tensorShapes(config.spec).map(({ name, shape }) => [name, shape]));
  for (const entry of layout.sources) {
    if (entry.from !== null) continue;
    const [length = 0] = shapes.get(entry.to)!;
    put({ ...entry, at: 0 }, new Float32Array(length).fill(entry.plus ?? 0));
  }
  await readStored(source, layout, async (tensor, entries) => {
    const stored = allocateFloats(tensor.shape, `${source.name}: ${tensor.name}`);
    await tensor.readFloats(stored);
    for (const entry of entries) put(entry, applySource(stored, entry));
  });
}
