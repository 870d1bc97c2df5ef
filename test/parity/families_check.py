"""Checks families_reference.py against transformers where the two can meet: a reference whose special options are set so
that they do nothing is a family that transformers has. Prints the largest difference of a logit for each pair.

    python test/parity/families_check.py
"""

import math

import torch
import transformers
from families import NOISE, build, random_tensors, run
from families_cases import CASES, llama

PARTS = ("q", "k", "v")


def silent(name: str, **changes) -> dict:
    """The config of a fixture with a neutral muP: no factor anywhere."""
    config = CASES[name].config
    neutral = dict(scale_emb=1, scale_depth=math.sqrt(config["num_hidden_layers"]), dim_model_base=config["hidden_size"])
    return config | neutral | dict(tie_word_embeddings=False) | changes


def renamed(tensors, layers: int, pairs: dict[str, str]) -> dict:
    """Tensors under the names of Llama: `pairs` has ours → theirs, {i} for the layer."""
    return {
        theirs.format(i=i): tensors[ours.format(i=i)] for i in range(layers) for ours, theirs in pairs.items()
    }


def qwen():
    """Qwen-1 is Qwen2 with as many key heads as query heads, its matrices apart and the FFN's two the other way round."""
    ours = CASES["qwen"].config
    tensors, layers, theirs = random_tensors(ours, torch.float32), ours["num_hidden_layers"], "model.layers.{i}"
    block = "transformer.h.{i}"
    pairs = {
        "transformer.wte.weight": "model.embed_tokens.weight",
        "transformer.ln_f.weight": "model.norm.weight",
        "lm_head.weight": "lm_head.weight",
        f"{block}.ln_1.weight": f"{theirs}.input_layernorm.weight",
        f"{block}.ln_2.weight": f"{theirs}.post_attention_layernorm.weight",
        f"{block}.attn.c_proj.weight": f"{theirs}.self_attn.o_proj.weight",
        f"{block}.mlp.w1.weight": f"{theirs}.mlp.up_proj.weight",
        f"{block}.mlp.w2.weight": f"{theirs}.mlp.gate_proj.weight",
        f"{block}.mlp.c_proj.weight": f"{theirs}.mlp.down_proj.weight",
    }
    others = renamed(tensors, layers, pairs)
    for i in range(layers):
        for kind in ("weight", "bias"):
            chunks = tensors[f"transformer.h.{i}.attn.c_attn.{kind}"].chunk(3)
            others |= {f"model.layers.{i}.self_attn.{part}_proj.{kind}": chunk for part, chunk in zip(PARTS, chunks)}
    config = llama(model_type="qwen2", num_key_value_heads=4, rms_norm_eps=1e-6, intermediate_size=72)
    return ours, tensors, config, others


def openelm():
    """OpenELM with equal layers is Qwen3."""
    sizes = dict(num_query_heads=[4] * 3, num_kv_heads=[2] * 3, ffn_multipliers=[1.6] * 3)
    ours = CASES["openelm"].config | sizes
    tensors, theirs, block = random_tensors(ours, torch.float32), "model.layers.{i}", "transformer.layers.{i}"
    pairs = {
        "transformer.token_embeddings.weight": "model.embed_tokens.weight",
        "transformer.norm.weight": "model.norm.weight",
        f"{block}.attn_norm.weight": f"{theirs}.input_layernorm.weight",
        f"{block}.ffn_norm.weight": f"{theirs}.post_attention_layernorm.weight",
        f"{block}.attn.q_norm.weight": f"{theirs}.self_attn.q_norm.weight",
        f"{block}.attn.k_norm.weight": f"{theirs}.self_attn.k_norm.weight",
        f"{block}.attn.out_proj.weight": f"{theirs}.self_attn.o_proj.weight",
        f"{block}.ffn.proj_2.weight": f"{theirs}.mlp.down_proj.weight",
    }
    others = renamed(tensors, 3, pairs)
    for i in range(3):
        chunks = tensors[f"transformer.layers.{i}.attn.qkv_proj.weight"].split([40, 20, 20])
        others |= {f"model.layers.{i}.self_attn.{part}_proj.weight": chunk for part, chunk in zip(PARTS, chunks)}
        chunks = tensors[f"transformer.layers.{i}.ffn.proj_1.weight"].chunk(2)
        others |= {f"model.layers.{i}.mlp.{part}_proj.weight": chunk for part, chunk in zip(("gate", "up"), chunks)}
    config = llama(model_type="qwen3", num_hidden_layers=3, head_dim=10, rms_norm_eps=1e-6, intermediate_size=64)
    return ours, tensors, config | dict(tie_word_embeddings=True), others


def same_names(ours, theirs):
    tensors = random_tensors(ours, torch.float32)
    return ours, tensors, theirs, tensors


def mobilellm():
    return same_names(llama(model_type="mobilellm", share_embedding=False, layer_sharing=False), llama())


def minicpm():
    """With the long factors, and so much more than the original context, that transformers takes them too."""
    ours = silent("minicpm-longrope")
    scaling = ours["rope_scaling"]
    original = scaling["original_max_position_embeddings"]
    ratio = ours["max_position_embeddings"] / original
    magnitude = math.sqrt(1 + math.log(ratio) / math.log(original))
    long = dict(short_factor=scaling["long_factor"], factor=ratio, attention_factor=magnitude)
    return same_names(ours, llama(rope_scaling=scaling | long))


def minicpm3():
    """MiniCPM3 is DeepSeek-V3 without experts and with the halves of a head turned against each other."""
    ours = silent("minicpm3", rope_scaling=None)
    theirs = {key: ours[key] for key in ("q_lora_rank", "kv_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim")}
    plain = dict(model_type="deepseek_v3", first_k_dense_replace=2, rope_interleave=False, attention_bias=True)
    sizes = dict(v_head_dim=10, num_key_value_heads=4, vocab_size=ours["vocab_size"], rms_norm_eps=ours["rms_norm_eps"])
    return same_names(ours, llama(**theirs, **plain, **sizes, n_routed_experts=8, n_group=1, topk_group=1))


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    transformers.logging.set_verbosity_error()
    for pair in (qwen, openelm, mobilellm, minicpm, minicpm3):
        torch.manual_seed(1)
        ours, tensors, theirs, others = pair()
        models = build(ours, tensors), build(theirs, others)
        rows = [torch.randint(0, ours["vocab_size"], (length,)).tolist() for length in (60, 23)]
        first, second = (run(model, rows) for model in models)
        # What stands on padding is nobody's business.
        seen = torch.stack([torch.arange(60) >= 60 - len(row) for row in rows])
        worst = (first - second)[seen].abs().max().item()
        assert worst < NOISE, f"{pair.__name__}: {worst}"
        print(f"{pair.__name__}: {theirs['model_type']} within {worst:.1e}")
