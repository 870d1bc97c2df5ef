// One model directory into another: any family's float files into ours, quantised or not. What is in memory at a time is some
// rows of a matrix.
import { HandheldError, ioError } from "../errors.ts";
import { makeFolder } from "../io.ts";
import { type Backend, createBackend } from "../kernels/index.ts";
import { sourceOf } from "../source.ts";
import type { Spec } from "../spec/spec.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import { loadTokenizer, saveTokenizer } from "../tokenizer/tokenizer-file.ts";
import { calibrateInt4 } from "./calibrate.ts";
import { calibrationSequences } from "./calibration-text.ts";
import { type DirectoryFormat, modelFiles, readFloatConfig, writeModelConfig } from "./directory.ts";
import { DirectoryWriter } from "./directory-writer.ts";
import { readFloatWeights, type WeightSink } from "./float-weights.ts";
import { tensorShapes } from "./layout.ts";
import { loadDecoder } from "./load.ts";
import { countElements } from "./safetensors.ts";
import { readShardIndex } from "./shards.ts";

/** Options of {@link convertModel}. */
export interface ConvertOptions {
  /** Format of the matrices. Default int4. */
  format?: DirectoryFormat | undefined;
  /** For int4: fit the codes to the model's activations on a text. Default: round each weight for itself. */
  calibration?: Calibration | undefined;
  signal?: AbortSignal | undefined;
  /** Called with how many weights of how many are written. */
  onProgress?: ((done: number, total: number) => void) | undefined;
  /** Called before that with how many steps of calibration of how many are done. */
  onCalibration?: ((done: number, total: number) => void) | undefined;
}

/** What {@link convertModel} calibrates with. The float model must fit into a backend's 4 GB. */
export interface Calibration {
  text: string;
  /** Tokens of the text to use. Default 16,384. */
  tokens?: number | undefined;
}

/** What {@link convertModel} did. Sizes are of the weights. */
export interface ConvertedModel {
  spec: Spec;
  fromBytes: number;
  sizeBytes: number;
}

/** Files beside the weights that go along. */
const extras = ["functions.json", "handheld.json", modelFiles.generation, "chat_template.jinja", "chat_template.json"];

/** A float model to write anew. */
export interface ModelToConvert {
  /** Where it is, for messages. */
  name: string;
  spec: Spec;
  tokenizer: Tokenizer;
  /** Reads all its weights. */
  read(backend: Backend, sink: WeightSink): Promise<void>;
  /** Matrices that are packed in int4 already. */
  packed?: ReadonlyMap<string, Uint8Array> | undefined;
}

/**
 * Writes a float model directory anew, under our names and in one file, with its tokenizer. config.json comes last: a
 * directory with one is whole.
 * @throws HandheldError `io`, `invalid-file`, `unsupported`, `out-of-memory` or `aborted`; the source is left as it is
 * @example
 * ```ts
 * await convertModel("models/Qwen2.5-1.5B", "models/qwen-int4", { format: "int4" });
 * ```
 */
export async function convertModel(from: string, to: string, options: ConvertOptions = {}): Promise<ConvertedModel> {
  const config = await readFloatConfig(from);
  const tokenizer = await loadTokenizer(from);
  const read: ModelToConvert["read"] = (backend, sink) => readFloatWeights(backend, sourceOf(from), config, sink);
  const packed = options.calibration ? await calibrated(from, tokenizer, options.calibration, options) : undefined;
  await writeConverted({ name: from, spec: config.spec, tokenizer, read, packed }, to, options);
  // After the config, whose generation_config.json knows less than one that the model came with.
  await copyExtras(from, to);
  return { spec: config.spec, fromBytes: await weightsBytes(from), sizeBytes: await weightsBytes(to) };
}

/** Writes a model as a directory. @throws as {@link convertModel} */
export async function writeConverted(model: ModelToConvert, to: string, options: ConvertOptions = {}): Promise<void> {
  const { format = "int4" } = options;
  const { spec, tokenizer } = model;
  await makeFolder(to);
  await saveTokenizer(tokenizer, to);
  const backend = await createBackend();
  try {
    const writer = await DirectoryWriter.create(backend, to, spec, format, model.packed);
    try {
      await model.read(backend, watched(writer, model, to, options));
    } catch (error) {
      await writer.abort();
      throw error;
    }
    await writer.finish();
  } finally {
    await backend.close();
  }
  const { bosId, eosId, padId } = tokenizer;
  await writeModelConfig(to, spec, format, { bosTokenId: bosId, eosTokenId: eosId, padTokenId: padId });
}

/** Tokens of a calibration sequence at most. */
const calibrationWindow = 512;

async function calibrated(
  from: string,
  tokenizer: Tokenizer,
  { text, tokens = 16_384 }: Calibration,
  { format = "int4", signal, onCalibration }: ConvertOptions,
): Promise<Map<string, Uint8Array>> {
  if (format !== "int4") throw new HandheldError("invalid-option", `calibration is for int4, not for ${format}`);
  const backend = await createBackend();
  try {
    // A shorter context is a smaller table and workspace.
    const decoder = await loadDecoder(backend, from, { maxContext: calibrationWindow, chunk: calibrationWindow });
    const sequences = calibrationSequences(tokenizer, text, tokens, decoder.spec.context);
    return await calibrateInt4(decoder, sequences, { signal, onProgress: onCalibration });
  } finally {
    await backend.close();
  }
}

/** The sink, with progress, and an end where that is asked for. */
function watched(
  sink: WeightSink,
  { name: from, spec }: ModelToConvert,
  to: string,
  { signal, onProgress }: ConvertOptions,
): WeightSink {
  const total = tensorShapes(spec).reduce((sum, { shape }) => sum + countElements(shape), 0);
  let done = 0;
  const step = (weights: number) => {
    if (signal?.aborted) throw new HandheldError("aborted", `stopped converting ${from}; ${to} is not complete`);
    onProgress?.((done += weights), total);
  };
  return {
    async vector(name, values, at) {
      await sink.vector(name, values, at);
      step(values.length);
    },
    async rows(name, ptr, first, count, columns) {
      await sink.rows(name, ptr, first, count, columns);
      step(count * columns);
    },
  };
}

async function weightsBytes(dir: string): Promise<number> {
  const { stat } = await import("node:fs/promises");
  const index = await readShardIndex(sourceOf(dir));
  let bytes = 0;
  for (const file of index?.keys() ?? [modelFiles.weights]) bytes += (await stat(`${dir}/${file}`)).size;
  return bytes;
}

async function copyExtras(from: string, to: string): Promise<void> {
  const { copyFile } = await import("node:fs/promises");
  for (const extra of extras) {
    await copyFile(`${from}/${extra}`, `${to}/${extra}`).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code !== "ENOENT") throw ioError("write", `${to}/${extra}`, cause);
    });
  }
}
