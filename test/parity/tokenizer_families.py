"""Writes fixtures/tokenizers: small tokenizers with the pipelines of published families, and what Python makes of strings.

    python test/parity/tokenizer_families.py <folder with wikitext-2> [<folder with PhoneLM's tokenizer.json>]

  strings.json.gz     the strings
  <name>.json.gz      a tokenizer.json; <name>.model.gz  a tokenizer.model of SentencePiece
  <name>.ids.gz       for each string, little-endian: u16 count, then ids as u16; count 65535 where there is nothing to compare
  <name>.decoded.json.gz  decoded texts by the string's place, where they are not the string itself

The ids of a .json are those of `tokenizers`, those of a .model those of `sentencepiece`, which does not look for control
pieces such as <s> in text: strings that have one are left out. Vocabularies are trained here, on English and on the strings.
Versions: requirements.txt. The tests need no Python.
"""

import gzip
import io
import json
import random
import struct
import sys
import tempfile
from pathlib import Path

import sentencepiece
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from tokenizers.normalizers import NFC, NFKC, Lowercase, Prepend, Replace, Strip, StripAccents
from tokenizers.pre_tokenizers import ByteLevel, Digits, Metaspace, Punctuation, Split, Whitespace, WhitespaceSplit
from transformers import LlamaTokenizerFast, T5TokenizerFast

FOLDER = Path(__file__).parent / "fixtures" / "tokenizers"
ENGLISH = (Path(sys.argv[1]) / "valid.txt").read_text(encoding="utf8")
TEXTS = [
    # A sentence in many scripts.
    "The quick brown fox jumps over the lazy dog, doesn't it?", "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich",
    "Voix ambiguë d’un cœur qui, au zéphyr, préfère les jattes de kiwis", "Съешь же ещё этих мягких французских булок",
    "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία", "いろはにほへと ちりぬるを ワカヨタレソ", "天地玄黃，宇宙洪荒。日月盈昃，辰宿列張。",
    "키스의 고유조건은 입술끼리 만나야 하고", "نص حكيم له سر قاطع وذو شأن عظيم", "दूर क्षितिज पर सूर्य उग रहा है", "เป็นมนุษย์สุดประเสริฐเลิศคุณค่า",
    "דג סקרן שט בים מאוכזב", "Pchnąć w tę łódź jeża", "Trăm năm trong cõi người ta", "Ətraf mühit çox gözəldir", "இந்தியா ஒரு நாடு",
    "বাংলা ভাষা খুব সুন্দর", "საქართველო ლამაზია", "Հայաստան", "አማርኛ ቋንቋ", "မြန်မာဘာသာ", "ខ្ញុំ​ស្រឡាញ់", "ᏣᎳᎩ", "Füße STRASSE straße ſ K",
]
CODE = [
    "def f(x):\n    return x**2  # square\n", "for (let i = 0; i < n; ++i) {\n\tsum += a[i] * b[i];\n}\n", "#include <stdio.h>\r\nint main() {}\r\n",
    "SELECT * FROM t WHERE id='42' AND name LIKE \"%x%\";", "<div class=\"a\">&nbsp;</div>", "x = {'a': [1, 2, 3.14e-10], \"b\": None}",
    "https://example.org/path?q=1&r=%20#frag", "git commit -m 'fix: 100% done'", "\\alpha_{i}^{2} \\rightarrow \\infty", "0x1F 0b1010 1_000_000 12345678901234567890",
]
# Letters, numerals, marks, spaces, controls and emoji on which rules differ. All were assigned by Unicode 10.
CHARACTERS = [
    *"aZzIİıßſKµÅΩΣςσéñøŁжЯλאشب٣٧कखदी३ไทยあア漢字한글ⅣⅫ½²³①＃１Ａﬁﬀ㎏ﷺ", "e\u0301", "a\u0308\u0323", "\u0301", "\u0327", "\u200d", "\ufe0f",
    "\u00a0", "\u0085", "\ufeff", "\u200b", "\u2028", "\u2029", "\u202f", "\u3000", "\u1680", "\u180e", "\u00ad", "\u2060", "\u1112\u1161\u11ab",
    *"…—«»“”‘’¿¡€£¥©®™°±×÷√∞≈→★♥_'\"-.,!?;:()[]{}<>|/\\@#$%^&*+=~`", "😀", "👍🏽", "👩🏿‍🚀", "👨‍👩‍👧‍👦", "🇵🇹", "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "❤️‍🔥", "𝒳", "𐍈", "𠜎", "\U0010ffff", "\ue000", "\ufffd", "\ufdd0", "\x00", "\x01", "\x07", "\x1b", "\x7f", "\x9f", "▁", "▁▁", "Ġ", "Ċ",
]
SPACES = [" ", "  ", "   ", "\t", "\n", "\n\n", "\r\n", "\r", "\v", "\f", "        ", "\u00a0", "\u3000"]
SPECIAL = [
    "<s>", "</s>", "<unk>", "<pad>", "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|begin_of_text|>", "<|eot_id|>", "<|system|>", "<|user|>",
    "<|end|>", "<start_of_turn>", "<end_of_turn>", "<unused5>", "<unused55>", "<h1>", "<tool>", "<tool", "tool>", "[INST]", "[MASK]", "<mask>", "<|pad", "<0x0A>", "<0xFF>",
]


