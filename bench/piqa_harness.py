"""PIQA by lm-evaluation-harness with transformers on the CPU, for piqa.ts: model, data folder, limit, batch size, threads.

Prints one JSON line: seconds from the task's questions to its metrics, and the metrics.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import lm_eval
import torch
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager

model, data, limit, batch_size, threads = sys.argv[1:]
torch.set_num_threads(int(threads))
rows = [json.loads(line) for line in Path(data, "valid.jsonl").read_text().splitlines()]
labels = Path(data, "valid-labels.lst").read_text().split()
with tempfile.TemporaryDirectory() as folder:
    file = Path(folder, "piqa.json")
    file.write_text("\n".join(json.dumps(row | dict(label=int(label))) for row, label in zip(rows, labels, strict=True)))
    manager = TaskManager()
    local = dict(dataset_path="json", dataset_kwargs=dict(data_files=dict(validation=str(file))), training_split=None)
    task = manager._factory.build(manager.task_index["piqa"], overrides=local, registry=manager.task_index)
    lm = HFLM(pretrained=model, dtype="float32", device="cpu", batch_size=int(batch_size))
    start = time.perf_counter()
    results = lm_eval.simple_evaluate(lm, tasks=[task], task_manager=manager, limit=int(limit), bootstrap_iters=0)
    seconds = time.perf_counter() - start
metrics = next(iter(results["results"].values()))
print(json.dumps(dict(seconds=seconds, acc=metrics["acc,none"], accNorm=metrics["acc_norm,none"], tokens=None)))
