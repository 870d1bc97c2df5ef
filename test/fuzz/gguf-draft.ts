// A GGUF file that may lie: each count, length, type and place is written as told, right or wrong.
import { byteToChar } from "../../src/tokenizer/byte-level.ts";
import { littleEndian } from "./mutate-bytes.ts";

/** A metadata value's bytes and how they are announced. */
export interface DraftEntry {
  key: string;
  type: number;
  value: Uint8Array;
}

/** A tensor's line in the header. */
export interface DraftTensor {
  name: string;
  /** Fastest first; as many as `dimensionCount` says, or not. */
  dimensions: bigint[];
  dimensionCount: number;
  type: number;
  offset: bigint;
}

/** A file. */
export interface Draft {
  magic: string;
  version: number;
  tensorCount: bigint;
  entryCount: bigint;
  entries: DraftEntry[];
  tensors: DraftTensor[];
  data: Uint8Array;
}

/** Types of values by their numbers. */
export const valueType = { u32: 4, i32: 5, f32: 6, bool: 7, string: 8, array: 9, u64: 10, f64: 12 } as const;

const encoder = new TextEncoder();

/** A length and that many bytes; the length may be another. */
export function stringBytes(text: string | Uint8Array, length?: bigint): Uint8Array {
  const bytes = typeof text === "string" ? encoder.encode(text) : text;
  return concat(littleEndian(length ?? BigInt(bytes.length), 8), bytes);
}

/** An array's type, length and items; the length may be another. */
export function arrayBytes(type: number, items: Iterable<number>[], length?: bigint): Uint8Array {
  return concat(littleEndian(BigInt(type), 4), littleEndian(length ?? BigInt(items.length), 8), ...items);
}

/** The file. */
export function encodeDraft({ magic, version, tensorCount, entryCount, entries, tensors, data }: Draft): Uint8Array {
  const head = concat(
    encoder.encode(magic),
    littleEndian(BigInt(version), 4),
    littleEndian(tensorCount, 8),
    littleEndian(entryCount, 8),
    ...entries.flatMap(({ key, type, value }) => [stringBytes(key), littleEndian(BigInt(type), 4), value]),
    ...tensors.flatMap(({ name, dimensions, dimensionCount, type, offset }) => [
      stringBytes(name),
      littleEndian(BigInt(dimensionCount), 4),
      ...dimensions.map((size) => littleEndian(size, 8)),
      littleEndian(BigInt(type), 4),
      littleEndian(offset, 8),
    ]),
  );
  return concat(head, new Uint8Array((32 - (head.length % 32)) % 32), data);
}

/** The bytes of all parts, one after the other. */
export function concat(...parts: Iterable<number>[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts.map((part) => Uint8Array.from(part))));
}

const u32 = (key: string, value: number): DraftEntry => ({
  key,
  type: 4,
  value: concat(littleEndian(BigInt(value), 4)),
});
const f32 = (key: string, value: number): DraftEntry => ({ key, type: 6, value: float(value) });
const text = (key: string, value: string): DraftEntry => ({ key, type: 8, value: stringBytes(value) });
const flag = (key: string, value: boolean): DraftEntry => ({ key, type: 7, value: Uint8Array.of(Number(value)) });
const strings = (key: string, items: string[]): DraftEntry => ({
  key,
  type: 9,
  value: arrayBytes(
    valueType.string,
    items.map((item) => stringBytes(item)),
  ),
});
const numbers = (key: string, type: number, items: Uint8Array[]): DraftEntry => ({
  key,
  type: 9,
  value: arrayBytes(type, items),
});

function float(value: number): Uint8Array {
  return new Uint8Array(Float32Array.of(value).buffer);
}

const int = (value: number) => Uint8Array.from(littleEndian(BigInt(value), 4));