def strings():
    rng = random.Random(20)
    words = ENGLISH.split(" ")[2000:30000]
    found = ["", *TEXTS, *CODE, *SPACES, *SPECIAL, *CHARACTERS]
    found += ["a" * 300, "ab" * 120, "\n" * 70, " " * 90, "-" * 80, "漢" * 60, "👍🏽" * 20, "e\u0301" * 40, "1234567890" * 12, "▁" * 20, "x" * 64, "y" * 65]
    found += [f"{a}{b}{a}" for a in SPACES for b in ["x", "7", ".", "é"]]
    found += [f"it{q}s we{q}RE I{q}Ll they{q}Ve{q}D 'ſ 'K" for q in "'’"] + [str(10**k) for k in range(12)]
    # Long words that no cache keeps, and repeated letters where several ways to join tie.
    found += ["".join(rng.choices("abc", k=rng.randint(20, 160))) for _ in range(60)]
    pools = [words, TEXTS + CODE, CHARACTERS, SPECIAL]
    for _ in range(560):
        found.append(" ".join(rng.choices(words, k=rng.randint(1, 8))))
    for _ in range(520):
        found.append("".join(rng.choices(CHARACTERS + SPACES, k=rng.randint(1, 10))))
    for _ in range(250):
        text = rng.choice(TEXTS + CODE)
        at = rng.randint(0, len(text))
        found.append(text[at : at + rng.randint(1, 20)] + rng.choice(SPACES) + rng.choice(TEXTS + CODE)[: rng.randint(1, 20)])
    for _ in range(250):
        found.append("".join(chr(rng.randint(0, 127)) for _ in range(rng.randint(1, 16))))
    for _ in range(250):
        pool = rng.choice(pools)
        found.append("".join(rng.choice(rng.choice([SPECIAL, SPACES, pool])) for _ in range(rng.randint(1, 6))))
    for _ in range(200):
        tops = [0x80, 0x250, 0x800, 0x3000, 0xD800]
        found.append("".join(chr(rng.randint(1, rng.choice(tops) - 1)) for _ in range(rng.randint(1, 8))))
    for _ in range(150):
        found.append("".join(rng.choice("  \t\n\r x1.▁") for _ in range(rng.randint(1, 14))))
    return found


# Unassigned code points differ between the Unicode versions of the libraries.
def assigned(text):
    import unicodedata

    return all(unicodedata.ucd_3_2_0.category(c) != "Cn" or c in "".join(CHARACTERS + TEXTS) for c in text)


STRINGS = [text for text in dict.fromkeys(strings()) if assigned(text)]
CORPUS = [*ENGLISH[:400_000].split("\n"), *STRINGS[:100] * 3, *STRINGS[::3]]


