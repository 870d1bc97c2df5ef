// config.json as several families write it, shortened to what says something of the architecture: seeds for damaged ones.

const llama = {
  model_type: "llama",
  ...{
    hidden_size: 576,
    intermediate_size: 1536,
    num_hidden_layers: 30,
    num_attention_heads: 9,
    num_key_value_heads: 3,
  },
  ...{ hidden_act: "silu", rms_norm_eps: 1e-5, rope_theta: 10000, vocab_size: 49152, max_position_embeddings: 2048 },
  ...{ tie_word_embeddings: true, attention_bias: false, mlp_bias: false, rope_scaling: null, head_dim: 64 },
  ...{ bos_token_id: 1, eos_token_id: [2, 3], torch_dtype: "bfloat16", architectures: ["LlamaForCausalLM"] },
};

const quantized = {
  ...{ quant_method: "handheld", bits: 4, group_size: 32, symmetric: true, scale_dtype: "bfloat16" },
  layout: "8 rows x 32 columns",
};

const gpt = { vocab_size: 50257, layer_norm_epsilon: 1e-5, activation_function: "gelu_new", tie_word_embeddings: true };

/** One config per family or variant. */
export const configs: readonly Record<string, unknown>[] = [
  llama,
  { ...llama, quantization_config: quantized },
  {
    ...llama,
    rope_scaling: {
      ...{ rope_type: "llama3", factor: 32, low_freq_factor: 1, high_freq_factor: 4 },
      original_max_position_embeddings: 8192,
    },
  },
  { ...llama, rope_parameters: { rope_type: "default", rope_theta: 5e5 }, rope_scaling: undefined },
  { ...llama, rope_scaling: { type: "linear", factor: 2 } },
  { ...llama, rope_scaling: { rope_type: "yarn", factor: 4, beta_fast: 32, beta_slow: 1, mscale: 1 } },
  { ...llama, rope_scaling: { rope_type: "dynamic", factor: 2, alpha: 1000 } },
  { ...llama, model_type: "phonelm", hidden_act: "relu" },
  { ...llama, model_type: "mobilellm", share_embedding: true, layer_sharing: true },
  {
    ...{ ...llama, model_type: "handheld", norm_type: "layer", gated_mlp: false, rope_table: "int8", layer_repeat: 2 },
  },
  { ...llama, model_type: "qwen2", use_sliding_window: false, sliding_window: 32768, max_window_layers: 24 },
  { ...llama, model_type: "qwen3", head_dim: 128, layer_types: Array.from({ length: 30 }, () => "full_attention") },
  { ...llama, model_type: "mistral", sliding_window: 4096 },
  { ...llama, model_type: "smollm3", no_rope_layers: Array.from({ length: 30 }, (_, i) => Number(i % 4 < 3)) },
  { ...llama, model_type: "gemma", hidden_activation: "gelu_pytorch_tanh" },
  {
    ...{ ...llama, model_type: "gemma2", hidden_activation: "gelu_pytorch_tanh", query_pre_attn_scalar: 256 },
    ...{ attn_logit_softcapping: 50, final_logit_softcapping: 30, sliding_window: 4096 },
  },
  {
    ...{ ...llama, model_type: "gemma3_text", hidden_activation: "gelu_pytorch_tanh", query_pre_attn_scalar: 256 },
    ...{ rope_local_base_freq: 10000, sliding_window: 512, sliding_window_pattern: 6 },
  },
  { ...llama, model_type: "phi", partial_rotary_factor: 0.5, layer_norm_eps: 1e-5, qk_layernorm: false },
  {
    ...{ ...llama, model_type: "phi3", original_max_position_embeddings: 4096, partial_rotary_factor: 1 },
    rope_scaling: {
      type: "longrope",
      ...{ short_factor: Array.from({ length: 32 }, () => 1.1), long_factor: Array.from({ length: 32 }, () => 2.5) },
    },
  },
  { ...gpt, model_type: "gpt2", n_embd: 768, n_layer: 12, n_head: 12, n_positions: 1024, n_inner: null },
  {
    ...{ ...gpt, model_type: "gpt_neo", hidden_size: 768, num_layers: 12, num_heads: 12, window_size: 256 },
    attention_types: [[["global", "local"], 6]],
  },
  { ...llama, model_type: "gpt_neox", rotary_pct: 0.25, rotary_emb_base: 10000, use_parallel_residual: true },
  { ...gpt, model_type: "gptj", n_embd: 4096, n_layer: 28, n_head: 16, rotary_dim: 64, n_positions: 2048 },
  { ...gpt, model_type: "gpt_bigcode", n_embd: 768, n_layer: 12, n_head: 12, multi_query: true },
  {
    ...{ model_type: "opt", hidden_size: 768, ffn_dim: 3072, num_hidden_layers: 12, num_attention_heads: 12 },
    ...{ activation_function: "relu", do_layer_norm_before: true, word_embed_proj_dim: 768, vocab_size: 50272 },
    ...{ max_position_embeddings: 2048, enable_bias: true, layer_norm_elementwise_affine: true },
  },
  {
    ...{ model_type: "bloom", hidden_size: 1024, n_layer: 24, n_head: 16, vocab_size: 250880 },
    ...{ layer_norm_epsilon: 1e-5, apply_residual_connection_post_layernorm: false },
  },
  {
    ...{ model_type: "falcon", hidden_size: 2048, num_hidden_layers: 24, num_attention_heads: 32, vocab_size: 50304 },
    ...{ alibi: true, multi_query: true, parallel_attn: true, new_decoder_architecture: false, bias: true },
  },
  { ...llama, model_type: "stablelm", partial_rotary_factor: 0.25, use_qkv_bias: true, layer_norm_eps: 1e-5 },
  { ...llama, model_type: "stablelm_epoch", rope_pct: 0.25, norm_eps: 1e-5 },
  { ...llama, model_type: "olmo", clip_qkv: null },
  { ...llama, model_type: "olmo2" },
  {
    ...{ model_type: "openelm", model_dim: 1280, num_transformer_layers: 3, head_dim: 64, vocab_size: 32000 },
    ...{ num_query_heads: [12, 16, 20], num_kv_heads: [3, 4, 5], ffn_multipliers: [0.5, 1.73, 4] },
    ...{ num_gqa_groups: 4, qkv_multipliers: [0.5, 1], rope_freq_constant: 10000, max_context_length: 2048 },
    ...{ share_input_output_layers: true, normalize_qk_projections: true, ffn_dim_divisor: 256 },
    ...{ activation_fn_name: "swish", normalization_layer_name: "rms_norm", ffn_with_glu: true },
  },
  { ...llama, model_type: "granite", embedding_multiplier: 12, residual_multiplier: 0.22, logits_scaling: 8 },
  { ...llama, model_type: "minicpm", scale_emb: 12, scale_depth: 1.4, dim_model_base: 256 },
  {
    ...{ ...llama, model_type: "minicpm3", q_lora_rank: 768, kv_lora_rank: 256, qk_nope_head_dim: 64 },
    ...{ qk_rope_head_dim: 32, v_head_dim: 64, scale_emb: 12, scale_depth: 1.4, dim_model_base: 256 },
  },
  { ...llama, model_type: "internlm2", bias: false },
  { ...llama, model_type: "nemotron", hidden_act: "relu2", norm_eps: 1e-5, partial_rotary_factor: 0.5 },
  { ...llama, model_type: "starcoder2", use_bias: true, norm_epsilon: 1e-5, sliding_window: 4096 },
  { ...llama, model_type: "cohere", logit_scale: 0.0625, use_qk_norm: false, layer_norm_eps: 1e-5 },
  { ...llama, model_type: "qwen", kv_channels: 128, seq_length: 8192, no_bias: true, layer_norm_epsilon: 1e-6 },
  { ...llama, model_type: "mpt", d_model: 768, n_layers: 12, attn_config: { alibi: true, clip_qkv: null } },
  { ...llama, model_type: "codegen", rotary_dim: 32, n_ctx: 2048 },
  { ...llama, model_type: "biogpt", scale_embedding: true },
  { ...llama, model_type: "persimmon", qk_layernorm: true, partial_rotary_factor: 0.5 },
];
