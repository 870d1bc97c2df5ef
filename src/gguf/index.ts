// Public names of handheld/gguf: reading llama.cpp's model files.

export type { TokenizerFiles } from "../tokenizer/assemble.ts";
export { ggufSpec, ggufTensors, type NamedSource } from "./architecture.ts";
export { type ConvertOptions, convertGguf } from "./convert.ts";
export { type GgufFile, openGguf } from "./file.ts";
export type { GgufHeader, GgufTensor, GgufValue } from "./header.ts";
export { ggufTokenizer } from "./tokenizer.ts";
