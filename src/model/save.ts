// Writes model directories: float models, and int4 models made from them.
import { HandheldError, ioError } from "../errors.ts";
import { makeFolder } from "../io.ts";
import { packInt4 } from "../quant/int4.ts";
import type { Spec } from "../spec/spec.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import { loadTokenizer, saveTokenizer } from "../tokenizer/tokenizer-file.ts";
import { modelFiles, writeModelConfig } from "./directory.ts";
import type { NamedTensor } from "./initialize.ts";
import { readFloatTensors } from "./load.ts";
import { saveSafetensors } from "./safetensors-file.ts";
import type { WeightFormat } from "./weights.ts";

/** What a model directory is made of. */
export interface ModelToSave {
  spec: Spec;
  tensors: readonly NamedTensor[];
  tokenizer: Tokenizer;
}

/**
 * Writes a model directory, its matrices as f32 or packed int4. config.json comes last: a directory with one is whole.
 * @throws HandheldError `io`, `invalid-data` for weights that are not finite.
 */
export async function saveModel(dir: string, model: ModelToSave, format: WeightFormat = "f32"): Promise<void> {
  const { spec, tensors, tokenizer } = model;
  await saveTokenizer(tokenizer, dir);
  await saveSafetensors(
    `${dir}/${modelFiles.weights}`,
    tensors.map(({ name, shape, data }) => {
      if (format === "f32" || shape.length === 1) return { name, dtype: "F32" as const, shape, data };
      const packed = packInt4(data, shape[0]!, shape[1]!);
      return { name, dtype: "U8" as const, shape: [packed.byteLength], data: packed };
    }),
  );
  const { bosId, eosId, padId } = tokenizer;
  await writeModelConfig(dir, spec, format, { bosTokenId: bosId, eosTokenId: eosId, padTokenId: padId });
}

/** Sizes of a model's weights file before and after, in bytes. */
export interface QuantizedSizes {
  floatBytes: number;
  int4Bytes: number;
}

/**
 * Writes the int4 form of a float model directory, with its tokenizer and call files.
 * @throws HandheldError `io`, `invalid-file` or `unsupported`; the float model is left as it is.
 */
export async function quantizeModel(from: string, to: string): Promise<QuantizedSizes> {
  const { copyFile, stat } = await import("node:fs/promises");
  const { spec, tensors } = await readFloatTensors(from);
  const tokenizer = await loadTokenizer(from);
  try {
    await makeFolder(to);
    for (const extra of ["functions.json", "handheld.json", "chat_template.jinja", "chat_template.json"]) {
      await copyFile(`${from}/${extra}`, `${to}/${extra}`).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "ENOENT") throw error;
      });
    }
    await saveModel(to, { spec, tensors, tokenizer }, "int4");
    const size = async (dir: string) => (await stat(`${dir}/${modelFiles.weights}`)).size;
    return { floatBytes: await size(from), int4Bytes: await size(to) };
  } catch (cause) {
    throw cause instanceof HandheldError ? cause : ioError("write", to, cause);
  }
}
