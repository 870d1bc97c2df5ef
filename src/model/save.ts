// Writes model directories: float models, and int8 and int4 models made from them.
import { HandheldError, ioError } from "../errors.ts";
import { makeFolder } from "../io.ts";
import { packInt4 } from "../quant/int4.ts";
import type { Spec } from "../spec/spec.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import { loadTokenizer, saveTokenizer } from "../tokenizer/tokenizer-file.ts";
import { modelFiles, writeModelConfig } from "./directory.ts";
import type { NamedTensor } from "./initialize.ts";
import { int8Tensors } from "./int8-tensors.ts";
import { readFloatTensors } from "./load.ts";
import { saveSafetensors } from "./safetensors-file.ts";
import type { TensorToWrite } from "./safetensors-write.ts";
import type { WeightFormat } from "./weights.ts";

/** What a model directory is made of. */
export interface ModelToSave {
  spec: Spec;
  tensors: readonly NamedTensor[];
  tokenizer: Tokenizer;
}

/**
 * Writes a model directory, its matrices in the given format. config.json comes last: a directory with one is whole.
 * @throws HandheldError `io`, `invalid-data` for weights that are not finite.
 */
export async function saveModel(dir: string, model: ModelToSave, format: WeightFormat = "f32"): Promise<void> {
  const { spec, tensors, tokenizer } = model;
  await saveTokenizer(tokenizer, dir);
  await saveSafetensors(
    `${dir}/${modelFiles.weights}`,
    tensors.flatMap((tensor) => storedTensors(tensor, format)),
  );
  const { bosId, eosId, padId } = tokenizer;
  await writeModelConfig(dir, spec, format, { bosTokenId: bosId, eosTokenId: eosId, padTokenId: padId });
}

function storedTensors({ name, shape, data }: NamedTensor, format: WeightFormat): TensorToWrite[] {
  if (format === "f32" || shape.length === 1) return [{ name, dtype: "F32", shape, data }];
  if (format === "int8") return int8Tensors(name, shape, data);
  const packed = packInt4(data, shape[0]!, shape[1]!);
  return [{ name, dtype: "U8", shape: [packed.byteLength], data: packed }];
}

/** Options of {@link quantizeModel}. */
export interface QuantizeOptions {
  /** Default int4. */
  format?: Exclude<WeightFormat, "f32"> | undefined;
}

/** Sizes of a model's weights file before and after, in bytes. */
export interface QuantizedSizes {
  floatBytes: number;
  quantizedBytes: number;
}

/**
 * Writes the int4 or int8 form of a float model directory, with its tokenizer and call files.
 * @throws HandheldError `io`, `invalid-file` or `unsupported`; the float model is left as it is.
 */
export async function quantizeModel(
  from: string,
  to: string,
  { format = "int4" }: QuantizeOptions = {},
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
    await saveModel(to, { spec, tensors, tokenizer }, format);
    const size = async (dir: string) => (await stat(`${dir}/${modelFiles.weights}`)).size;
    return { floatBytes: await size(from), quantizedBytes: await size(to) };
  } catch (cause) {
    throw cause instanceof HandheldError ? cause : ioError("write", to, cause);
  }
}
