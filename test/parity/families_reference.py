"""Reference decoders in PyTorch for the families that transformers has no class for: plain functions of the tensors of
model.safetensors and the keys of config.json, written from the papers' formulas and the published models' behaviour.
Slow and without a KV cache; families.py draws the weights and writes the fixtures, families_check.py meets transformers.
"""

import math

import torch
from torch.nn.functional import linear, relu, silu

ACTIVATIONS = {"silu": silu, "swish": silu, "relu": relu}


def rms(x, weight, eps):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + eps) * weight


def angles(positions, size, base, factors=None):
    """Angles [B, T, size/2] of rotary embedding: position · base^(-2j/size), each frequency divided by its factor."""
    frequencies = 1.0 / base ** (torch.arange(0, size, 2).float() / size)
    if factors is not None:
        frequencies = frequencies / torch.tensor(factors)
    return positions[..., None].float() * frequencies


def rotate(x, cos, sin):
    """Turns the pairs (i, i + R/2) of the first R = 2·size(cos) numbers of each head; x [B, T, heads, D]."""
    cos, sin = cos[:, :, None].to(x.dtype), sin[:, :, None].to(x.dtype)
    half = cos.shape[-1]
    first, second, rest = x[..., :half], x[..., half : 2 * half], x[..., 2 * half :]
    return torch.cat([first * cos - second * sin, second * cos + first * sin, rest], dim=-1)


def attend(q, k, v, allowed, scale):
    """Attention [B, T, H·E] of q [B, T, H, D] over k [B, T, K, D], v [B, T, K, E], where allowed [B, T, T] says so."""
    groups = q.shape[2] // k.shape[2]
    k, v = k.repeat_interleave(groups, 2), v.repeat_interleave(groups, 2)
    scores = torch.einsum("bthd,bshd->bhts", q, k) * scale
    scores = scores.masked_fill(~allowed[:, None], torch.finfo(scores.dtype).min)
    return torch.einsum("bhts,bshe->bthe", scores.softmax(-1), v).flatten(2)


class Reference:
    """A model: its config.json, and its tensors by name. Subclasses know the names, the shapes and the block."""

    author = "families_reference.py"

    def __init__(self, config, tensors):
        self.config = config
        self.tensors = tensors

    def __getattr__(self, key):
        """A key of config.json that must be there."""
        return self.config[key]

    def get(self, key, default):
        return self.config.get(key, default)

    def project(self, x, name):
        return linear(x, self.tensors[f"{name}.weight"], self.tensors.get(f"{name}.bias"))

    def heads(self, x, name, count):
        return self.project(x, name).unflatten(-1, (count, -1))

    def logits(self, ids, mask):
        """Logits [B, T, V] of ids [B, T]; mask [B, T] is 0 for padding, which stands on the left."""
        positions = (mask.cumsum(-1) - 1).clamp(min=0)
        T = ids.shape[1]
        allowed = torch.ones(T, T, dtype=torch.bool).tril() & mask.bool()[:, None, :]
        return self.forward(ids, positions, allowed)


