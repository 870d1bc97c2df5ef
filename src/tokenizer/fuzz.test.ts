// Hostile files: tokenizer.json, tokenizer_config.json with its chat template, and tokenizer.model, mutated at random. What
// comes of one is a tokenizer that encodes and decodes, or a HandheldError; never another error, a hang or a heap of memory.
//
// A normal run takes a fixed sample. All of it, 100,000 of each:
//   HANDHELD_FUZZ=100000 npx vitest run src/tokenizer/fuzz.test.ts
// An input that fails is named by its seed; HANDHELD_FUZZ_FROM=<seed> begins there. What failed once is in `kept`.
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { HandheldError } from "../errors.ts";
import { parseJson } from "../io.ts";
import { Charsmap } from "./charsmap.ts";
import { createChatTemplate } from "./chat-template.ts";
import { createDice, type Dice, mutateBytes, mutateJson } from "./fuzz.case.ts";
import { readSentencePiece } from "./sentencepiece.ts";
import { createTokenizer } from "./tokenizer.ts";

const count = Number(process.env.HANDHELD_FUZZ ?? 1500);
const first = Number(process.env.HANDHELD_FUZZ_FROM ?? 0);
const folder = new URL("../../test/parity/fixtures/tokenizers/", import.meta.url);
const unzip = (name: string) => gunzipSync(readFileSync(new URL(name, folder)));

const texts = [
  "",
  "It's 12 o'clock,  we'll  see\r\n\n",
  "ÜNÏ 東京 👍🏽\u0301 ▁▁ <s>a</s> <|end|>",
  "aaaaaaaaaaaa".repeat(20),
];

type Json = Record<string, unknown>;

/** A family's file with a vocabulary of some 150 tokens, so that mutations meet its other parts. */
function small(name: string): Json {
  const json = JSON.parse(unzip(`${name}.json.gz`).toString("utf8")) as Json & { model: Json; normalizer: Json };
  const { model } = json;
  if (model.type === "Unigram") model.vocab = (model.vocab as unknown[]).slice(0, 150);
  else {
    const ids = Object.entries(model.vocab as Record<string, number>).filter(
      ([token, id]) => id < 60 || token.length < 2,
    );
    const vocab = new Map(ids.slice(0, 150));
    model.merges = (model.merges as [string, string][]).filter(([a, b]) => vocab.has(a) && vocab.has(b)).slice(0, 20);
    for (const [a, b] of model.merges as [string, string][]) vocab.set(a + b, vocab.size + 2000);
    model.vocab = Object.fromEntries(vocab);
  }
  json.added_tokens = (json.added_tokens as unknown[]).slice(0, 6);
  const normalizers = (json.normalizer?.normalizers ?? []) as Json[];
  for (const step of normalizers)
    if (step.type === "Precompiled") step.precompiled_charsmap = btoa(String.fromCharCode(...table));
  return json;
}

// One replacement, of "A" by "b": 128 units of the trie, of which three are used, then the text.
const units = new Uint32Array(130);
units.set([512, 0x400]);
units[1 + 64] = 0x541;
units[129] = 0x62;
const table = new Uint8Array(units.buffer);

const config = {
  bos_token: "<s>",
  eos_token: { content: "</s>", lstrip: false },
  chat_template: [
    {
      name: "default",
      template:
        "{% for m in messages %}{{ bos_token + m['role'] | trim }}{% if loop.last and m.content %}{{ m.content | tojson(indent=2) }}{% endif %}{% endfor %}{% set n = namespace(a=[1]) %}{% for i in range(3) %}{% set n.a = n.a + [i] %}{% endfor %}{{ n.a }}",
    },
  ],
};
const tiny = {
  added_tokens: [],
  decoder: { type: "ByteLevel" },
  model: { type: "BPE", vocab: { "<s>": 0 }, merges: [] },
};
const messages = [{ role: "user", content: "Hello" }];

/** Runs `attempt` on inputs of so many seeds and tells those that end in anything but a result or a HandheldError. */
function attack(name: string, attempt: (dice: Dice, seed: number) => void): void {
  it(`${name}: ${count} mutated inputs`, { timeout: 3_600_000 }, () => {
    const failures: unknown[] = [];
    let results = 0;
    for (let seed = first; seed < first + count && failures.length < 5; seed++) {
      const start = process.cpuUsage();
      try {
        attempt(createDice(seed, name), seed);
        results++;
      } catch (error) {
        if (!(error instanceof HandheldError)) failures.push({ seed, error: String((error as Error).stack) });
      }
      const seconds = process.cpuUsage(start).user / 1e6;
      if (seconds > 5) failures.push({ seed, seconds });
      const megabytes = process.memoryUsage().rss / 1e6;
      if (megabytes > 3000) failures.push({ seed, megabytes });
    }
    expect(failures).toEqual([]);
    expect(results).toBeGreaterThan(0); // some inputs are still good: the mutations are not all alike
  });
}

function use(json: unknown, from: unknown = {}): void {
  const tokenizer = createTokenizer(json, from);
  for (const text of texts) {
    const ids = tokenizer.encode(text, { specialTokens: true });
    try {
      tokenizer.decode(ids, { skipSpecial: true });
    } catch (error) {
      // A frame may name an id that the vocabulary lacks.
      if (!(error instanceof HandheldError)) throw error;
    }
    tokenizer.encodePlain(text);
  }
}

