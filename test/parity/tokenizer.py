"""Step 2 of the tokenizer fixtures: what Python's `tokenizers` makes of our files, and of the same corpus.

Reads fixtures/tokenizer/{corpus.txt,plain.json,spaced.json} (see tokenizer.ts) and writes
  metaspace.json  a SentencePiece-like tokenizer (metaspace, byte fallback) trained by Python
  expected.json   strings, their ids and decoded texts by Python, and the merges Python learns with the options of `plain`
  phonelm-ids.json  strings and their ids by PhoneLM's own tokenizer, when its folder is given as the first argument
Versions: requirements.txt.
"""

import json
import random
import sys
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

FOLDER = Path(__file__).parent / "fixtures" / "tokenizer"
CORPUS = (FOLDER / "corpus.txt").read_text(encoding="utf8").rstrip("\n").split("\n")

# Letters, numerals, marks, punctuation and spaces on which splitting rules differ between regex engines. All were
# assigned by Unicode 10, so that every engine's tables know them.
UNICODE = (
    "aZ09éßñøŁжЯλΩאשبس٣٧कखदी३ไทยあア漢字한글ⅣⅫ½²³①＃１Ａ"
    "\u0301\u0327\u200d\ufe0f\u00a0\u0085\ufeff\u200b\u2028\u2029\u202f\u3000\u1680\u180e\u00ad"
    "…—«»“”‘’¿¡€£¥©®™°±×÷√∞≈→★♥😀👍🏽🌞👨‍👩‍👧‍👦🇵🇹𝒳𐍈\U0010ffff\ue000\ufffd"
)


def strings():
    rng = random.Random(7)
    words = " ".join(CORPUS).split(" ")
    found = ["", " ", "  ", "\n", " \n ", "a", "é", "0", "\u0000", "\x7f", "\ufeffbom", "it's I'LL we've 'twas ''s"]
    for _ in range(220):
        found.append(" ".join(rng.choices(words, k=rng.randint(1, 7))))
    for _ in range(140):
        found.append("".join(rng.choices(UNICODE + "  ", k=rng.randint(1, 12))))
    for _ in range(100):
        found.append("".join(chr(rng.randint(0, 127)) for _ in range(rng.randint(1, 16))))
    added = ["<|endoftext|>", "<|pad|>", "set_alarm(", "hour=", "(", " and ", "\n", "set_", "<|endof", " ", "  ", "8", "é", "<s>"]
    for _ in range(80):
        found.append("".join(rng.choices(added, k=rng.randint(1, 6))))
    for _ in range(50):
        found.append("".join(rng.choice(" \t\r\n\v\f\u00a0x1.") for _ in range(rng.randint(1, 12))))
    return found


def train_plain():
    tokenizer = Tokenizer(models.BPE())
    digits = pre_tokenizers.Split(Regex("[0-9]"), "isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.ByteLevel(add_prefix_space=False), digits])
    trainer = trainers.BpeTrainer(
        vocab_size=512,
        min_frequency=2,
        special_tokens=["<|endoftext|>", "<|pad|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    return [list(merge) for merge in json.loads(tokenizer.to_str())["model"]["merges"]]


def train_metaspace():
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, fuse_unk=True, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    # Only characters of the first lines, so that the rest falls back to bytes.
    trainer = trainers.BpeTrainer(vocab_size=160, special_tokens=["<unk>", "<s>", "</s>"], show_progress=False)
    tokenizer.train_from_iterator(CORPUS[:18], trainer)
    state = json.loads(tokenizer.to_str())
    vocab = state["model"]["vocab"]
    for byte in range(256):
        vocab[f"<0x{byte:02X}>"] = len(vocab)
    state["pre_tokenizer"]["split"] = False  # @huggingface/tokenizers never splits here, as Llama's files ask
    steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    tokenizer = Tokenizer.from_str(json.dumps(state))
    tokenizer.decoder = decoders.Sequence(steps)
    (FOLDER / "metaspace.json").write_text(tokenizer.to_str() + "\n", encoding="utf8")


def main():
    train_metaspace()
    texts = strings()
    expected = {"strings": texts, "pythonMerges": train_plain()}
    for name in ["plain", "spaced", "metaspace"]:
        tokenizer = Tokenizer.from_file(str(FOLDER / f"{name}.json"))
        ids = [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]
        expected[name] = ids
        decoded = [tokenizer.decode(row, skip_special_tokens=False) for row in ids]
        # Only where it is not the text itself.
        expected[f"{name}Decoded"] = {str(i): text for i, text in enumerate(decoded) if text != texts[i]}
    text = json.dumps(expected, ensure_ascii=True, separators=(",", ":"))
    (FOLDER / "expected.json").write_text(text + "\n", encoding="utf8")


def write_phonelm(folder):
    tokenizer = Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))
    encoded = [(text, tokenizer.encode(text).ids) for text in strings()[::4] + CORPUS]
    rows = [[text, ids, tokenizer.decode(ids, skip_special_tokens=False)] for text, ids in encoded]
    text = json.dumps(rows, ensure_ascii=True, separators=(",", ":"))
    (FOLDER / "phonelm-ids.json").write_text(text + "\n", encoding="utf8")


if __name__ == "__main__":
    main()
    for argument in sys.argv[1:]:
        write_phonelm(argument)
