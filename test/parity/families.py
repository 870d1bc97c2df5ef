"""Writes fixtures/families: tiny random models of every family, as they stand on the hub, and what they compute.

    python test/parity/families.py [name …]      all fixtures, or those whose names begin so

reproduces the fixtures with the versions of requirements.txt (the logits to float noise on another processor). The models
are transformers' own (eager attention, float32, no cache) or, where it has none, those of families_reference.py; their
options are the table of families_cases.py. Each folder has
  config.json, model.safetensors (or shards)   the model; stored as F32, F16 or BF16, and computed from the stored numbers
  reference.json         a short and a long prompt, the 32 most likely tokens after each, and who computed it
  reference.safetensors  logits F32 [T, V] at every position: `short`, `long`, and `padded`, the short prompt's in a batch
                         with a longer one, padded on the left
A seed is taken whose choices are clear: at each of the 32 steps the best logit is well ahead of the second.
"""

import json
import sys
from pathlib import Path

import torch
import transformers
from families_cases import CASES, OUT_OF_SCOPE, Case
from families_reference import MODELS
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.modeling_utils import no_init_weights

FOLDER = Path(__file__).parent / "fixtures" / "families"
STEPS = 32
MARGIN = 2e-3
# An option that changes no logit by more than this is idle; noise of float32 beyond the other makes a poor oracle.
IDLE, NOISE = 3e-4, 2e-5
MOST_BYTES = 300_000


class Transformers:
    """A model of transformers behind what the references of families_reference.py offer."""

    def __init__(self, config, tensors, dtype=torch.float32):
        parsed = AutoConfig.for_model(**config | dict(torch_dtype="float32"))
        self.author = f"transformers {transformers.__version__}, {type(parsed).__name__}"
        with no_init_weights():
            self.model = AutoModelForCausalLM.from_config(parsed, attn_implementation="eager").eval()
        self.model.tie_weights()
        if tensors is not None:
            self.model.load_state_dict(tensors, strict=False)
        self.model.to(dtype)

    def logits(self, ids, mask):
        more = {} if self.model.config.model_type == "bloom" else dict(position_ids=(mask.cumsum(-1) - 1).clamp(min=0))
        return self.model(ids, attention_mask=mask, use_cache=False, **more).logits


def build(config, tensors, dtype=torch.float32):
    if config["model_type"] not in MODELS:
        return Transformers(config, tensors, dtype)
    return MODELS[config["model_type"]](config, {name: tensor.to(dtype) for name, tensor in tensors.items()})


def written_config(case: Case) -> dict:
    """What config.json says: as save_pretrained would write it, but for what the case leaves out or adds."""
    config = dict(case.config)
    if config["model_type"] not in MODELS:
        parsed = AutoConfig.for_model(**config)
        architecture = transformers.models.auto.modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES[config["model_type"]]
        if case.sparse:
            defaults = type(parsed)().to_dict()
            kept = {key: value for key, value in parsed.to_dict().items() if key not in defaults or value != defaults[key]}
            config = kept | {key: config[key] for key in config if key in kept}
        else:
            config = json.loads(parsed.to_json_string(use_diff=True))
        config |= dict(architectures=[architecture], model_type=case.config["model_type"])
    config |= dict(torch_dtype=str(case.dtype).removeprefix("torch."))
    config = {key: value for key, value in config.items() if key not in case.omit and key != "dtype"}
    return {case.rename.get(key, key): value for key, value in config.items()} | case.extra


def shapes_of(config) -> dict[str, tuple]:
    if config["model_type"] in MODELS:
        return MODELS[config["model_type"]].shapes(config)
    # Tied matrices come once, under the name of the first.
    return {name: tuple(parameter.shape) for name, parameter in Transformers(config, None).model.named_parameters()}


def random_tensors(config, dtype) -> dict[str, torch.Tensor]:
    """Weights that leave nothing idle: no norm is 1, no bias 0; rounded to `dtype`.

    Norm weights have both signs, or else a tied head would mostly repeat the last token.
    """
    around_zero = config["model_type"] in ("gemma", "gemma2", "gemma3_text", "nemotron")  # they add 1 to norm weights
    tensors = {}
    for name, shape in shapes_of(config).items():
        if len(shape) > 1:
            tensor = torch.randn(shape) * min(0.3, max(0.1, 1.3 * shape[-1] ** -0.5))
        elif name.endswith("weight"):
            tensor = (torch.rand(shape) + 0.5) * (torch.randint(0, 2, shape) * 2 - 1) - (1 if around_zero else 0)
        else:
            tensor = torch.randn(shape) * 0.3
        tensors[name] = tensor.to(dtype).float()
    return tensors


def continuation(model, prompt: list[int]) -> tuple[list[int], float]:
    """The most likely tokens after a prompt, and the least lead of a best logit over the second."""
    ids, least = list(prompt), float("inf")
    for _ in range(STEPS):
        last = run(model, [ids])[0, -1]
        best = last.topk(2)
        least = min(least, (best.values[0] - best.values[1]).item())
        ids.append(best.indices[0].item())
    return ids[len(prompt) :], least


