// What a GGUF file's metadata say of an architecture, by name and type, and as the config.json that they came from.
import { invalidFile, quoteName, quoteValue } from "../errors.ts";
import type { GgufHeader } from "./header.ts";

/** Longest list of RoPE's factors. */
export const mostFactors = 4096;

/** Reads the fields of one architecture, `<architecture>.<key>`. */
export class ConfigFields {
  private readonly header: GgufHeader;
  private readonly architecture: string;
  private readonly where: string;
  private readonly tensors: ReadonlyMap<string, readonly number[]>;

  /** `where` prefixes messages. */
  constructor(header: GgufHeader, architecture: string, where: string) {
    this.header = header;
    this.architecture = architecture;
    this.where = where;
    this.tensors = new Map(header.tensors.map(({ name, shape }) => [name, shape]));
  }

  /** Whether there is a tensor. */
  has(tensor: string): boolean {
    return this.tensors.has(tensor);
  }

  /** @throws HandheldError `invalid-file` where it is missing without a fallback, or is not one number */
  number(key: string, fallback?: number): number {
    const value = this.value(key);
    if (value === undefined && fallback !== undefined) return fallback;
    // Some files give each layer its own number; here all must be alike.
    const first = Array.isArray(value) && value.every((item) => item === value[0]) ? value[0] : value;
    if (typeof first === "number" && Number.isFinite(first)) return rounded(first);
    const got = value === undefined ? "is missing" : `is not one number, but ${quoteValue(value)}`;
    throw invalidFile(this.where, `metadata "${this.architecture}.${key}" ${got}`);
  }

  flag(key: string, fallback: boolean): boolean {
    const value = this.value(key) ?? fallback;
    if (typeof value === "boolean") return value;
    throw invalidFile(this.where, `metadata "${this.architecture}.${key}" is not true or false`);
  }

  text(key: string, fallback: string): string {
    const value = this.value(key) ?? fallback;
    if (typeof value === "string") return value;
    throw invalidFile(this.where, `metadata "${this.architecture}.${key}" is not text`);
  }

  /** Width ÷ heads. */
  get widthPerHead(): number {
    return Math.floor(this.number("embedding_length") / this.number("attention.head_count"));
  }

  /** D. */
  get headSize(): number {
    return this.number("attention.key_length", this.widthPerHead);
  }

  /** Rows of a tensor. @throws HandheldError `invalid-file` where there is none */
  rows(tensor: string): number {
    const shape = this.tensors.get(tensor);
    if (shape === undefined) throw invalidFile(this.where, `no tensor ${quoteName(tensor)}`);
    return shape[0]!;
  }

  /** The factors in a tensor; null where there is none. */
  factors(tensor: string): readonly number[] | null {
    return this.header.factors.get(tensor) ?? null;
  }

  private value(key: string) {
    return this.header.metadata.get(`${this.architecture}.${key}`);
  }
}

/** What config.json says in every family, under all the names that it has for it. */
export function commonConfig(fields: ConfigFields): Record<string, unknown> {
  const heads = fields.number("attention.head_count");
  const context = fields.number("context_length");
  const width = fields.number("embedding_length");
  const ffnWidth = fields.number("feed_forward_length");
  const epsilon = fields.number(
    "attention.layer_norm_rms_epsilon",
    fields.number("attention.layer_norm_epsilon", 1e-5),
  );
  const turned = fields.number("rope.dimension_count", fields.headSize);
  const part = turned === fields.headSize ? 1 : (turned + 1e-6) / fields.headSize; // is multiplied and rounded down again
  return {
    ...{ hidden_size: width, intermediate_size: ffnWidth, n_inner: ffnWidth },
    ...{ num_hidden_layers: fields.number("block_count"), num_attention_heads: heads },
    ...{ num_key_value_heads: fields.number("attention.head_count_kv", heads), head_dim: fields.headSize },
    ...{ vocab_size: fields.rows("token_embd.weight"), tie_word_embeddings: !fields.has("output.weight") },
    ...{ max_position_embeddings: context, seq_length: context },
    ...{ rms_norm_eps: epsilon, layer_norm_eps: epsilon, layer_norm_epsilon: epsilon, norm_eps: epsilon },
    ...{ rope_theta: fields.number("rope.freq_base", 10_000), partial_rotary_factor: part },
    ...scaling(fields, context),
  };
}

/** How RoPE is scaled: by a factor, or by factors in tensors. */
function scaling(fields: ConfigFields, context: number): Record<string, unknown> {
  const same = fields.factors("rope_freqs.weight");
  const [short, long] = [fields.factors("rope_factors_short.weight"), fields.factors("rope_factors_long.weight")];
  if (short !== null && long !== null) {
    const original = fields.number("rope.scaling.original_context_length", context);
    const factor = context / original;
    const usual = factor > 1 ? Math.sqrt(1 + Math.log(factor) / Math.log(original)) : 1;
    const attention_factor = fields.number("rope.scaling.attn_factor", usual);
    return {
      original_max_position_embeddings: original,
      rope_scaling: { rope_type: "longrope", short_factor: short, long_factor: long, attention_factor },
    };
  }
  if (same !== null) {
    const rope_scaling = { rope_type: "longrope", short_factor: same, long_factor: same, attention_factor: 1 };
    return { original_max_position_embeddings: context, rope_scaling };
  }
  const type = fields.text("rope.scaling.type", "none");
  return type === "none" ? {} : { rope_scaling: { rope_type: type, factor: fields.number("rope.scaling.factor", 1) } };
}

/** Floats of the file as they were meant: 1e-5 came as 9.999999747378752e-6. */
function rounded(value: number): number {
  return Number.isInteger(value) || Math.fround(value) !== value ? value : Number(value.toPrecision(7));
}
