// The trainer against Python's on the same corpus, against its own committed output, and at its edges.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { corpus, variants } from "../../test/parity/tokenizer.ts";
import { trainTokenizer } from "./bpe-trainer.ts";
import type { TokenizerJson } from "./format.ts";

const fixtures = new URL("../../test/parity/fixtures/tokenizer/", import.meta.url);
const readJson = (name: string) => JSON.parse(readFileSync(new URL(name, fixtures), "utf8"));
const mergesOf = ({ model }: TokenizerJson) => (model.type === "BPE" ? model.merges : []);

describe("trainTokenizer", () => {
  it("learns the merges that Python tokenizers 0.22.2 learns, in the same order", () => {
    const { json } = trainTokenizer(corpus, variants.plain);
    expect(mergesOf(json).length).toBeGreaterThan(200);
    expect(mergesOf(json)).toEqual(readJson("expected.json").pythonMerges);
  });

  it.each(["plain", "spaced"] as const)("is deterministic: %s equals the committed file", (name) => {
    expect(trainTokenizer(corpus, variants[name]).json).toEqual(readJson(`${name}.json`));
  });

  it("breaks ties by lowest ids and joins runs from their start", () => {
    const options = { vocabularySize: 260, specialTokens: [], minCount: 1 };
    expect(mergesOf(trainTokenizer(["ba ab"], options).json)).toEqual([
      ["a", "b"],
      ["b", "a"],
      ["Ġ", "ab"],
    ]);
    const runs = trainTokenizer(["aaaaa"], { ...options, vocabularySize: 258 });
    expect(mergesOf(runs.json)).toEqual([
      ["a", "a"],
      ["aa", "a"],
    ]);
    expect(runs.encode("aaaaa").map((id) => runs.idToToken(id))).toEqual(["aa", "aaa"]);
  });

  it("keeps digits apart unless told not to", () => {
    const texts = ["2024 2024 2024"];
    const apart = trainTokenizer(texts, { vocabularySize: 300 });
    expect(apart.encode("2024")).toHaveLength(4);
    const pairs = trainTokenizer(texts, { vocabularySize: 300, maxDigits: 2 });
    expect(pairs.encode("2024").map((id) => pairs.idToToken(id))).toEqual(["20", "24"]);
    const joined = trainTokenizer(texts, { vocabularySize: 300, maxDigits: Number.POSITIVE_INFINITY });
    expect(joined.encode(" 2024")).toHaveLength(1);
    expect(() => trainTokenizer(texts, { vocabularySize: 300, maxDigits: 0 })).toThrow("maxDigits is 0");
  });

  it("makes literal tokens one token each, and spaces the stretches between them", () => {
    const options = { vocabularySize: 300, literalTokens: ["set_alarm(", ")"], addPrefixSpace: true };
    const tokenizer = trainTokenizer(["set_alarm(eight) eight eight"], options);
    const tokens = tokenizer.encode("set_alarm(eight) eight").map((id) => tokenizer.idToToken(id));
    expect(tokens).toEqual(["set_alarm(", "Ġeight", ")", "Ġeight"]);
    expect(tokenizer.specialIds).toEqual(new Set([0]));
    expect(tokenizer.addedIds.size).toBe(3);
  });

  it("stops early when nothing repeats, and learns nothing from no text", () => {
    expect(trainTokenizer(["abcd"], { vocabularySize: 1000 }).size).toBe(257);
    expect(trainTokenizer([], { vocabularySize: 1000 }).size).toBe(257);
  });

  it("handles words that are names of object properties", () => {
    const texts = ["__proto__ constructor __proto__ constructor toString toString"];
    const tokenizer = trainTokenizer(texts, { vocabularySize: 400 });
    expect(tokenizer.tokenToId("__proto__")).toBeUndefined();
    for (const text of texts) expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
    const literal = trainTokenizer([], { vocabularySize: 400, literalTokens: ["__proto__"] });
    expect(literal.encode("__proto__")).toEqual([1]);
  });

  it.each([
    [{ vocabularySize: 256 }, "vocabularySize 256 is too small for 256 bytes and the added tokens; use at least 257"],
    [{ vocabularySize: 300, literalTokens: [""] }, "an added token is empty"],
    [{ vocabularySize: 300, literalTokens: ["x(", "x("] }, "an added token is given twice"],
    [{ vocabularySize: 300, literalTokens: ["é"] }, 'added token "é" is the spelling of a byte'],
    [{ vocabularySize: 300, roles: { pad: "<pad>" } }, 'pad token "<pad>" is not among the special tokens'],
  ])("rejects %j", (options, message) => {
    expect(() => trainTokenizer(["a"], options)).toThrow(message);
  });
});
