// A model to convert from: a GGUF file, or a float model directory of any family. Tensors are read one at a time.
import { ioError } from "../errors.ts";
import { openStoredModel } from "../model/stored-access.ts";
import { createTokenizer } from "../tokenizer/tokenizer.ts";
import { loadTokenizer } from "../tokenizer/tokenizer-file.ts";
import { ggufSpec, ggufTensors } from "./architecture.ts";
import type { ModelToExport } from "./export.ts";
import { openGguf } from "./file.ts";
import { ggufTokenizer } from "./tokenizer.ts";

/** A model whose tensors can be read until it is closed. */
export interface ModelSource extends ModelToExport {
  close(): Promise<void>;
}

/** Opens a directory or a GGUF file. @throws HandheldError `io`, `invalid-file`, `invalid-spec` or `unsupported` */
export async function openModel(path: string): Promise<ModelSource> {
  const { stat } = await import("node:fs/promises");
  const found = await stat(path).catch((cause: unknown) => {
    throw ioError("read", path, cause);
  });
  return found.isDirectory() ? openDirectory(path) : openGgufModel(path);
}

/** Opens a GGUF file. @throws as {@link openModel} */
export async function openGgufModel(path: string): Promise<ModelSource> {
  const file = await openGguf(path);
  try {
    const spec = ggufSpec(file, path);
    const tensors = ggufTensors(file, spec);
    const { json, config } = ggufTokenizer(file, path);
    return { spec, tensors, tokenizer: createTokenizer(json, config, path), name: path, close: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function openDirectory(path: string): Promise<ModelSource> {
  const tokenizer = await loadTokenizer(path);
  return { ...(await openStoredModel(path)), tokenizer, name: path };
}
