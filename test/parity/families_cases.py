"""The tiny models of families.py: for each fixture the config.json of a family with its options switched on, and how its
files differ from what transformers would write, so that they look as those on the hub do. Data, and no computation.
"""

from dataclasses import dataclass, field

import torch


@dataclass
class Case:
    """One fixture: a folder of this name."""

    # config.json; sizes are odd on purpose.
    config: dict
    # Changes to config.json of which each must change the logits: what shows that an option is not idle.
    matters: list[dict] = field(default_factory=list)
    dtype: torch.dtype = torch.float32
    # Number of safetensors files.
    shards: int = 1
    # Leave out of config.json whatever is the family's default; and these keys in any case.
    sparse: bool = False
    omit: tuple[str, ...] = ()
    # Keys of config.json under other names, and keys besides.
    rename: dict[str, str] = field(default_factory=dict)
    extra: dict = field(default_factory=dict)
    # A prefix that the names of the tensors do not have on the hub.
    prefix: str = ""
    # Buffers [size] of zeros that stand among the tensors of hub repositories and mean nothing; {i} is a layer.
    buffers: dict[str, tuple[int, ...]] = field(default_factory=dict)
    # Tensors that stand in the file a second time: name of the copy → name of the original.
    copies: dict[str, str] = field(default_factory=dict)
    # Tokens of the prompts; the second is beyond windows and original contexts.
    short: int = 9
    long: int = 60
    # Length beyond which the rotary frequencies of every position change, and a prompt whose continuation gets there.
    switches_at: int | None = None
    crossing: int = 0


def llama(**changes):
    return dict(
        model_type="llama",
        vocab_size=97,
        hidden_size=40,
        intermediate_size=72,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        hidden_act="silu",
        max_position_embeddings=128,
        rms_norm_eps=1e-5,
        rope_theta=10000.0,
        tie_word_embeddings=False,
    ) | changes


LLAMA3 = dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=32)
NO_SCALING = dict(rope_scaling=None)

