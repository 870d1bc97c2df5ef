// From a GGUF file to a model directory in the Hugging Face layout, one tensor at a time.
import { type ConvertOptions, type ModelToConvert, writeConverted } from "../model/convert.ts";
import { putTensors } from "../model/float-weights.ts";
import type { Spec } from "../spec/spec.ts";
import { openGgufModel } from "./model-source.ts";

/**
 * Writes the model of a GGUF file as a model directory. config.json comes last: a directory with one is whole.
 * @throws HandheldError `io`, `invalid-file`, `invalid-spec`, `unsupported`, `out-of-memory` or `aborted`
 * @example
 * ```ts
 * await convertGguf("smollm-135m-q8_0.gguf", "models/smollm", { format: "int4" });
 * ```
 */
export async function convertGguf(path: string, out: string, options: ConvertOptions = {}): Promise<Spec> {
  const model = await openGgufModel(path);
  const { spec, tokenizer, tensors } = model;
  try {
    const read: ModelToConvert["read"] = (backend, sink) => putTensors(backend, tensors, sink);
    await writeConverted({ name: path, spec, tokenizer, read }, out, options);
    return spec;
  } finally {
    await model.close();
  }
}
