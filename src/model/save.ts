// Writes model directories: float models, and int8 and int4 models made from them.
import { HandheldError, ioError } from "../errors.ts";
import { makeFolder } from "../io.ts";
import type { Backend } from "../kernels/backend.ts";
import { packInt4 } from "../quant/int4.ts";
import type { Spec } from "../spec/spec.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import { loadTokenizer, saveTokenizer } from "../tokenizer/tokenizer-file.ts";
import { type CalibrateOptions, calibrateInt4 } from "./calibrate.ts";
import { calibrationSequences } from "./calibration-text.ts";
import { Decoder } from "./decoder.ts";
import { modelFiles, writeModelConfig } from "./directory.ts";
import type { NamedTensor } from "./initialize.ts";
import { int8Tensors } from "./int8-tensors.ts";
import { readFloatTensors } from "./load.ts";
import { saveSafetensors } from "./safetensors-file.ts";
import type { TensorToWrite } from "./safetensors-write.ts";
import { createWeights, fillFrom, fillWeights, type WeightFormat } from "./weights.ts";

/** What a model directory is made of. */
export interface ModelToSave {
  spec: Spec;
  tensors: readonly NamedTensor[];
  tokenizer: Tokenizer;
}

/**
 * Writes a model directory, its matrices in the given format. config.json comes last: a directory with one is whole.
 * @param packed int4 matrices that are packed already, by name.
 * @throws HandheldError `io`, `invalid-data` for weights that are not finite.
 */
export async function saveModel(
  dir: string,
  model: ModelToSave,
  format: WeightFormat = "f32",
  packed: ReadonlyMap<string, Uint8Array> = new Map(),
): Promise<void> {
  const { spec, tensors, tokenizer } = model;
  await saveTokenizer(tokenizer, dir);
  await saveSafetensors(
    `${dir}/${modelFiles.weights}`,
    tensors.flatMap((tensor) => storedTensors(tensor, format, packed.get(tensor.name))),
  );
  const { bosId, eosId, padId } = tokenizer;
  await writeModelConfig(dir, spec, format, { bosTokenId: bosId, eosTokenId: eosId, padTokenId: padId });
}

function storedTensors({ name, shape, data }: NamedTensor, format: WeightFormat, done?: Uint8Array): TensorToWrite[] {
  if (format === "f32" || shape.length === 1) return [{ name, dtype: "F32", shape, data }];
  if (format === "int8") return int8Tensors(name, shape, data);
  const packed = done ?? packInt4(data, shape[0]!, shape[1]!);
  return [{ name, dtype: "U8", shape: [packed.byteLength], data: packed }];
}

/** Options of {@link quantizeModel}. */
export interface QuantizeOptions {
  /** Default int4. */
  format?: Exclude<WeightFormat, "f32"> | undefined;
  /** For int4: fit the codes to the model's activations on a text. Default: round each weight for itself. */
  calibration?: Calibration | undefined;
}

/** What {@link quantizeModel} calibrates with. */
export interface Calibration extends CalibrateOptions {
  /** Has room for the float model, up to 4 GB. */
  backend: Backend;
  text: string;
  /** Tokens of the text to use. Default 16,384. */
  tokens?: number | undefined;
}

/** Tokens of a calibration sequence at most. */
const calibrationWindow = 512;

/** Sizes of a model's weights file before and after, in bytes. */
export interface QuantizedSizes {
  floatBytes: number;
  quantizedBytes: number;
}

/**
 * Writes the int4 or int8 form of a float model directory, with its tokenizer and call files.
 * @throws HandheldError `io`, `invalid-file` or `unsupported`, with calibration also what calibrateInt4 throws; the float
 *   model is left as it is.
 */
export async function quantizeModel(
  from: string,
  to: string,
  { format = "int4", calibration }: QuantizeOptions = {},
): Promise<QuantizedSizes> {
  const { copyFile, stat } = await import("node:fs/promises");
  const { spec, tensors } = await readFloatTensors(from);
  const tokenizer = await loadTokenizer(from);
  try {
    await makeFolder(to);
    for (const extra of ["functions.json", "handheld.json"]) {
      await copyFile(`${from}/${extra}`, `${to}/${extra}`).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "ENOENT") throw error;
      });
    }
    const model = { spec, tensors, tokenizer };
    const packed = calibration && format === "int4" ? await calibrated(model, calibration) : undefined;
    await saveModel(to, model, format, packed);
    const size = async (dir: string) => (await stat(`${dir}/${modelFiles.weights}`)).size;
    return { floatBytes: await size(from), quantizedBytes: await size(to) };
  } catch (cause) {
    throw cause instanceof HandheldError ? cause : ioError("write", to, cause);
  }
}

async function calibrated(model: ModelToSave, calibration: Calibration): Promise<Map<string, Uint8Array>> {
  const { spec, tensors, tokenizer } = model;
  const { backend, text, tokens = 16_384, ...options } = calibration;
  const window = Math.min(spec.context, calibrationWindow);
  const sequences = calibrationSequences(tokenizer, text, tokens, window);
  // A shorter context is a smaller table and workspace.
  const short = { ...spec, context: window };
  const weights = createWeights(backend, short, "f32");
  let decoder: Decoder | null = null;
  try {
    fillWeights(backend, weights, fillFrom(tensors));
    decoder = new Decoder(backend, short, weights, window);
    return await calibrateInt4(decoder, sequences, options);
  } finally {
    (decoder ?? { close: () => weights.free() }).close();
  }
}
