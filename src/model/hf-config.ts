// Spec → Hugging Face config.json. Whatever transformers' Llama can express is written as model_type "llama", so the float
// weights open there; the rest is "handheld", with the spec itself. Reading is in families/.
import { type Spec, untrainable } from "../spec/spec.ts";
import { hfActivations } from "./families/config-reader.ts";

/** What a config.json carries besides the architecture. */
export interface HfConfigExtras {
  bosTokenId?: number | null;
  eosTokenId?: number | null;
  padTokenId?: number | null;
  /** Type of the stored floats, as transformers spells it. Default float32. */
  dtype?: "float32" | "float16" | "bfloat16";
}

/** True when transformers' LlamaForCausalLM computes exactly this architecture. */
export function isLlama(spec: Spec): boolean {
  const plain = untrainable(spec) === null;
  return plain && spec.norm === "rms" && spec.gated && spec.ropeTable === "f32" && spec.layerRepeat === 1;
}

/** The config.json object of a spec. {@link fromHfConfig} reads it back to an equal spec. */
export function toHfConfig(spec: Spec, extras: HfConfigExtras = {}): Record<string, unknown> {
  const llama = isLlama(spec);
  return {
    architectures: [llama ? "LlamaForCausalLM" : "HandheldForCausalLM"],
    model_type: llama ? "llama" : "handheld",
    hidden_size: spec.width,
    intermediate_size: spec.ffnWidth,
    num_hidden_layers: spec.layers,
    num_attention_heads: spec.heads,
    num_key_value_heads: spec.kvHeads,
    head_dim: spec.headSize,
    hidden_act: hfActivations[spec.activation][0],
    rms_norm_eps: spec.normEps,
    rope_theta: spec.ropeBase,
    tie_word_embeddings: spec.tiedEmbeddings,
    vocab_size: spec.vocabulary,
    max_position_embeddings: spec.context,
    attention_bias: false,
    mlp_bias: false,
    bos_token_id: extras.bosTokenId ?? null,
    eos_token_id: extras.eosTokenId ?? null,
    pad_token_id: extras.padTokenId ?? null,
    torch_dtype: extras.dtype ?? "float32",
    ...(llama ? {} : { spec }),
  };
}