const byteLevelTokens = [...byteToChar, "th", "he", "Ġt", "<|end|>"];
const pieces = [
  ...["<unk>", "<s>", "</s>"],
  ...Array.from({ length: 256 }, (_, i) => `<0x${i.toString(16).toUpperCase().padStart(2, "0")}>`),
  ...["▁", "t", "h", "e", "▁t", "he", "▁the", "é"],
];

function byteLevel(): DraftEntry[] {
  return [
    text("tokenizer.ggml.model", "gpt2"),
    text("tokenizer.ggml.pre", "smollm"),
    strings("tokenizer.ggml.tokens", byteLevelTokens),
    numbers(
      "tokenizer.ggml.token_type",
      5,
      byteLevelTokens.map((token) => int(token === "<|end|>" ? 3 : 1)),
    ),
    strings("tokenizer.ggml.merges", ["t h", "h e", "Ġ t"]),
    u32("tokenizer.ggml.eos_token_id", byteLevelTokens.length - 1),
    text("tokenizer.chat_template", "{{ messages }}"),
  ];
}

function sentencePiece(): DraftEntry[] {
  const kind = (id: number) => (id === 0 ? 2 : id < 3 ? 3 : id < 259 ? 6 : 1);
  return [
    text("tokenizer.ggml.model", "llama"),
    strings("tokenizer.ggml.tokens", pieces),
    numbers(
      "tokenizer.ggml.scores",
      6,
      pieces.map((_, id) => float(-id)),
    ),
    numbers(
      "tokenizer.ggml.token_type",
      5,
      pieces.map((_, id) => int(kind(id))),
    ),
    u32("tokenizer.ggml.bos_token_id", 1),
    u32("tokenizer.ggml.eos_token_id", 2),
    u32("tokenizer.ggml.unknown_token_id", 0),
    flag("tokenizer.ggml.add_bos_token", true),
    flag("tokenizer.ggml.add_space_prefix", true),
  ];
}

/** An honest file of one block of width 32 with matrices in Q8_0. */
export function honestDraft(kind: "gpt2" | "llama"): Draft {
  const vocabulary = kind === "gpt2" ? byteLevelTokens.length : pieces.length;
  const entries = [
    text("general.architecture", "llama"),
    u32("general.alignment", 32),
    u32("llama.block_count", 1),
    u32("llama.context_length", 64),
    u32("llama.embedding_length", 32),
    u32("llama.feed_forward_length", 32),
    u32("llama.attention.head_count", 4),
    u32("llama.attention.head_count_kv", 2),
    f32("llama.attention.layer_norm_rms_epsilon", 1e-5),
    f32("llama.rope.freq_base", 10_000),
    ...(kind === "gpt2" ? byteLevel() : sentencePiece()),
  ];
  const block = (name: string) => `blk.0.${name}.weight`;
  const shapes: [name: string, rows: number][] = [
    ...([
      ["token_embd.weight", vocabulary],
      [block("attn_norm"), 0],
      [block("attn_q"), 32],
    ] as [string, number][]),
    ...([
      [block("attn_k"), 16],
      [block("attn_v"), 16],
      [block("attn_output"), 32],
    ] as [string, number][]),
    ...([
      [block("ffn_norm"), 0],
      [block("ffn_gate"), 32],
      [block("ffn_up"), 32],
    ] as [string, number][]),
    ...([
      [block("ffn_down"), 32],
      ["output_norm.weight", 0],
    ] as [string, number][]),
  ];
  let bytes = 0;
  const tensors = shapes.map(([name, rows]): DraftTensor => {
    const offset = BigInt(bytes);
    bytes += 32 * Math.ceil((rows === 0 ? 128 : 34 * rows) / 32);
    const dimensions = rows === 0 ? [32n] : [32n, BigInt(rows)];
    return { name, dimensions, dimensionCount: dimensions.length, type: rows === 0 ? 0 : 8, offset };
  });
  const [tensorCount, entryCount] = [BigInt(tensors.length), BigInt(entries.length)];
  return { magic: "GGUF", version: 3, tensorCount, entryCount, entries, tensors, data: new Uint8Array(bytes).fill(3) };
}