describe("hostile files", () => {
  const families = [
    "llama3",
    "gpt-neox",
    "opt",
    "gemma",
    "llama2",
    "t5",
    "bloom",
    "deepseek",
    "odds-splits",
    "odds-strip",
  ];
  const files = families.map(small);
  const bytes = files.map((json) => new TextEncoder().encode(JSON.stringify(json)));

  it("are good before they are mutated", () => {
    for (const json of files) use(json, config);
    expect(createChatTemplate(config)!.render(messages)).toContain("Hello");
  });

  const double = (type: string) => ({ type, pattern: { String: "a" }, content: "aa" });
  const cutAt = (text: string) => ({ type: "Split", pattern: { String: text }, behavior: "Isolated" });
  const with32 = (key: string, list: string, step: unknown) => ({
    ...files[4],
    [key]: { type: "Sequence", [list]: Array.from({ length: 32 }, () => step) },
  });
  const runs = Array.from({ length: 3000 }, (_, i) => ({ id: i, content: `${"a".repeat(i)}b` }));
  const kept: [string, unknown, string | null][] = [
    ["a normalizer that doubles", with32("normalizer", "normalizers", double("Replace")), "makes too much of a text"],
    ["a decoder that doubles", with32("decoder", "decoders", double("Replace")), "makes too much of a token"],
    [
      "a text that is put in and long",
      with32("normalizer", "normalizers", { type: "Prepend", prepend: "x".repeat(999) }),
      "999",
    ],
    ["steps within steps", { ...files[0], normalizer: nested(100_000) }, "a step is not one"],
    ["an id far away", { ...files[0], added_tokens: [{ id: 16_000_000, content: "x" }] }, "have ids up to 16000000"],
    ["added tokens that all begin alike", { ...files[0], added_tokens: runs }, null],
    ["a cut at signs", { ...files[0], pre_tokenizer: cutAt("-[]^\\h/0") }, null],
    ["a space that is a sign", { ...files[0], pre_tokenizer: { type: "Metaspace", replacement: "^" } }, null],
    ["a token without half of a pair", { ...files[0], added_tokens: [{ id: 1, content: "\ud800" }] }, null],
  ];
  it.each(kept)("%s", { timeout: 20_000 }, (_what, json, message) => {
    if (message === null) use(json);
    else expect(() => use(json)).toThrow(message);
  });

  attack("tokenizer.json", (dice, seed) => {
    const i = dice.below(files.length);
    if (seed % 3 > 0) use(mutateJson(files[i], dice));
    else use(parseJson(new TextDecoder().decode(mutateBytes(bytes[i]!, dice)), "tokenizer.json"));
  });

  attack("tokenizer_config.json", (dice, seed) => {
    const source = new TextEncoder().encode(JSON.stringify(config));
    const json = (
      seed % 3 > 0 ? mutateJson(config, dice) : parseJson(new TextDecoder().decode(mutateBytes(source, dice)), "config")
    ) as typeof config;
    const template = createChatTemplate(createTokenizer(tiny, json).config);
    template?.render(messages, { template: template.names[0]! });
  });

  const models = ["llama2-pieces", "unigram-bytes"].map((name) => unzip(`${name}.model.gz`));
  attack("tokenizer.model", (dice, seed) => {
    // A part of the pieces, and what follows them.
    const model = models[seed % 2]!;
    const cut = new Uint8Array([...model.subarray(0, 600 + dice.below(200)), ...model.subarray(model.length - 300)]);
    const base = seed % 4 < 2 ? wholePieces(model) : cut;
    const { json, config: roles } = readSentencePiece(mutateBytes(base, dice), {}, "tokenizer.model");
    use(json, roles);
  });

  const charsmap = tableOf("unigram-pieces");
  attack("a table of replacements", (dice) => {
    const copy = charsmap.slice();
    for (let n = 1 + dice.below(200); n > 0; n--) copy[dice.below(dice.pick([8, 4096, copy.length]))] = dice.below(256);
    const map = new Charsmap(dice.below(4) === 0 ? copy.subarray(0, dice.below(copy.length)) : copy, "table");
    for (const text of texts) map.replaceLongest(map.replaceGraphemes(text));
  });
});

function nested(depth: number): unknown {
  let step: unknown = { type: "NFC" };
  for (let i = 0; i < depth; i++) step = { type: "Sequence", normalizers: [step] };
  return step;
}

/** The first pieces of a model and its other fields, as a well-formed model. */
function wholePieces(model: Uint8Array): Uint8Array {
  const kept: number[] = [];
  let pieces = 0;
  for (let at = 0; at < model.length; ) {
    const begin = at;
    const tag = model[at++]!;
    let size = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = model[at++]!;
      size += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    at += size;
    if (tag !== 0x0a || pieces++ < 60) kept.push(...model.subarray(begin, at));
  }
  return Uint8Array.from(kept);
}

function tableOf(name: string): Uint8Array {
  const { json } = readSentencePiece(unzip(`${name}.model.gz`), {}, name);
  const steps = (json.normalizer as { normalizers: { precompiled_charsmap?: string }[] }).normalizers;
  return Uint8Array.from(atob(steps[0]!.precompiled_charsmap!), (char) => char.charCodeAt(0));
}