def write(name, data):
    # No time stamp: the same content is the same file.
    (FOLDER / name).write_bytes(gzip.compress(data if isinstance(data, bytes) else data.encode(), 9, mtime=0))


def dump(value):
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


def write_expected(name, encode, decode, skip=lambda text: False):
    packed = io.BytesIO()
    decoded = {}
    for i, text in enumerate(STRINGS):
        if skip(text):
            packed.write(struct.pack("<H", 65535))
            continue
        ids = encode(text)
        packed.write(struct.pack(f"<H{len(ids)}H", len(ids), *ids))
        out = decode(ids)
        if out != text:
            decoded[i] = out
    write(f"{name}.ids.gz", packed.getvalue())
    write(f"{name}.decoded.json.gz", dump(decoded))


def write_tokenizer(name, tokenizer):
    tokenizer.no_padding()
    tokenizer.no_truncation()
    write(f"{name}.json.gz", dump(json.loads(tokenizer.to_str())))
    # With what the post-processor adds, as transformers calls it.
    write_expected(name, lambda text: tokenizer.encode(text).ids, lambda ids: tokenizer.decode(ids, skip_special_tokens=False))


def byte_level(name, pre, special, normalizer=None, added=(), size=1200, post=None, ignore_merges=False, keep=()):
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=special, initial_alphabet=ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    if keep:  # tokens that merges do not reach, found by ignore_merges alone
        state = json.loads(tokenizer.to_str())
        vocab = state["model"]["vocab"]
        for token in keep:
            vocab.setdefault(token, len(vocab))
        tokenizer = Tokenizer.from_str(json.dumps(state))
    tokenizer.add_tokens(list(added))
    tokenizer.post_processor = post(tokenizer) if post else processors.ByteLevel(trim_offsets=False)
    write_tokenizer(name, tokenizer)


def spelled_out(*regexes):
    return pre_tokenizers.Sequence([*[Split(Regex(r), "isolated") for r in regexes], ByteLevel(add_prefix_space=False, use_regex=False)])


def bos(token):
    def template(tokenizer):
        pair = (token, tokenizer.token_to_id(token))
        return processors.Sequence(
            [processors.ByteLevel(trim_offsets=False), processors.TemplateProcessing(f"{token} $A", f"{token} $A {token} $B", [pair])]
        )

    return template


CONTRACTION = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
CL100K = CONTRACTION + "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
POSSESSIVE = "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+"
QWEN = CL100K.replace("{1,3}", "")
UPPER = "\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}"
LOWER = "\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}"
O200K = (
    f"[^\\r\\n\\p{{L}}\\p{{N}}]?[{UPPER}]*[{LOWER}]+{CONTRACTION}?|[^\\r\\n\\p{{L}}\\p{{N}}]?[{UPPER}]+[{LOWER}]*{CONTRACTION}?"
    "|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
)


def byte_level_families():
    turns = ["<|im_start|>", "<|im_end|>"]
    byte_level("gpt2", ByteLevel(add_prefix_space=False), ["<|endoftext|>"], size=800)
    roberta = lambda t: processors.RobertaProcessing(("</s>", t.token_to_id("</s>")), ("<s>", t.token_to_id("<s>")), False, True)
    byte_level("opt", ByteLevel(add_prefix_space=True), ["<s>", "<pad>", "</s>", "<unk>"], post=roberta, size=700,
               added=[AddedToken("<mask>", lstrip=True, special=True), AddedToken("fox", single_word=True), AddedToken("ещё", normalized=True)])
    runs = [AddedToken(" " * n, normalized=True) for n in range(24, 1, -1)]
    byte_level("gpt-neox", ByteLevel(add_prefix_space=False), ["<|endoftext|>", "<|padding|>"], NFC(), runs)
    byte_level("llama3", spelled_out(CL100K), ["<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>", "<unk>"], post=bos("<|begin_of_text|>"),
               ignore_merges=True, keep=["Ġjumps", "Ġlazy", "zzzz", "漢字"])
    byte_level("qwen2", spelled_out(QWEN), ["<|endoftext|>", *turns], NFC(), [AddedToken("<tool>", normalized=False)])
    byte_level("smollm", pre_tokenizers.Sequence([Digits(individual_digits=True), ByteLevel(add_prefix_space=False)]),
               ["<|endoftext|>", *turns, "<unk>"], size=900)
    byte_level("bloom", spelled_out(" ?[^(\\s|[.,!?…。，、।۔،])]+"), ["<unk>", "<s>", "</s>", "<pad>"], size=900)
    byte_level("stablelm", spelled_out(POSSESSIVE), ["<|endoftext|>", *turns], NFC(), size=900)
    byte_level("nemotron", spelled_out(O200K), ["<unk>", "<s>", "</s>", "[INST]"], post=bos("<s>"), size=900)
    han = "[一-龥ࠀ-一가-퟿]+"
    parts = ["[\\r\\n]", "\\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ҁҊ-ԯ]+", "\\s?[!-/:-~！-／：-～‘-‟\u3000-。]+", "\\s+$", han]
    splits = [Split(Regex(p), "isolated") for p in parts]
    byte_level("deepseek", pre_tokenizers.Sequence([*splits, Digits(individual_digits=True), ByteLevel(add_prefix_space=False, use_regex=False)]),
               ["<s>", "</s>"], size=900)


