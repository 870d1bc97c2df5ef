"""Writes fixtures/lm-eval: what lm-evaluation-harness asks and what it makes of the answers.

    pip install lm_eval==0.4.13 datasets==3.6.0       beside the versions of requirements.txt
    python test/parity/lm_eval_fixture.py ../shared/data

`../shared/data` has piqa/valid.jsonl with its labels, and wikitext-2/test.txt. The fixture is
  model/           a tiny Llama of random weights with a byte-level BPE of 512 tokens, trained on WikiText
  requests.json    the prompts of the harness's own task files over rows.json, which was written by hand, without examples and with
  results.json     PIQA (all questions, 0- and 5-shot), articles of WikiText and generated answers on that model, in
                   float32 on the CPU: metrics, standard errors, and every log-likelihood as base64 of float32
"""

import base64
import json
import re
import sys
import tempfile
from pathlib import Path

import lm_eval
import numpy as np
import torch
from lm_eval.api.model import LM
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import LlamaConfig, LlamaForCausalLM

FOLDER = Path(__file__).parent / "fixtures" / "lm-eval"
CONTEXT = 2048
PAGES = 4


def write_model(text: str) -> Path:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<s>", "</s>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=512, special_tokens=special, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator([text], trainer)
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    model = FOLDER / "model"
    model.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(model / "tokenizer.json"))
    settings = dict(tokenizer_class="PreTrainedTokenizerFast", bos_token="<s>", eos_token="</s>", model_max_length=CONTEXT)
    (model / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n")
    torch.manual_seed(7)
    config = LlamaConfig(
        vocab_size=512, hidden_size=64, intermediate_size=160, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=CONTEXT, tie_word_embeddings=True, bos_token_id=0, eos_token_id=1,
        torch_dtype="float32",
    )  # fmt: skip
    llama = LlamaForCausalLM(config)
    for name, parameter in llama.named_parameters():
        if parameter.ndim == 2:
            torch.nn.init.normal_(parameter, std=1.2 / parameter.shape[1] ** 0.5)
        else:
            torch.nn.init.normal_(parameter, mean=1.0, std=0.2)
    llama.save_pretrained(model)
    return model


class Recorder(LM):
    """Notes what it is asked, and answers as if every continuation were as likely as it is long."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def loglikelihood(self, requests, disable_tqdm=False):
        self.asked += [list(request.args) for request in requests]
        return [(-float(len(request.args[1])), False) for request in requests]

    def loglikelihood_rolling(self, requests, disable_tqdm=False):
        self.asked += [list(request.args) for request in requests]
        return [-float(len(request.args[0])) for request in requests]

    def generate_until(self, requests, disable_tqdm=False):
        self.asked += [[request.args[0]] for request in requests]
        return [" it's WATER! " for _ in requests]


def over_files(files: dict[str, str]) -> dict:
    return dict(dataset_path="json", dataset_name=None, dataset_kwargs=dict(data_files=files))


def local(manager: TaskManager, task: str, files: dict[str, str], **changes):
    """A task of the harness as it stands, over local files."""
    return manager._factory.build(manager.task_index[task], overrides=over_files(files) | changes, registry=manager.task_index)


def metrics_of(results: dict, task: str) -> dict:
    numbers = results["results"][task].items()
    return {key: value for key, value in numbers if isinstance(value, float) and not isinstance(value, bool)}


def write_requests(manager: TaskManager, folder: Path) -> None:
    rows = json.loads((FOLDER / "rows.json").read_text())
    asked = {}
    for task, splits in rows.items():
        files = {}
        for split, some in splits.items():
            if not some:
                continue
            files[split] = str(folder / f"{task}-{split}.json")
            Path(files[split]).write_text("\n".join(json.dumps(row) for row in some))
        changes = {} if splits.get("validation", True) else dict(validation_split=None)
        pool = splits.get("dev") or splits.get("train") or []
        for shots in [0, 2 if "dev" in splits else len(pool) - 1]:
            recorder = Recorder()
            if shots < 0:
                continue
            drop = dict(training_split=None, validation_split=None) if task == "wikitext" else {}
            results = lm_eval.simple_evaluate(
                recorder, tasks=[local(manager, task, files, **changes, **drop)], num_fewshot=shots, task_manager=manager, bootstrap_iters=10
            )
            name = next(iter(results["results"]))
            asked[f"{task}/{shots}"] = dict(requests=recorder.asked, metrics=metrics_of(results, name))
    (FOLDER / "requests.json").write_text(json.dumps(asked, indent=1, ensure_ascii=False) + "\n")


def likelihoods(results: dict, task: str) -> str:
    """Log-likelihoods of all requests, document by document."""
    samples = sorted(results["samples"][task], key=lambda sample: sample["doc_id"])
    values = [float(one[0][0]) if isinstance(one[0], (tuple, list)) else float(one[0]) for sample in samples for one in sample["resps"]]
    return base64.b64encode(np.array(values, dtype="<f4").tobytes()).decode()


def write_results(manager: TaskManager, model: Path, data: Path, folder: Path) -> None:
    lm = HFLM(pretrained=str(model), dtype="float32", device="cpu", batch_size=16)
    labels = (data / "piqa/valid-labels.lst").read_text().split()
    lines = (data / "piqa/valid.jsonl").read_text().splitlines()
    rows = [json.loads(line) | dict(label=int(label)) for line, label in zip(lines, labels, strict=True)]
    validation = str(folder / "piqa.json")
    Path(validation).write_text("\n".join(json.dumps(row) for row in rows))
    out = dict(author=f"lm_eval {lm_eval.__version__}, transformers, float32", cases={})
    piqa = dict(training_split=None)
    for shots in [0, 5]:
        results = lm_eval.simple_evaluate(
            lm, tasks=[local(manager, "piqa", dict(validation=validation), **piqa)], num_fewshot=shots, task_manager=manager, log_samples=True
        )
        name = next(iter(results["results"]))
        out["cases"][f"piqa/{shots}"] = dict(metrics=metrics_of(results, name), logLikelihoods=likelihoods(results, name))
    text = (data / "wikitext-2/test.txt").read_text()
    starts = [match.start() for match in re.finditer(r"^ = [^=].* = $", text, re.M)]
    pages = [text[a:b] for a, b in zip(starts, starts[1:])][:PAGES]
    test = str(folder / "wikitext.json")
    Path(test).write_text("\n".join(json.dumps(dict(page=page)) for page in pages))
    drop = dict(training_split=None, validation_split=None)
    results = lm_eval.simple_evaluate(lm, tasks=[local(manager, "wikitext", dict(test=test), **drop)], task_manager=manager, log_samples=True)
    name = next(iter(results["results"]))
    out["cases"]["wikitext/0"] = dict(metrics=metrics_of(results, name), logLikelihoods=likelihoods(results, name), pages=PAGES)
    out["cases"]["generation/0"] = generated(lm, validation)
    out["cases"]["perplexity/0"] = perplexity(lm, validation)
    (FOLDER / "results.json").write_text(json.dumps(out, indent=1) + "\n")


def generated(lm: HFLM, validation: str) -> dict:
    task = over_files(dict(validation=validation)) | dict(
        task="generation", validation_split="validation", output_type="generate_until", doc_to_text="{{goal}}", doc_to_target="{{sol1}}",
        generation_kwargs=dict(until=["\n", "."], max_gen_toks=24), metric_list=[dict(metric="exact_match", aggregation="mean", higher_is_better=True)],
    )  # fmt: skip
    results = lm_eval.simple_evaluate(lm, tasks=[task], limit=40, log_samples=True)
    name = next(iter(results["results"]))
    samples = sorted(results["samples"][name], key=lambda sample: sample["doc_id"])
    return dict(texts=[sample["resps"][0][0] for sample in samples], metrics=metrics_of(results, name))


def perplexity(lm: HFLM, validation: str) -> dict:
    task = over_files(dict(validation=validation)) | dict(
        task="perplexity", validation_split="validation", output_type="loglikelihood", doc_to_text="{{goal}}", doc_to_target="{{sol1[:3]}}",
        metric_list=[dict(metric="perplexity", aggregation="perplexity", higher_is_better=False), dict(metric="acc", aggregation="mean", higher_is_better=True)],
    )  # fmt: skip
    results = lm_eval.simple_evaluate(lm, tasks=[task], limit=100, log_samples=True, bootstrap_iters=2000)
    name = next(iter(results["results"]))
    return dict(metrics=metrics_of(results, name), logLikelihoods=likelihoods(results, name))


def main() -> None:
    data = Path(sys.argv[1])
    model = write_model((data / "wikitext-2/valid.txt").read_text()[:400_000])
    manager = TaskManager()
    with tempfile.TemporaryDirectory() as folder:
        write_requests(manager, Path(folder))
        write_results(manager, model, data, Path(folder))


if __name__ == "__main__":
    main()