class LlamaLike(Reference):
    """Llama's block under Llama's names; what a family changes is a method."""

    @classmethod
    def shapes(cls, c):
        C, F, D = c["hidden_size"], c["intermediate_size"], cls.head_size(c)
        H, K = c["num_attention_heads"], cls.kv_heads(c)
        shapes = {"model.embed_tokens.weight": (c["vocab_size"], C), "model.norm.weight": (C,)}
        for i in range(c["num_hidden_layers"]):
            block = f"model.layers.{i}"
            shapes |= {f"{block}.{norm}.weight": (C,) for norm in ("input_layernorm", "post_attention_layernorm")}
            shapes |= cls.attention_shapes(c, f"{block}.self_attn", C, H, K, D)
            if cls.ffn_of(i) == i:
                shapes |= {f"{block}.mlp.{name}_proj.weight": (F, C) for name in ("gate", "up")}
                shapes[f"{block}.mlp.down_proj.weight"] = (C, F)
        if not cls.tied(c):
            shapes["lm_head.weight"] = (c["vocab_size"], C)
        return shapes

    @classmethod
    def attention_shapes(cls, c, name, C, H, K, D):
        rows = {"q_proj": H * D, "k_proj": K * D, "v_proj": K * D, "o_proj": C}
        shapes = {f"{name}.{part}.weight": (rows[part], C if part != "o_proj" else H * D) for part in rows}
        if c.get("attention_bias"):
            shapes |= {f"{name}.{part}.bias": (rows[part],) for part in rows}
        return shapes

    @staticmethod
    def head_size(c):
        return c.get("head_dim") or c["hidden_size"] // c["num_attention_heads"]

    @staticmethod
    def kv_heads(c):
        return c.get("num_key_value_heads") or c["num_attention_heads"]

    @staticmethod
    def tied(c):
        return c["tie_word_embeddings"]

    @staticmethod
    def ffn_of(layer):
        return layer

    embedding_scale = residual_scale = head_scale = property(lambda self: 1.0)

    def order(self):
        return range(self.num_hidden_layers)

    def tables(self, positions):
        turned = angles(positions, self.head_size(self.config), self.get("rope_theta", 10000.0))
        return turned.cos(), turned.sin()

    def forward(self, ids, positions, allowed):
        eps, tensors = self.rms_norm_eps, self.tensors
        x = tensors["model.embed_tokens.weight"][ids] * self.embedding_scale
        cos, sin = self.tables(positions)
        for i in self.order():
            block = f"model.layers.{i}"
            normed = rms(x, tensors[f"{block}.input_layernorm.weight"], eps)
            x = x + self.attention(normed, f"{block}.self_attn", cos, sin, allowed) * self.residual_scale
            normed = rms(x, tensors[f"{block}.post_attention_layernorm.weight"], eps)
            x = x + self.ffn(normed, f"model.layers.{self.ffn_of(i)}.mlp") * self.residual_scale
        x = rms(x, tensors["model.norm.weight"], eps) * self.head_scale
        return linear(x, tensors["model.embed_tokens.weight" if self.tied(self.config) else "lm_head.weight"])

    def attention(self, x, name, cos, sin, allowed):
        H, K, D = self.num_attention_heads, self.kv_heads(self.config), self.head_size(self.config)
        q = rotate(self.heads(x, f"{name}.q_proj", H), cos, sin)
        k = rotate(self.heads(x, f"{name}.k_proj", K), cos, sin)
        return self.project(attend(q, k, self.heads(x, f"{name}.v_proj", K), allowed, D**-0.5), f"{name}.o_proj")

    def ffn(self, x, name):
        act = ACTIVATIONS[self.hidden_act]
        hidden = act(self.project(x, f"{name}.gate_proj")) * self.project(x, f"{name}.up_proj")
        return self.project(hidden, f"{name}.down_proj")


class MobileLlm(LlamaLike):
    """MobileLLM (section 3.3 of the paper): with layer_sharing each block runs twice in a row."""

    @staticmethod
    def tied(c):
        return c["share_embedding"]

    def order(self):
        repeats = 2 if self.layer_sharing else 1
        return [i for i in range(self.num_hidden_layers) for _ in range(repeats)]


class MobiLlama(LlamaLike):
    """MobiLlama: the FFN of layer 0 serves all layers. num_key_value_heads is in the config, but every head has its own."""

    @staticmethod
    def kv_heads(c):
        return c["num_attention_heads"]

    @staticmethod
    def ffn_of(layer):
        return 0


class PhoneLm(LlamaLike):
    """PhoneLM (section 3.1 of the paper): cosines and sines rounded to int8 by the maximum of the whole table."""

    def tables(self, positions):
        every = angles(torch.arange(self.max_position_embeddings), self.head_size(self.config), self.rope_theta)
        return self.rounded(every.cos())[positions], self.rounded(every.sin())[positions]

    @staticmethod
    def rounded(table):
        largest = table.abs().max()
        return torch.floor(table / largest * 127 + 0.5) * largest / 127


class MiniCpm(LlamaLike):
    """MiniCPM (section 4 of its report): scaled embedding, residual branches and head; LongRoPE in later models."""

    embedding_scale = property(lambda self: self.get("scale_emb", 1))
    residual_scale = property(lambda self: self.get("scale_depth", 1) / math.sqrt(self.num_hidden_layers))
    head_scale = property(lambda self: self.get("dim_model_base", 1) / self.hidden_size)

    @staticmethod
    def tied(c):
        return c.get("tie_word_embeddings", True)

    @staticmethod
    def rotary_size(c):
        return LlamaLike.head_size(c)

    def tables(self, positions):
        """One table for the whole context: with the long factors exactly if the context is longer than the original."""
        scaling = self.get("rope_scaling", None)
        factors, magnitude = None, 1.0
        if scaling:
            original = scaling["original_max_position_embeddings"]
            ratio = self.max_position_embeddings / original
            factors = scaling["long_factor" if ratio > 1 else "short_factor"]
            magnitude = math.sqrt(1 + math.log(ratio) / math.log(original))
        turned = angles(positions, self.rotary_size(self.config), self.get("rope_theta", 10000.0), factors)
        return turned.cos() * magnitude, turned.sin() * magnitude