CASES: dict[str, Case] = {
    "llama-tied": Case(llama(tie_word_embeddings=True, rms_norm_eps=1e-6), sparse=True, omit=("head_dim",)),
    "llama-untied": Case(llama(rope_theta=500.0, num_key_value_heads=1), [dict(rope_theta=10000.0)], torch.float16),
    "llama-head-dim": Case(llama(num_attention_heads=3, num_key_value_heads=1, head_dim=14, vocab_size=101)),
    "llama-biases": Case(llama(attention_bias=True, mlp_bias=True, vocab_size=83)),
    "llama-rope-llama3": Case(
        llama(hidden_size=48, num_attention_heads=3, num_key_value_heads=1, tie_word_embeddings=True, rope_scaling=LLAMA3),
        [NO_SCALING, dict(rope_scaling=LLAMA3 | dict(high_freq_factor=1.5))],
        torch.bfloat16,
    ),
    "llama-rope-linear": Case(llama(rope_scaling=dict(type="linear", factor=4.0)), [NO_SCALING]),
    "llama-sharded": Case(llama(vocab_size=71, num_key_value_heads=4), dtype=torch.bfloat16, shards=3),
    "fox": Case(llama(vocab_size=131, num_key_value_heads=1, tie_word_embeddings=True), dtype=torch.bfloat16),
    "danube3": Case(
        llama(hidden_size=56, intermediate_size=88, vocab_size=89, rope_theta=100000.0, attention_bias=False),
        dtype=torch.bfloat16,
    ),
    "danube2": Case(llama(model_type="mistral", sliding_window=None, vocab_size=73), dtype=torch.bfloat16),
    "mistral": Case(
        llama(model_type="mistral", sliding_window=13, head_dim=12, vocab_size=79),
        [dict(sliding_window=None), dict(sliding_window=14)],
    ),
    "qwen2-tied": Case(
        llama(model_type="qwen2", tie_word_embeddings=True, use_sliding_window=False, sliding_window=12, max_window_layers=1)
        | dict(rms_norm_eps=1e-6, rope_theta=1000000.0),
        [dict(use_sliding_window=True)],
        omit=("layer_types",),
        extra=dict(sliding_window=12),
    ),
    "qwen2-window": Case(
        llama(model_type="qwen2", num_hidden_layers=3, use_sliding_window=True, sliding_window=12, max_window_layers=1)
        | dict(vocab_size=67, intermediate_size=56),
        [dict(use_sliding_window=False), dict(max_window_layers=2), dict(max_window_layers=0)],
        omit=("layer_types",),
    ),
    "qwen3": Case(
        llama(model_type="qwen3", head_dim=12, rms_norm_eps=1e-6, tie_word_embeddings=True, use_sliding_window=False)
        | dict(rope_theta=1000000.0),
        dtype=torch.bfloat16,
        omit=("layer_types",),
    ),
    "qwen3-biases": Case(
        llama(model_type="qwen3", head_dim=16, attention_bias=True, use_sliding_window=True, sliding_window=11)
        | dict(max_window_layers=1),
        [dict(sliding_window=20)],
    ),
    "gpt2": Case(
        dict(model_type="gpt2", vocab_size=97, n_positions=128, n_embd=36, n_layer=2, n_head=3),
        sparse=True,
        prefix="transformer.",
        buffers={"h.{i}.attn.bias": (1, 1, 16, 16)},
        extra=dict(n_ctx=128),
    ),
    "gpt2-cerebras": Case(
        dict(model_type="gpt2", vocab_size=89, n_positions=128, n_embd=40, n_layer=3, n_head=4, n_inner=76)
        | dict(activation_function="gelu", scale_attn_by_inverse_layer_idx=True, layer_norm_epsilon=1e-3),
        [dict(activation_function="gelu_new"), dict(scale_attn_by_inverse_layer_idx=False), dict(layer_norm_epsilon=1e-5)],
    ),
    "gpt2-unscaled": Case(
        dict(model_type="gpt2", vocab_size=71, n_positions=96, n_embd=40, n_layer=2, n_head=5, scale_attn_weights=False)
        | dict(tie_word_embeddings=False, activation_function="relu"),
        [dict(scale_attn_weights=True)],
    ),
    "gpt-neox": Case(
        dict(model_type="gpt_neox", vocab_size=97, hidden_size=48, num_hidden_layers=2, num_attention_heads=3)
        | dict(intermediate_size=100, max_position_embeddings=128, rotary_pct=0.25, use_parallel_residual=True),
        [dict(use_parallel_residual=False), dict(rotary_pct=0.5)],
        torch.float16,
        sparse=True,
        buffers={
            "gpt_neox.layers.{i}.attention.bias": (1, 1, 16, 16),
            "gpt_neox.layers.{i}.attention.masked_bias": (),
            "gpt_neox.layers.{i}.attention.rotary_emb.inv_freq": (2,),
        },
    ),
    "gpt-neox-sequential": Case(
        dict(model_type="gpt_neox", vocab_size=83, hidden_size=40, num_hidden_layers=2, num_attention_heads=4)
        | dict(intermediate_size=72, max_position_embeddings=128, rotary_pct=0.4, use_parallel_residual=False)
        | dict(attention_bias=False, tie_word_embeddings=True, rotary_emb_base=500, hidden_act="gelu_new"),
        [dict(use_parallel_residual=True), dict(rotary_emb_base=10000), dict(hidden_act="gelu")],
    ),
    "opt": Case(
        dict(model_type="opt", vocab_size=97, hidden_size=40, num_hidden_layers=2, num_attention_heads=4, ffn_dim=72)
        | dict(max_position_embeddings=128, word_embed_proj_dim=40),
        [dict(activation_function="gelu")],
        torch.float16,
        sparse=True,
    ),
    "opt-350m": Case(
        dict(model_type="opt", vocab_size=89, hidden_size=40, num_hidden_layers=2, num_attention_heads=5, ffn_dim=76)
        | dict(max_position_embeddings=128, word_embed_proj_dim=28, do_layer_norm_before=False),
        [dict(do_layer_norm_before=True)],
    ),
    "opt-galactica": Case(
        dict(model_type="opt", vocab_size=79, hidden_size=40, num_hidden_layers=2, num_attention_heads=4, ffn_dim=72)
        | dict(max_position_embeddings=128, word_embed_proj_dim=40, enable_bias=False, layer_norm_elementwise_affine=False)
        | dict(activation_function="gelu"),
        [dict(activation_function="relu")],
    ),
    "bloom": Case(
        dict(model_type="bloom", vocab_size=97, hidden_size=48, n_layer=2, n_head=6, layer_norm_epsilon=1e-5),
        prefix="transformer.",
        rename=dict(hidden_size="n_embed", n_head="num_attention_heads"),
        extra=dict(seq_length=128),
    ),
    "bloom-post-layernorm": Case(
        dict(model_type="bloom", vocab_size=83, hidden_size=40, n_layer=2, n_head=4)
        | dict(apply_residual_connection_post_layernorm=True, layer_norm_epsilon=1e-3),
        [dict(apply_residual_connection_post_layernorm=False), dict(layer_norm_epsilon=1e-5)],
        torch.bfloat16,
    ),
    "phi": Case(
        dict(model_type="phi", vocab_size=97, hidden_size=48, intermediate_size=100, num_hidden_layers=2)
        | dict(num_attention_heads=3, max_position_embeddings=128, partial_rotary_factor=0.5),
        [dict(partial_rotary_factor=1.0)],
        torch.float16,
        sparse=True,
    ),
    "phi-qk-layernorm": Case(
        dict(model_type="phi", vocab_size=83, hidden_size=48, intermediate_size=72, num_hidden_layers=2)
        | dict(num_attention_heads=4, num_key_value_heads=2, qk_layernorm=True, partial_rotary_factor=0.34)
        | dict(max_position_embeddings=128, rope_theta=500.0, hidden_act="gelu"),
        [dict(rope_theta=10000.0), dict(hidden_act="gelu_new")],
    ),
    "phi3": Case(
        llama(model_type="phi3", sliding_window=15, pad_token_id=0, original_max_position_embeddings=128, vocab_size=91),
        [dict(sliding_window=None)],
        torch.bfloat16,
    ),
    "phi3-longrope": Case(
        llama(model_type="phi3", hidden_size=48, num_attention_heads=3, num_key_value_heads=1, partial_rotary_factor=0.75)
        | dict(original_max_position_embeddings=44, tie_word_embeddings=True, pad_token_id=0, sliding_window=262144)
        | dict(
            rope_scaling=dict(
                type="longrope",
                short_factor=[1.0, 1.1, 1.25, 1.5, 1.9, 2.2],
                long_factor=[1.3, 1.9, 2.8, 4.1, 6.0, 9.5],
            )
        ),
        [NO_SCALING, dict(partial_rotary_factor=1.0, rope_scaling=None), dict(max_position_embeddings=64)],
        switches_at=44,
        crossing=29,
    ),
    "stablelm": Case(
        llama(model_type="stablelm", hidden_size=48, num_attention_heads=3, num_key_value_heads=1, use_qkv_bias=True)
        | dict(layer_norm_eps=1e-5, partial_rotary_factor=0.25),
        [dict(partial_rotary_factor=0.5)],
        torch.float16,
        omit=("rms_norm_eps",),
    ),
    "stablelm-3b": Case(
        llama(model_type="stablelm", hidden_size=48, num_attention_heads=3, num_key_value_heads=3, vocab_size=73),
        [dict(partial_rotary_factor=0.5)],
        sparse=True,
        omit=("rms_norm_eps",),
    ),
    "stablelm-12b": Case(
        llama(model_type="stablelm", qk_layernorm=True, use_parallel_residual=True, partial_rotary_factor=0.4)
        | dict(layer_norm_eps=1e-3, vocab_size=67),
        [dict(use_parallel_residual=False), dict(layer_norm_eps=1e-5)],
        omit=("rms_norm_eps",),
    ),
    "gemma": Case(
        llama(model_type="gemma", head_dim=14, num_key_value_heads=1, rms_norm_eps=1e-6, tie_word_embeddings=True)
        | dict(hidden_act="gelu_pytorch_tanh"),
        [dict(hidden_act="gelu")],
        torch.bfloat16,
        sparse=True,
    ),
    "gemma2": Case(
        llama(model_type="gemma2", head_dim=12, tie_word_embeddings=True, query_pre_attn_scalar=20, sliding_window=12)
        | dict(attn_logit_softcapping=1.5, final_logit_softcapping=2.5, hidden_activation="gelu_pytorch_tanh")
        | dict(num_hidden_layers=3, vocab_size=79, intermediate_size=56),
        [
            dict(attn_logit_softcapping=None),
            dict(final_logit_softcapping=None),
            dict(query_pre_attn_scalar=12),
            dict(sliding_window=64),
        ],
        omit=("layer_types", "hidden_act"),
    ),
    "gemma3": Case(
        llama(model_type="gemma3_text", head_dim=12, tie_word_embeddings=True, query_pre_attn_scalar=10, sliding_window=12)
        | dict(num_hidden_layers=4, sliding_window_pattern=3, rope_theta=2000.0, rope_local_base_freq=100.0, vocab_size=67)
        | dict(rope_scaling=dict(rope_type="linear", factor=8.0), hidden_activation="gelu_pytorch_tanh")
        | dict(hidden_size=36, intermediate_size=44, num_attention_heads=4, num_key_value_heads=1, rms_norm_eps=1e-6),
        [
            dict(rope_scaling=None),
            dict(rope_local_base_freq=2000.0),
            dict(rope_theta=100.0),
            dict(sliding_window=64),
            dict(query_pre_attn_scalar=12),
        ],
        omit=("layer_types", "hidden_act", "_sliding_window_pattern"),
        extra=dict(sliding_window_pattern=3),
    ),
    "gemma3-layer-types": Case(
        llama(model_type="gemma3_text", head_dim=10, tie_word_embeddings=True, query_pre_attn_scalar=256, sliding_window=12)
        | dict(num_hidden_layers=3, vocab_size=61, rms_norm_eps=1e-6, hidden_act=None, final_logit_softcapping=2.0)
        | dict(layer_types=["full_attention", "sliding_attention", "sliding_attention"], intermediate_size=56),
        [dict(final_logit_softcapping=None)],
        torch.bfloat16,
        omit=("hidden_act",),
    ),
    "olmo": Case(
        llama(model_type="olmo", clip_qkv=0.9, pad_token_id=1, vocab_size=89),
        [dict(clip_qkv=None)],
        omit=("rms_norm_eps",),
    ),
    "olmo-unclipped": Case(
        llama(model_type="olmo", pad_token_id=1, tie_word_embeddings=True, num_key_value_heads=4),
        dtype=torch.float16,
        sparse=True,
        omit=("rms_norm_eps",),
    ),
    "olmo2": Case(llama(model_type="olmo2", pad_token_id=1, vocab_size=101, attention_bias=True, rope_theta=500000.0)),
    "nemotron": Case(
        llama(model_type="nemotron", head_dim=16, hidden_act="relu2", norm_eps=1e-5, partial_rotary_factor=0.5),
        [dict(partial_rotary_factor=1.0), dict(hidden_act="relu")],
        torch.bfloat16,
        sparse=True,
        omit=("rms_norm_eps",),
    ),
    "nemotron-biases": Case(
        llama(model_type="nemotron", hidden_size=48, num_attention_heads=4, norm_eps=1e-3, partial_rotary_factor=0.5)
        | dict(hidden_act="relu2", attention_bias=True, mlp_bias=True, vocab_size=79),
        [dict(norm_eps=1e-5)],
        omit=("rms_norm_eps",),
    ),
    "granite": Case(
        llama(model_type="granite", embedding_multiplier=3.0, attention_multiplier=0.2, residual_multiplier=0.4)
        | dict(logits_scaling=0.5, tie_word_embeddings=True, attention_bias=True, mlp_bias=True, vocab_size=79),
        [
            dict(embedding_multiplier=1.0),
            dict(attention_multiplier=1.0),
            dict(residual_multiplier=1.0),
            dict(logits_scaling=1.0),
        ],
    ),
    "mobilellm": Case(
        llama(model_type="mobilellm", share_embedding=True, layer_sharing=True, attention_bias=False, mlp_bias=False)
        | dict(head_dim=10, architectures=["MobileLLMForCausalLM"]),
        [dict(layer_sharing=False)],
        torch.float16,
    ),
    "mobilellm-plain": Case(
        llama(model_type="mobilellm", share_embedding=False, layer_sharing=False, head_dim=12, vocab_size=71)
        | dict(num_attention_heads=3, num_key_value_heads=1, architectures=["MobileLLMForCausalLM"]),
        [dict(layer_sharing=True)],
    ),
    "mobillama": Case(
        llama(model_type="mobillama", architectures=["MobiLlamaForCausalLM"], vocab_size=83)
        | dict(auto_map=dict(AutoModelForCausalLM="modeling_mobillama.MobiLlamaForCausalLM")),
        copies={f"model.layers.1.mlp.{p}_proj.weight": f"model.layers.0.mlp.{p}_proj.weight" for p in ("gate", "up", "down")},
    ),
    "mobillama-once": Case(
        llama(model_type="mobillama", architectures=["MobiLlamaForCausalLM"], vocab_size=71, num_hidden_layers=3)
        | dict(auto_map=dict(AutoModelForCausalLM="modeling_mobillama.MobiLlamaForCausalLM")),
        dtype=torch.float16,
    ),
    "phonelm": Case(
        llama(model_type="phonelm", hidden_act="relu", rms_norm_eps=1e-6, num_key_value_heads=4)
        | dict(tie_word_embeddings=True, architectures=["PhoneLMForCausalLM"]),
        # As a Llama, with tables that are not rounded.
        [dict(hidden_act="silu"), dict(model_type="llama")],
        torch.bfloat16,
    ),
    "minicpm": Case(
        llama(model_type="minicpm", scale_emb=12, scale_depth=1.4, dim_model_base=16, architectures=["MiniCPMForCausalLM"])
        | dict(rms_norm_eps=1e-5),
        [dict(scale_emb=1), dict(scale_depth=1), dict(dim_model_base=40)],
        torch.bfloat16,
        omit=("tie_word_embeddings", "rope_theta"),
    ),
    "minicpm-longrope": Case(
        llama(model_type="minicpm", scale_emb=2, scale_depth=1.4, dim_model_base=20, architectures=["MiniCPMForCausalLM"])
        | dict(
            tie_word_embeddings=False,
            rope_scaling=dict(
                rope_type="longrope",
                short_factor=[1.0, 1.1, 1.25, 1.5, 1.9],
                long_factor=[1.3, 1.9, 2.8, 4.1, 6.0],
                original_max_position_embeddings=32,
            ),
        ),
        [NO_SCALING, dict(max_position_embeddings=32), dict(max_position_embeddings=64)],
    ),
    "minicpm3": Case(
        llama(model_type="minicpm3", architectures=["MiniCPM3ForCausalLM"], num_key_value_heads=4, vocab_size=73)
        | dict(q_lora_rank=22, kv_lora_rank=18, qk_nope_head_dim=14, qk_rope_head_dim=8, attention_bias=True)
        | dict(scale_emb=12, scale_depth=1.4, dim_model_base=16, rms_norm_eps=1e-3)
        | dict(
            rope_scaling=dict(
                type="longrope",
                short_factor=[1.0, 1.2, 1.6, 2.3],
                long_factor=[1.3, 2.1, 3.4, 6.0],
                original_max_position_embeddings=128,
            ),
        ),
        [NO_SCALING, dict(rms_norm_eps=1e-6), dict(max_position_embeddings=160)],
        omit=("tie_word_embeddings",),
    ),
    "minicpm3-plain": Case(
        llama(model_type="minicpm3", architectures=["MiniCPM3ForCausalLM"], num_key_value_heads=4, vocab_size=89)
        | dict(q_lora_rank=30, kv_lora_rank=14, qk_nope_head_dim=6, qk_rope_head_dim=10)
        | dict(scale_emb=3, scale_depth=1.1, dim_model_base=24),
        dtype=torch.bfloat16,
    ),
    "qwen": Case(
        dict(model_type="qwen", architectures=["QWenLMHeadModel"], vocab_size=97, hidden_size=40, intermediate_size=144)
        | dict(num_hidden_layers=2, num_attention_heads=4, kv_channels=10, layer_norm_epsilon=1e-6, rotary_pct=1.0)
        | dict(rotary_emb_base=10000, seq_length=128, max_position_embeddings=128, no_bias=True, scale_attn_weights=True)
        | dict(use_dynamic_ntk=True, use_logn_attn=True, use_flash_attn="auto", tie_word_embeddings=False)
        | dict(attn_dropout_prob=0.0, emb_dropout_prob=0.0, bf16=False, fp16=False, fp32=False, use_cache=True),
        dtype=torch.float16,
    ),
    "openelm": Case(
        dict(model_type="openelm", architectures=["OpenELMForCausalLM"], vocab_size=97, model_dim=40, head_dim=10)
        | dict(num_transformer_layers=3, num_gqa_groups=2, num_query_heads=[2, 4, 4], num_kv_heads=[1, 2, 2])
        | dict(qkv_multipliers=[0.5, 1.0], ffn_multipliers=[0.5, 1.25, 2.0], ffn_dim_divisor=8, ffn_with_glu=True)
        | dict(activation_fn_name="swish", normalization_layer_name="rms_norm", normalize_qk_projections=True)
        | dict(share_input_output_layers=True, rope_freq_constant=10000, rope_max_length=256, max_context_length=128),
    ),
    "openelm-derived": Case(
        dict(model_type="openelm", architectures=["OpenELMForCausalLM"], vocab_size=71, model_dim=48, head_dim=8)
        | dict(num_transformer_layers=3, num_gqa_groups=2, qkv_multipliers=[0.5, 1.0], ffn_multipliers=[0.6, 1.9])
        | dict(ffn_dim_divisor=12, ffn_with_glu=False, activation_fn_name="relu", normalization_layer_name="rms_norm")
        | dict(normalize_qk_projections=False, share_input_output_layers=False, rope_freq_constant=500)
        | dict(rope_max_length=256, max_context_length=128),
        [dict(rope_freq_constant=10000), dict(activation_fn_name="swish")],
        torch.float16,
    ),
}

# Families that are named in an error: only their config.json.
OUT_OF_SCOPE = {
    "recurrent-gemma": dict(
        model_type="recurrent_gemma",
        architectures=["RecurrentGemmaForCausalLM"],
        vocab_size=67,
        hidden_size=40,
        intermediate_size=72,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=1,
        lru_width=40,
        attention_window_size=16,
        block_types=["recurrent", "recurrent", "attention"],
    ),
    "mamba": dict(
        model_type="mamba",
        architectures=["MambaForCausalLM"],
        vocab_size=67,
        hidden_size=40,
        num_hidden_layers=2,
        state_size=8,
        expand=2,
        conv_kernel=4,
        time_step_rank=4,
    ),
}
