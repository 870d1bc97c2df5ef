"""Writes fixtures/gguf: what Python's `gguf` (llama.cpp's own package) and transformers make of the same numbers.

  blocks.json    random blocks of every format and the floats they stand for
  packed.json    floats and their blocks in the formats that are written
  llama.gguf     a tiny random Llama with byte-level BPE, its matrices in several formats
  llama.json     strings, their ids by Python's tokenizers, and the logits of transformers for a prompt
  llama-bpe.gguf, qwen2.gguf  byte-level tokenizers alone, with strings and their ids in the .json beside them
  pieces.gguf    a SentencePiece BPE tokenizer alone, with pieces.json: strings and their ids by sentencepiece

    python test/parity/gguf_files.py

Versions: requirements.txt. The tests need no Python.
"""

import base64
import io
import json
from pathlib import Path

import gguf
import numpy as np
import sentencepiece
import torch
from gguf import GGMLQuantizationType as Type
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM

FOLDER = Path(__file__).parent / "fixtures" / "gguf"
CORPUS = (FOLDER.parent / "tokenizer" / "corpus.txt").read_text(encoding="utf8").rstrip("\n").split("\n")
STRINGS = [
    "", " ", "wake me up at 8", "It's 12345 o'clock, we'll see", "  two  spaces ", "über Łódź жук 漢字 한글 👍🏽",
    "line\nbreaks\r\n\r\n  and\ttabs", "x=1;y[2]{3}", "WE'LL I'M they've", "\u00a0\u3000", "a" * 40, "…—«quoted»",
    "x\u0085y\ufeffz", "١٢٣٤५६७ ½²Ⅷ", "IT'S we'Re", "\n\n\n end  \n", "a\u0301e\u0308 \t\u2028.", "foo!!\n\n  bar?\r\n",
]
rng = np.random.default_rng(5)