def piece_model(name, corpus=CORPUS, **options):
    trained = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(corpus), model_writer=trained, minloglevel=2, max_sentence_length=20000, num_threads=1, **options
    )
    processor = sentencepiece.SentencePieceProcessor(model_proto=trained.getvalue())
    write(f"{name}.model.gz", trained.getvalue())
    controls = [processor.id_to_piece(i) for i in range(processor.vocab_size()) if processor.is_control(i) or processor.is_unknown(i)]
    unknown = processor.unk_id()

    def decode(ids):  # an unknown piece is written out by name here
        return processor.decode(ids) if unknown not in ids else processor.decode(ids).replace(" \u2047 ", "<unk>")

    write_expected(name, processor.encode, decode, lambda text: any(piece in text for piece in controls) or "\u2047" in text)
    return trained.getvalue()


def fast(kind, model, **options):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tokenizer.model"
        path.write_bytes(model)
        return kind(vocab_file=str(path), **options)


def piece_families():
    llama = dict(model_type="bpe", vocab_size=1200, byte_fallback=True, normalization_rule_name="identity", split_digits=True,
                 remove_extra_whitespaces=False, character_coverage=0.9995, allow_whitespace_only_pieces=True)
    model = piece_model("llama2-pieces", **llama)
    write_tokenizer("llama2", fast(LlamaTokenizerFast, model, legacy=True)._tokenizer)
    write_tokenizer("llama2-metaspace", fast(LlamaTokenizerFast, model, legacy=False)._tokenizer)
    phi = fast(LlamaTokenizerFast, model, legacy=True)._tokenizer
    names = ["<|endoftext|>", "<|system|>", "<|user|>", "<|end|>"]
    phi.add_special_tokens([AddedToken(n, rstrip=n != "<|endoftext|>", normalized=False) for n in names])
    phi.add_tokens([AddedToken("[INST]", lstrip=True, normalized=True), AddedToken("<tool>", normalized=False, single_word=True)])
    phi.post_processor = processors.TemplateProcessing("$A", "$A $B", [])
    write_tokenizer("phi3", phi)
    model = piece_model("unigram-pieces", model_type="unigram", vocab_size=1500, normalization_rule_name="nmt_nfkc", pad_id=3)
    write_tokenizer("t5", fast(T5TokenizerFast, model, extra_ids=5)._tokenizer)
    piece_model("unigram-bytes", model_type="unigram", vocab_size=1200, byte_fallback=True, normalization_rule_name="identity",
                remove_extra_whitespaces=False, add_dummy_prefix=False, user_defined_symbols=["<tool>", "<h1>", "\n\n", "[INST]"])
    piece_model("bpe-symbols", model_type="bpe", vocab_size=1000, normalization_rule_name="nmt_nfkc_cf",
                user_defined_symbols=["<tool>", "[INST]", "<|user|>", "Ünï"], byte_fallback=True)


