// From a GGUF file to a model directory in the Hugging Face layout, one tensor at a time.
import { HandheldError } from "../errors.ts";
import { makeFolder } from "../io.ts";
import { modelFiles, writeModelConfig } from "../model/directory.ts";
import { saveSafetensors } from "../model/safetensors-file.ts";
import type { WeightFormat } from "../model/weights.ts";
import { int4Bytes, packInt4 } from "../quant/int4.ts";
import type { Spec } from "../spec/spec.ts";
import { saveTokenizer } from "../tokenizer/tokenizer-file.ts";
import { openGgufModel } from "./model-source.ts";

/** Options of {@link convertGguf}. */
export interface ConvertOptions {
  signal?: AbortSignal | undefined;
  /** Called before each tensor. */
  onProgress?: ((done: number, total: number) => void) | undefined;
}

/**
 * Writes the model of a GGUF file as a model directory. config.json comes last: a directory with one is whole.
 * @throws HandheldError `io`, `invalid-file`, `invalid-spec`, `unsupported`, `out-of-memory` or `aborted`
 * @example
 * ```ts
 * await convertGguf("smollm-135m-q8_0.gguf", "models/smollm", "int4");
 * ```
 */
export async function convertGguf(
  path: string,
  out: string,
  format: Exclude<WeightFormat, "int8">,
  { signal, onProgress }: ConvertOptions = {},
): Promise<Spec> {
  const model = await openGgufModel(path);
  try {
    const { spec, tokenizer, tensors: sources } = model;
    let done = 0;
    const next = () => {
      if (signal?.aborted) throw new HandheldError("aborted", `stopped converting ${path}; ${out} is not complete`);
      onProgress?.(done++, sources.length);
    };
    await makeFolder(out);
    await saveTokenizer(tokenizer, out);
    await saveSafetensors(
      `${out}/${modelFiles.weights}`,
      sources.map(({ name, shape, read }) => {
        const packed = format === "int4" && shape.length === 2;
        return {
          name,
          dtype: packed ? ("U8" as const) : ("F32" as const),
          shape: packed ? [int4Bytes(shape[0]!, shape[1]!)] : shape,
          data: async () => {
            next();
            const values = await read();
            return packed ? packInt4(values, shape[0]!, shape[1]!) : values;
          },
        };
      }),
    );
    const { bosId, eosId, padId } = tokenizer;
    await writeModelConfig(out, spec, format, { bosTokenId: bosId, eosTokenId: eosId, padTokenId: padId });
    return spec;
  } finally {
    await model.close();
  }
}
