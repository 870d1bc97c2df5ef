// Public names of handheld/gguf: llama.cpp's model files, read and written.

export type { NamedSource } from "../model/float-weights.ts";
export type { TokenizerFiles } from "../tokenizer/assemble.ts";
export { ggufSpec, ggufTensors } from "./architecture.ts";
export { convertGguf } from "./convert.ts";
export { type ExportOptions, exportGguf, type ModelToExport } from "./export.ts";
export { type GgufFile, openGguf } from "./file.ts";
export type { GgufHeader, GgufTensor, GgufValue } from "./header.ts";
export { type ModelSource, openModel } from "./model-source.ts";
export { ggufTokenizer } from "./tokenizer.ts";
export { encodeGguf, entry, type GgufEntry, type GgufTensorToWrite, saveGguf } from "./write.ts";
