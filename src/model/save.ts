// Writes a model that is in memory as a directory. From directory to directory is convert.ts.
import { packInt4 } from "../quant/int4.ts";
import type { Spec } from "../spec/spec.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import { saveTokenizer } from "../tokenizer/tokenizer-file.ts";
import { modelFiles, writeModelConfig } from "./directory.ts";
import type { NamedTensor } from "./initialize.ts";
import { int8Tensors } from "./int8-tensors.ts";
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
