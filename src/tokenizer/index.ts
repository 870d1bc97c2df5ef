// Public names of handheld/tokenizer: train, load, encode, decode, stream, chat templates.
export { type TrainTokenizerOptions, trainTokenizer } from "./bpe-trainer.ts";
export { type ChatMessage, type ChatOptions, ChatTemplate, createChatTemplate } from "./chat-template.ts";
export type { TokenizerConfig, TokenizerJson } from "./format.ts";
export { createTokenizer, type DecodeOptions, type StreamDecoder, Tokenizer } from "./tokenizer.ts";
export { loadChatTemplate, loadTokenizer, saveTokenizer } from "./tokenizer-file.ts";