class MiniCpm3(MiniCpm):
    """MiniCPM3: keys and values from a shared low-rank vector (MLA); only a part of each head, shared by all, is turned."""

    INNER_EPS = 1e-6  # of the norms within attention, whatever rms_norm_eps says

    @staticmethod
    def rotary_size(c):
        return c["qk_rope_head_dim"]

    @staticmethod
    def sizes(c):
        """Sizes of one head: not turned, turned, value."""
        return c["qk_nope_head_dim"], c["qk_rope_head_dim"], c["hidden_size"] // c["num_attention_heads"]

    @classmethod
    def attention_shapes(cls, c, name, C, H, K, D):
        nope, rope, value = cls.sizes(c)
        low_q, low_kv = c["q_lora_rank"], c["kv_lora_rank"]
        shapes = {
            "q_a_proj.weight": (low_q, C),
            "q_a_layernorm.weight": (low_q,),
            "q_b_proj.weight": (H * (nope + rope), low_q),
            "kv_a_proj_with_mqa.weight": (low_kv + rope, C),
            "kv_a_layernorm.weight": (low_kv,),
            "kv_b_proj.weight": (H * (nope + value), low_kv),
            "o_proj.weight": (C, H * value),
        }
        if c.get("attention_bias"):
            shapes |= {"q_a_proj.bias": (low_q,), "kv_a_proj_with_mqa.bias": (low_kv + rope,), "o_proj.bias": (C,)}
        return {f"{name}.{part}": shape for part, shape in shapes.items()}

    def attention(self, x, name, cos, sin, allowed):
        H, (nope, rope, value) = self.num_attention_heads, self.sizes(self.config)
        low = rms(self.project(x, f"{name}.q_a_proj"), self.tensors[f"{name}.q_a_layernorm.weight"], self.INNER_EPS)
        q_pass, q_turn = self.heads(low, f"{name}.q_b_proj", H).split([nope, rope], -1)
        low, k_turn = self.project(x, f"{name}.kv_a_proj_with_mqa").split([self.kv_lora_rank, rope], -1)
        low = rms(low, self.tensors[f"{name}.kv_a_layernorm.weight"], self.INNER_EPS)
        k_pass, v = self.heads(low, f"{name}.kv_b_proj", H).split([nope, value], -1)
        q = torch.cat([q_pass, rotate(q_turn, cos, sin)], -1)
        k = torch.cat([k_pass, rotate(k_turn[:, :, None], cos, sin).expand(-1, -1, H, -1)], -1)
        return self.project(attend(q, k, v, allowed, (nope + rope) ** -0.5), f"{name}.o_proj")


class Qwen(Reference):
    """Qwen-1: queries, keys and values from one matrix with a bias; the FFN is half as wide as the config says."""

    @classmethod
    def shapes(cls, c):
        C, F, inner = c["hidden_size"], c["intermediate_size"] // 2, c["kv_channels"] * c["num_attention_heads"]
        shapes = {"transformer.wte.weight": (c["vocab_size"], C), "transformer.ln_f.weight": (C,)}
        for i in range(c["num_hidden_layers"]):
            block = f"transformer.h.{i}"
            shapes |= {f"{block}.ln_1.weight": (C,), f"{block}.ln_2.weight": (C,)}
            shapes |= {f"{block}.attn.c_attn.weight": (3 * inner, C), f"{block}.attn.c_attn.bias": (3 * inner,)}
            shapes[f"{block}.attn.c_proj.weight"] = (C, inner)
            shapes |= {f"{block}.mlp.w1.weight": (F, C), f"{block}.mlp.w2.weight": (F, C)}
            shapes[f"{block}.mlp.c_proj.weight"] = (C, F)
        return shapes | {"lm_head.weight": (c["vocab_size"], C)}

    def forward(self, ids, positions, allowed):
        eps, tensors, H, D = self.layer_norm_epsilon, self.tensors, self.num_attention_heads, self.kv_channels
        x = tensors["transformer.wte.weight"][ids]
        turned = angles(positions, int(D * self.rotary_pct), self.rotary_emb_base)
        for i in range(self.num_hidden_layers):
            block = f"transformer.h.{i}"
            normed = rms(x, tensors[f"{block}.ln_1.weight"], eps)
            q, k, v = self.heads(normed, f"{block}.attn.c_attn", 3 * H).chunk(3, dim=2)
            q, k = rotate(q, turned.cos(), turned.sin()), rotate(k, turned.cos(), turned.sin())
            x = x + self.project(attend(q, k, v, allowed, D**-0.5), f"{block}.attn.c_proj")
            normed = rms(x, tensors[f"{block}.ln_2.weight"], eps)
            hidden = self.project(normed, f"{block}.mlp.w1") * silu(self.project(normed, f"{block}.mlp.w2"))
            x = x + self.project(hidden, f"{block}.mlp.c_proj")
        return linear(rms(x, tensors["transformer.ln_f.weight"], eps), tensors["lm_head.weight"])


