// A model with random weights for llama.cpp: its "llama" architecture in Q4_0, embedding (and tied head) included.
// That architecture has SiLU in its FFN; a spec with ReLU gets SiLU, which costs the same to within the noise.
import { entry, type GgufEntry, type GgufTensorToWrite, saveGguf, tensorBytes } from "../../../src/gguf/write.ts";
import type { Spec } from "../../../src/spec/spec.ts";
import { Noise, unitScaleF16 } from "./noise.ts";

/** Letters that are one token each, so that a prompt of n letters is a prompt of n tokens. */
export const letters = "abcdefghijklmnopqrstuvwxyz";

/** Writes the file of a spec. About a second per gigabyte. */
export async function writeLlamaFile(path: string, spec: Spec): Promise<void> {
  await saveGguf(path, llamaMetadata(spec), llamaTensors(spec));
}

/** Bytes of all tensors of the file. */
export function llamaBytes(spec: Spec): number {
  return llamaTensors(spec).reduce((sum, tensor) => sum + tensorBytes(tensor), 0);
}

/** The metadata that llama.cpp asks for. */
export function llamaMetadata(spec: Spec): Map<string, GgufEntry> {
  const vocabulary = dummyVocabulary(spec.vocabulary);
  const { u32, f32, i32, string, bool } = entry;
  return new Map<string, GgufEntry>([
    ["general.architecture", string("llama")],
    ["general.name", string("random weights")],
    ["general.file_type", u32(2)],
    ["general.quantization_version", u32(2)],
    ["llama.vocab_size", u32(spec.vocabulary)],
    ["llama.context_length", u32(spec.context)],
    ["llama.embedding_length", u32(spec.width)],
    ["llama.block_count", u32(spec.layers)],
    ["llama.feed_forward_length", u32(spec.ffnWidth)],
    ["llama.attention.head_count", u32(spec.heads)],
    ["llama.attention.head_count_kv", u32(spec.kvHeads)],
    ["llama.attention.key_length", u32(spec.headSize)],
    ["llama.attention.value_length", u32(spec.headSize)],
    ["llama.attention.layer_norm_rms_epsilon", f32(spec.normEps)],
    ["llama.rope.dimension_count", u32(spec.headSize)],
    ["llama.rope.freq_base", f32(spec.ropeBase)],
    ["tokenizer.ggml.model", string("llama")],
    ["tokenizer.ggml.tokens", string(vocabulary.map(({ text }) => text))],
    ["tokenizer.ggml.scores", f32(vocabulary.map((_, i) => -i))],
    ["tokenizer.ggml.token_type", i32(vocabulary.map(({ kind }) => kind))],
    ["tokenizer.ggml.unknown_token_id", u32(0)],
    ["tokenizer.ggml.bos_token_id", u32(1)],
    ["tokenizer.ggml.eos_token_id", u32(2)],
    ["tokenizer.ggml.add_bos_token", bool(false)],
    ["tokenizer.ggml.add_eos_token", bool(false)],
    ["tokenizer.ggml.add_space_prefix", bool(false)],
  ]);
}

// Kinds as in SentencePiece: 1 normal, 2 unknown, 3 control, 6 byte. The rest of the vocabulary cannot come out of letters.
function dummyVocabulary(size: number): { text: string; kind: number }[] {
  const bytes = Array.from({ length: 256 }, (_, i) => `<0x${i.toString(16).toUpperCase().padStart(2, "0")}>`);
  const tokens = [
    { text: "<unk>", kind: 2 },
    { text: "<s>", kind: 3 },
    { text: "</s>", kind: 3 },
    ...bytes.map((text) => ({ text, kind: 6 })),
    ...[...letters].map((text) => ({ text, kind: 1 })),
  ];
  while (tokens.length < size) tokens.push({ text: `[${tokens.length}]`, kind: 1 });
  return tokens.slice(0, size);
}

/** All tensors, in the order of the file. */
export function llamaTensors(spec: Spec): GgufTensorToWrite[] {
  const { width: C, ffnWidth: F, headSize: D, vocabulary: V } = spec;
  const query = spec.heads * D;
  const keyValue = spec.kvHeads * D;
  const blocks = Array.from({ length: spec.layers }, (_, i) => [
    ones(`blk.${i}.attn_norm.weight`, C),
    matrix(`blk.${i}.attn_q.weight`, query, C),
    matrix(`blk.${i}.attn_k.weight`, keyValue, C),
    matrix(`blk.${i}.attn_v.weight`, keyValue, C),
    matrix(`blk.${i}.attn_output.weight`, C, query),
    ones(`blk.${i}.ffn_norm.weight`, C),
    matrix(`blk.${i}.ffn_gate.weight`, F, C),
    matrix(`blk.${i}.ffn_up.weight`, F, C),
    matrix(`blk.${i}.ffn_down.weight`, C, F),
  ]);
  return [matrix("token_embd.weight", V, C), ...blocks.flat(), ones("output_norm.weight", C)];
}

function ones(name: string, length: number): GgufTensorToWrite {
  const data = () => [new Uint8Array(new Float32Array(length).fill(1).buffer)];
  return { name, shape: [length], type: "F32", data };
}

// A Q4_0 block: a half-float scale, then 16 bytes of codes 0..15 that stand for −8..7.
function matrix(name: string, rows: number, columns: number): GgufTensorToWrite {
  const [low, high] = unitScaleF16(columns);
  const rowBytes = (columns / 32) * 18;
  const rowsAtOnce = 256;
  function* data() {
    const noise = new Noise(rows * 31 + columns + name.length);
    for (let row = 0; row < rows; row += rowsAtOnce) {
      const bytes = noise.bytes(Math.ceil((rowBytes * Math.min(rowsAtOnce, rows - row)) / 4) * 4);
      const piece = bytes.subarray(0, rowBytes * Math.min(rowsAtOnce, rows - row));
      for (let at = 0; at < piece.length; at += 18) {
        piece[at] = low;
        piece[at + 1] = high;
      }
      yield piece;
    }
  }
  return { name, shape: [rows, columns], type: "Q4_0", data };
}
