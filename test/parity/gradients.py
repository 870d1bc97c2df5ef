"""Writes fixtures/gradients/*.safetensors: weights, a batch, its loss, the gradient of every weight and the losses of a
few AdamW steps, computed by transformers' LlamaForCausalLM in double precision. Run once with requirements.txt; the tests
need no Python.

    python test/parity/gradients.py
"""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import LlamaConfig, LlamaForCausalLM

FOLDER = Path(__file__).parent / "fixtures" / "gradients"

# Sequences of tokens; the loss weight of predicting each token from those before it (the first is never predicted).
SEQUENCES = [
    ([3, 17, 5, 5, 29, 0, 36, 8], [0, 0, 0, 1, 0.5, 1, 2, 1]),
    ([11, 2, 30, 4, 11], [0, 1, 1, 0, 1]),
    ([7, 7], [0, 1.5]),
]

CASES = {
    "relu-tied": dict(hidden_act="relu", tie_word_embeddings=True),
    "relu-untied": dict(hidden_act="relu", tie_word_embeddings=False, head_dim=6),
    "silu-tied": dict(hidden_act="silu", tie_word_embeddings=True, rope_theta=500.0),
    "silu-untied-smoothed": dict(hidden_act="silu", tie_word_embeddings=False),
}


def write(name: str, overrides: dict) -> None:
    torch.manual_seed(7)
    smoothing = 0.1 if "smoothed" in name else 0.0
    shape = dict(
        vocab_size=37,
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=16,
        rms_norm_eps=1e-5,
        initializer_range=0.3,
    )
    config = LlamaConfig(**{**shape, **overrides}, attn_implementation="eager")
    model = LlamaForCausalLM(config)
    for parameter in model.parameters():
        if parameter.dim() == 1:
            parameter.data.uniform_(0.5, 1.5)
    weights = {key: value.detach().clone().contiguous() for key, value in model.named_parameters()}
    model = model.double()
    loss = batch_loss(model, smoothing)
    loss.backward()
    tensors = {f"weight/{key}": value for key, value in weights.items()}
    tensors |= {f"gradient/{key}": value.grad.float().contiguous() for key, value in model.named_parameters()}
    about = dict(
        config=config.to_dict(),
        sequences=SEQUENCES,
        loss=loss.item(),
        smoothing=smoothing,
        losses=train(model, smoothing),
    )
    save_file(tensors, FOLDER / f"{name}.safetensors", metadata={"about": json.dumps(about)})


def batch_loss(model: LlamaForCausalLM, smoothing: float) -> torch.Tensor:
    total = torch.zeros((), dtype=torch.float64)
    for ids, factors in SEQUENCES:
        logits = model(torch.tensor([ids])).logits[0, :-1]
        losses = torch.nn.functional.cross_entropy(
            logits, torch.tensor(ids[1:]), reduction="none", label_smoothing=smoothing
        )
        total = total + (losses * torch.tensor(factors[1:], dtype=torch.float64)).sum()
    return total


def train(model: LlamaForCausalLM, smoothing: float) -> list[float]:
    """Losses before each of 12 steps on the same batch: learning rate 0.01, decay 0.1 on matrices, norm clipped to 1."""
    matrices = [p for p in model.parameters() if p.dim() > 1]
    vectors = [p for p in model.parameters() if p.dim() == 1]
    groups = [dict(params=matrices, weight_decay=0.1), dict(params=vectors, weight_decay=0.0)]
    optimizer = torch.optim.AdamW(groups, lr=0.01, betas=(0.9, 0.95), eps=1e-8)
    losses = []
    for _ in range(12):
        optimizer.zero_grad()
        loss = batch_loss(model, smoothing)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    return losses


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for case, overrides in CASES.items():
        write(case, overrides)
