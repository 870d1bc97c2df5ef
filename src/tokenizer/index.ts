// Public names of handheld/tokenizer: train, load, encode, decode, stream.
export { type TrainTokenizerOptions, trainTokenizer } from "./bpe-trainer.ts";
export type { TokenizerConfig, TokenizerJson } from "./format.ts";
export { createTokenizer, type DecodeOptions, type StreamDecoder, Tokenizer } from "./tokenizer.ts";
export { loadTokenizer, saveTokenizer } from "./tokenizer-file.ts";