def gemma():
    model = models.BPE(byte_fallback=True, fuse_unk=True, unk_token="<unk>")
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = Replace(" ", "▁")
    trainer = trainers.BpeTrainer(vocab_size=1100, special_tokens=["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"], show_progress=False,
                                  limit_alphabet=200)
    tokenizer.pre_tokenizer = Split("▁", "merged_with_next")
    tokenizer.train_from_iterator(CORPUS, trainer)
    state = json.loads(tokenizer.to_str())
    for byte in range(256):
        state["model"]["vocab"].setdefault(f"<0x{byte:02X}>", len(state["model"]["vocab"]))
    tokenizer = Tokenizer.from_str(json.dumps(state))
    tokenizer.pre_tokenizer = Split(" ", "merged_with_previous")
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.add_special_tokens([AddedToken(t, normalized=False) for t in ["<start_of_turn>", "<end_of_turn>"]])
    plain = [f"<unused{n}>" for n in range(99)] + ["\n" * n for n in range(1, 32)] + ["▁" * n for n in range(2, 32)]
    plain += ["\t" * n for n in range(1, 6)] + ["<h1>", "<h2>", "</h1>", "[@BOS@]", "<table>"]
    tokenizer.add_tokens([AddedToken(t, normalized=False) for t in plain])
    pair = ("<bos>", tokenizer.token_to_id("<bos>"))
    tokenizer.post_processor = processors.TemplateProcessing("<bos> $A", "<bos> $A <bos> $B", [pair])
    write_tokenizer("gemma", tokenizer)


def odds(name, normalizer, pre, byte_fallback):
    """Steps that no family above has, over characters and a few words."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=not byte_fallback, byte_fallback=byte_fallback))
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre
    trainer = trainers.BpeTrainer(vocab_size=500, special_tokens=["<unk>"], show_progress=False, limit_alphabet=120)
    tokenizer.train_from_iterator(CORPUS, trainer)
    if byte_fallback:
        state = json.loads(tokenizer.to_str())
        for byte in range(128):  # only half of them: others stay unknown
            state["model"]["vocab"][f"<0x{byte:02X}>"] = len(state["model"]["vocab"])
        tokenizer = Tokenizer.from_str(json.dumps(state))
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="first")
    tokenizer.add_tokens([AddedToken("ＭＡＳＫ", normalized=True), AddedToken("<tool>", normalized=True, single_word=True), AddedToken("QUICK", normalized=True)])
    write_tokenizer(name, tokenizer)


def all_odds():
    odds("odds-strip", normalizers.Sequence([Strip(True, True), NFKC(), Lowercase()]), Metaspace(prepend_scheme="first"), True)
    odds("odds-accents", normalizers.Sequence([normalizers.NFD(), StripAccents(), Replace(Regex("\\s{2,}"), "  "), Strip(True, False)]),
         pre_tokenizers.Sequence([Whitespace(), Punctuation("contiguous")]), False)
    odds("odds-splits", normalizers.Sequence([Replace("e", "3"), Prepend("▁"), Replace(" ", "▁")]),
         pre_tokenizers.Sequence([Split("▁", "merged_with_next"), Split(Regex("[[:punct:]&&[^-.]]+|\\d"), "merged_with_previous"),
                                  Split(Regex("\\h{2}(?=\\w)"), "removed"), Split(Regex("(?<=z)|(?<!b)a\\b"), "contiguous", invert=True)]), True)
    odds("odds-words", Lowercase(), pre_tokenizers.Sequence([WhitespaceSplit(), Digits(), Metaspace(prepend_scheme="always", split=False)]), False)


def phonelm(folder):
    tokenizer = Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))
    write_expected("phonelm", lambda text: tokenizer.encode(text).ids, lambda ids: tokenizer.decode(ids, skip_special_tokens=False))


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    write("strings.json.gz", dump(STRINGS))
    byte_level_families()
    piece_families()
    gemma()
    all_odds()
    for argument in sys.argv[2:3]:
        phonelm(argument)
    print(len(STRINGS), "strings")