class OpenElm(Reference):
    """OpenELM (section 2.1 of the paper): every layer has its own number of heads and FFN width."""

    EPS = 1e-6

    @classmethod
    def shapes(cls, c):
        C, D = c["model_dim"], c["head_dim"]
        shapes = {"transformer.token_embeddings.weight": (c["vocab_size"], C), "transformer.norm.weight": (C,)}
        for i in range(c["num_transformer_layers"]):
            block, (H, K), F = f"transformer.layers.{i}", cls.layer_heads(c, i), cls.layer_ffn(c, i)
            shapes |= {f"{block}.attn_norm.weight": (C,), f"{block}.ffn_norm.weight": (C,)}
            shapes |= {f"{block}.attn.qkv_proj.weight": ((H + 2 * K) * D, C), f"{block}.attn.out_proj.weight": (C, H * D)}
            if c["normalize_qk_projections"]:
                shapes |= {f"{block}.attn.q_norm.weight": (D,), f"{block}.attn.k_norm.weight": (D,)}
            shapes[f"{block}.ffn.proj_1.weight"] = (2 * F if c["ffn_with_glu"] else F, C)
            shapes[f"{block}.ffn.proj_2.weight"] = (C, F)
        if not c["share_input_output_layers"]:
            shapes["lm_head.weight"] = (c["vocab_size"], C)
        return shapes

    @staticmethod
    def spread(value, layers):
        """One multiplier for each layer: given so, evenly between two, or the same for all."""
        values = value if isinstance(value, list) else [value, value]
        if len(values) == layers and layers != 2:
            return values
        first, last = values
        return [round(first + (last - first) * i / (layers - 1), 2) for i in range(layers)]

    @staticmethod
    def divisible(value, divisor):
        near = max(divisor, int(value + divisor / 2) // divisor * divisor)
        return near + divisor if near < 0.9 * value else near

    @classmethod
    def layer_heads(cls, c, i):
        if "num_query_heads" in c:
            return c["num_query_heads"][i], c["num_kv_heads"][i]
        multiplier = cls.spread(c["qkv_multipliers"], c["num_transformer_layers"])[i]
        width = cls.divisible(c["model_dim"] * multiplier, c["head_dim"] * c["num_gqa_groups"])
        return width // c["head_dim"], width // c["head_dim"] // c["num_gqa_groups"]

    @classmethod
    def layer_ffn(cls, c, i):
        multiplier = cls.spread(c["ffn_multipliers"], c["num_transformer_layers"])[i]
        return cls.divisible(multiplier * c["model_dim"], c["ffn_dim_divisor"])

    def forward(self, ids, positions, allowed):
        tensors = self.tensors
        x = tensors["transformer.token_embeddings.weight"][ids]
        turned = angles(positions, self.head_dim, self.rope_freq_constant)
        for i in range(self.num_transformer_layers):
            block = f"transformer.layers.{i}"
            normed = rms(x, tensors[f"{block}.attn_norm.weight"], self.EPS)
            x = x + self.attention(normed, i, f"{block}.attn", turned, allowed)
            normed = rms(x, tensors[f"{block}.ffn_norm.weight"], self.EPS)
            x = x + self.ffn(normed, f"{block}.ffn")
        head = "transformer.token_embeddings.weight" if self.share_input_output_layers else "lm_head.weight"
        return linear(rms(x, tensors["transformer.norm.weight"], self.EPS), tensors[head])

    def attention(self, x, i, name, turned, allowed):
        H, K = self.layer_heads(self.config, i)
        q, k, v = self.heads(x, f"{name}.qkv_proj", H + 2 * K).split([H, K, K], dim=2)
        if self.normalize_qk_projections:
            q = rms(q, self.tensors[f"{name}.q_norm.weight"], self.EPS)
            k = rms(k, self.tensors[f"{name}.k_norm.weight"], self.EPS)
        q, k = rotate(q, turned.cos(), turned.sin()), rotate(k, turned.cos(), turned.sin())
        return self.project(attend(q, k, v, allowed, self.head_dim**-0.5), f"{name}.out_proj")

    def ffn(self, x, name):
        act, hidden = ACTIVATIONS[self.activation_fn_name], self.project(x, f"{name}.proj_1")
        if self.ffn_with_glu:
            gate, up = hidden.chunk(2, dim=-1)
            return self.project(act(gate) * up, f"{name}.proj_2")
        return self.project(act(hidden), f"{name}.proj_2")


MODELS = {
    "mobilellm": MobileLlm,
    "mobillama": MobiLlama,
    "phonelm": PhoneLm,
    "minicpm": MiniCpm,
    "minicpm3": MiniCpm3,
    "qwen": Qwen,
    "openelm": OpenElm,
}
