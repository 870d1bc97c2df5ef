"""Writes fixtures/calls-metrics.json: ROUGE by rouge-score and slot metrics by seqeval (which counts as conlleval does).

python test/parity/calls_metrics.py
"""

import json
import pathlib
import random

from rouge_score import rouge_scorer
from seqeval.metrics import f1_score, precision_score, recall_score

WORDS = "set the alarm to 7:30 AM, please! I've sent an e-mail re: café (today's) play some_jazz at 20 % volume OK".split(" ")
SLOTS = ["artist", "track", "city"]
random.seed(7)


def rouge_cases():
    scorer = rouge_scorer.RougeScorer(["rouge1", "rougeL"])
    texts = [("", "a b"), ("a", ""), ("", ""), ("The cat.\nThe CAT!", "the cat sat"), ("a b a b", "b a b a a")]
    for _ in range(35):
        reference = [random.choice(WORDS) for _ in range(random.randrange(1, 14))]
        text = [word for word in reference if random.random() < 0.7]
        text += [random.choice(WORDS) for _ in range(random.randrange(4))]
        if random.random() < 0.5:
            random.shuffle(text)
        texts.append((" ".join(text), " ".join(reference)))
    for text, reference in texts:
        scores = scorer.score(reference, text)
        yield [text, reference, scores["rouge1"].fmeasure, scores["rougeL"].fmeasure]


def tags_of(length):
    tags = []
    while len(tags) < length:
        if random.random() < 0.5:
            tags.append("O")
        else:
            slot = random.choice(SLOTS)
            # An I- without its B- begins a slot as well.
            tags.append(random.choice(["B-", "B-", "B-", "I-"]) + slot)
            tags += ["I-" + slot] * random.randrange(3)
    return tags[:length]


def slot_cases():
    sentences, gold, predicted = [], [], []
    for i in range(60):
        length = random.randrange(3, 12)
        # No word twice, so that a value is in one place only.
        sentences.append([f"w{i}x{j}" for j in range(length)])
        gold.append(tags_of(length))
        predicted.append(gold[-1] if random.random() < 0.3 else tags_of(length))
    scores = {
        "slotF1": float(f1_score(gold, predicted)),
        "slotPrecision": float(precision_score(gold, predicted)),
        "slotRecall": float(recall_score(gold, predicted)),
    }
    return {"sentences": sentences, "gold": gold, "predicted": predicted, "scores": scores}


fixture = {"rouge": list(rouge_cases()), "slots": slot_cases()}
target = pathlib.Path(__file__).parent / "fixtures" / "calls-metrics.json"
target.write_text(json.dumps(fixture, ensure_ascii=False) + "\n")