def text(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def blocks():
    """Random codes under scales of a sensible size."""
    halves = {  # places of the f16 numbers in a block
        Type.Q4_0: [0], Type.Q4_1: [0, 2], Type.Q5_0: [0], Type.Q5_1: [0, 2], Type.Q8_0: [0],
        Type.Q4_K: [0, 2], Type.Q5_K: [0, 2], Type.Q6_K: [208],
        Type.Q2_K: [80, 82], Type.Q3_K: [108], Type.IQ4_NL: [0], Type.IQ4_XS: [0],
    }
    out = {}
    for kind in [Type.F32, Type.F16, Type.BF16, *halves]:
        elements, size = gguf.GGML_QUANT_SIZES[kind]
        if kind not in halves:
            floats = rng.normal(0, 1, 64).astype(np.float32)
            data = gguf.quants.quantize(floats, kind) if kind != Type.F32 else floats
            data = np.frombuffer(np.ascontiguousarray(data).tobytes(), np.uint8)
        else:
            data = rng.integers(0, 256, (3, size), dtype=np.uint8)
            for at in halves[kind]:
                scales = rng.normal(0, 0.01, 3).astype(np.float16)
                data[:, at : at + 2] = scales.view(np.uint8).reshape(3, 2)
        floats = gguf.quants.dequantize(data if kind in halves else data.reshape(1, -1), kind)
        out[kind.name] = dict(bytes=text(data), floats=text(floats.astype(np.float32)))
    (FOLDER / "blocks.json").write_text(json.dumps(out, indent=1) + "\n")


def packed():
    """Weights as they are, and what is at the edges: zeros, ties of magnitude, halves between codes, tiny and large."""
    normal = np.random.default_rng(6).normal(0, 0.05, (24, 32))
    ties = np.tile([1.0, -1.0, 0.5, -0.5], (2, 8)) * [[1], [-1]]
    halves = np.concatenate([np.arange(-15.5, 16, 1)[None] / 8, np.arange(32)[None] - 127 + 0.5])
    edges = [np.zeros((1, 32)), np.full((1, 32), -0.0), ties, halves, normal[:1] * 1e-7, normal[:1] * 1e5]
    floats = np.concatenate([normal, *edges]).astype(np.float32)
    out = dict(floats=text(floats))
    for kind in [Type.F16, Type.Q8_0, Type.Q4_0]:
        out[kind.name] = text(gguf.quants.quantize(floats, kind))
    (FOLDER / "packed.json").write_text(json.dumps(out, indent=1) + "\n")


def permute(weights, heads):
    """As convert_hf_to_gguf.py has it: halves of a head to neighbours."""
    return weights.reshape(heads, 2, weights.shape[0] // heads // 2, *weights.shape[1:]).swapaxes(1, 2).reshape(weights.shape)


def llama():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=special, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(CORPUS, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    tokens = [token for token, _ in sorted(tokenizer.get_vocab(with_added_tokens=True).items(), key=lambda entry: entry[1])]

    torch.manual_seed(11)
    config = LlamaConfig(
        vocab_size=len(tokens), hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, head_dim=16, max_position_embeddings=128, rms_norm_eps=1e-5, rope_theta=5000.0,
        initializer_range=0.3, tie_word_embeddings=False, attn_implementation="eager",
    )
    network = LlamaForCausalLM(config)
    for parameter in network.parameters():
        if parameter.dim() == 1:
            parameter.data.uniform_(0.5, 1.5)

    writer = gguf.GGUFWriter(FOLDER / "llama.gguf", "llama")
    writer.add_name("tiny")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(config.head_dim)
    writer.add_value_length(config.head_dim)
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_rope_freq_base(config.rope_theta)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types([3 if token in special else 1 for token in tokens])
    writer.add_token_merges([" ".join(merge) for merge in model["merges"]])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_bos_token(False)
    writer.add_chat_template("{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}")

    formats = dict(embed_tokens=Type.Q8_0, q_proj=Type.F16, k_proj=Type.BF16, v_proj=Type.Q5_1, o_proj=Type.Q8_0,
                   gate_proj=Type.Q4_0, up_proj=Type.Q4_1, down_proj=Type.Q5_0, lm_head=Type.F32)
    names = {"embed_tokens": "token_embd", "lm_head": "output", "q_proj": "attn_q", "k_proj": "attn_k", "v_proj": "attn_v",
             "o_proj": "attn_output", "gate_proj": "ffn_gate", "up_proj": "ffn_up", "down_proj": "ffn_down",
             "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm", "norm": "output_norm"}
    for key, parameter in network.named_parameters():
        part = key.split(".")[-2]
        prefix = f"blk.{key.split('.')[2]}." if ".layers." in key else ""
        kind = formats.get(part, Type.F32)
        values = parameter.detach().numpy()
        heads = dict(q_proj=config.num_attention_heads, k_proj=config.num_key_value_heads).get(part)
        stored = permute(values, heads) if heads else values
        data = stored if kind == Type.F32 else gguf.quants.quantize(stored, kind)
        writer.add_tensor(f"{prefix}{names[part]}.weight", data, raw_dtype=None if kind == Type.F32 else kind)
        # What transformers computes with is what the file holds.
        rounded = gguf.quants.dequantize(data, kind).reshape(stored.shape) if kind != Type.F32 else stored
        if heads:
            half = rounded.shape[0] // heads // 2
            rounded = rounded.reshape(heads, half, 2, -1).swapaxes(1, 2).reshape(rounded.shape)
        parameter.data = torch.from_numpy(np.ascontiguousarray(rounded.astype(np.float32)))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()

    prompt = tokenizer.encode("wake me up at 8 and call my sister, it's 12345").ids
    with torch.no_grad():
        logits = network(torch.tensor([prompt])).logits[0].numpy()
    strings = [dict(text=string, ids=tokenizer.encode(string).ids) for string in STRINGS]
    expected = dict(strings=strings, prompt=prompt, logits=text(logits.astype(np.float32)))
    (FOLDER / "llama.json").write_text(json.dumps(expected, indent=1) + "\n")


def patterns():
    """Byte-level BPE behind the patterns of Llama 3 and Qwen 2, as their tokenizer.json files have them."""
    words = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|%s| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
    for pre, digits in [("llama-bpe", "\\p{N}{1,3}"), ("qwen2", "\\p{N}")]:
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
            pre_tokenizers.Split(Regex(words % digits), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ])
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        trainer = trainers.BpeTrainer(vocab_size=500, initial_alphabet=alphabet, show_progress=False)
        tokenizer.train_from_iterator(CORPUS + STRINGS, trainer)
        model = json.loads(tokenizer.to_str())["model"]
        writer = gguf.GGUFWriter(FOLDER / f"{pre}.gguf", "llama")
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre(pre)
        writer.add_token_list([token for token, _ in sorted(model["vocab"].items(), key=lambda entry: entry[1])])
        writer.add_token_types([1] * len(model["vocab"]))
        writer.add_token_merges([" ".join(merge) for merge in model["merges"]])
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        strings = [dict(text=string, ids=tokenizer.encode(string).ids) for string in STRINGS]
        (FOLDER / f"{pre}.json").write_text(json.dumps(dict(strings=strings), indent=1) + "\n")


def pieces():
    trained = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS), model_writer=trained, model_type="bpe", vocab_size=600, byte_fallback=True,
        normalization_rule_name="identity", remove_extra_whitespaces=False, split_digits=True, minloglevel=2,
    )
    processor = sentencepiece.SentencePieceProcessor(model_proto=trained.getvalue())
    size = processor.vocab_size()
    kinds = [
        2 if processor.is_unknown(i) else 3 if processor.is_control(i) else 6 if processor.is_byte(i) else 1
        for i in range(size)
    ]
    writer = gguf.GGUFWriter(FOLDER / "pieces.gguf", "llama")
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([processor.id_to_piece(i) for i in range(size)])
    writer.add_token_scores([processor.get_score(i) for i in range(size)])
    writer.add_token_types(kinds)
    writer.add_bos_token_id(processor.bos_id())
    writer.add_eos_token_id(processor.eos_id())
    writer.add_unk_token_id(processor.unk_id())
    writer.add_add_bos_token(True)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    strings = [dict(text=string, ids=processor.encode(string)) for string in STRINGS]
    (FOLDER / "pieces.json").write_text(json.dumps(dict(strings=strings), indent=1) + "\n")


FOLDER.mkdir(parents=True, exist_ok=True)
blocks()
packed()
llama()
patterns()
pieces()