def run(model, rows: list[list[int]]) -> torch.Tensor:
    """Logits of a batch, padded on the left."""
    longest = max(map(len, rows))
    mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in rows])
    ids = torch.tensor([[0] * (longest - len(row)) + row for row in rows])
    return model.logits(ids, mask)


def attempt(case: Case, config: dict, seed: int):
    """The fixture of one seed, or None when its choices are not clear or too much alike."""
    torch.manual_seed(seed)
    tensors = random_tensors(config, case.dtype)
    model = build(config, tensors)
    lengths = dict(short=case.short, long=case.long) | (dict(crossing=case.crossing) if case.crossing else {})
    prompts = {name: torch.randint(0, config["vocab_size"], (length,)).tolist() for name, length in lengths.items()}
    about = dict(seed=seed, author=model.author, steps=STEPS)
    if case.switches_at:
        about["switchesAt"] = case.switches_at
    for name, prompt in prompts.items():
        chosen, least = continuation(model, prompt)
        if least < MARGIN or len(set(chosen)) < 5:
            return None
        about[name] = dict(prompt=prompt, continuation=chosen)
    mate = prompts["long"][: case.short + 7]
    logits = {name: run(model, [prompts[name]])[0] for name in ("short", "long")}
    logits["padded"] = run(model, [prompts["short"], mate])[0, -case.short :]
    return tensors, about, logits


def check(case: Case, config: dict, tensors, about, logits) -> None:
    """Padding changes nothing, float32 is good enough, and no option is idle."""
    padding = (logits["padded"] - logits["short"]).abs().max().item()
    assert padding < NOISE, f"padding changes logits by {padding}"
    both = [about["short"]["prompt"], about["long"]["prompt"]]
    exact = build(config, tensors, torch.float64)
    for name, prompt in zip(("short", "long"), both):
        noise = (run(exact, [prompt])[0] - logits[name]).abs().max().item()
        assert noise < NOISE, f"{name}: float32 is off by {noise}"
    for change in case.matters:
        other = build(config | change, tensors)
        effect = max((run(other, [both[i]])[0] - logits[name]).abs().max() for i, name in enumerate(("short", "long")))
        assert effect > IDLE, f"{change} changes logits by {effect} only"


def write(name: str, case: Case) -> None:
    config = written_config(case)
    for seed in range(1000):
        found = attempt(case, config, seed)
        if found:
            break
    tensors, about, logits = found
    check(case, config, *found)
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    write_tensors(folder, stored_tensors(case, config, tensors), case.shards)
    (folder / "reference.json").write_text(json.dumps(about) + "\n")
    save_file({key: value.contiguous() for key, value in logits.items()}, folder / "reference.safetensors")
    check_files(folder, config, logits, both=(about["short"]["prompt"], about["long"]["prompt"]))
    size = sum(file.stat().st_size for file in folder.iterdir())
    assert size < MOST_BYTES, f"{name}: {size} bytes"
    print(f"{name}: seed {seed}, {size} bytes, logits up to {max(l.abs().max() for l in logits.values()):.1f}")


def stored_tensors(case: Case, config: dict, tensors) -> dict[str, torch.Tensor]:
    stored = {name.removeprefix(case.prefix): tensor.to(case.dtype) for name, tensor in tensors.items()}
    for copy, original in case.copies.items():
        stored[copy] = stored[original].clone()
    layers = config.get("num_hidden_layers") or config.get("n_layer")
    for name, size in case.buffers.items():
        stored |= {name.format(i=i): torch.zeros(size) for i in range(layers)}
    return stored


def write_tensors(folder: Path, tensors, shards: int) -> None:
    """One file, or several of about the same number of tensors with the index that says where each is."""
    if shards == 1:
        save_file(tensors, folder / "model.safetensors", metadata=dict(format="pt"))
        return
    names = list(tensors)
    files = {f"model-{i + 1:05}-of-{shards:05}.safetensors": names[i::shards] for i in range(shards)}
    for file, inside in files.items():
        save_file({name: tensors[name] for name in inside}, folder / file, metadata=dict(format="pt"))
    total = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
    index = dict(metadata=dict(total_size=total), weight_map={name: file for file in files for name in files[file]})
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n")


def check_files(folder: Path, config: dict, logits, both) -> None:
    """transformers makes the same of the folder as of the model in memory."""
    if config["model_type"] in MODELS:
        return
    loaded, info = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager", output_loading_info=True
    )
    assert not info["missing_keys"] and not info["mismatched_keys"], info
    for name, prompt in zip(("short", "long"), both):
        again = loaded.eval()(torch.tensor([prompt]), use_cache=False).logits[0]
        assert (again - logits[name]).abs().max() < NOISE, name


def main(wanted: list[str]) -> None:
    torch.set_grad_enabled(False)
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    for name, case in CASES.items():
        if not wanted or name.startswith(tuple(wanted)):
            write(name, case)
    for name, config in OUT_OF_SCOPE.items():
        (FOLDER / name).mkdir(parents=True, exist_ok=True)
        (FOLDER / name / "config.json").write_text(json.dumps(config, indent=2) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
