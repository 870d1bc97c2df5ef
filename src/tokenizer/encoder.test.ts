// What the parity fixtures do not reach: one word of a megabyte, the two ways of joining, cutting where no pre-tokeniser does.
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { createRandom } from "../random.ts";
import { createBpe } from "./bpe.ts";
import type { BpeJson, TokenizerJson } from "./format.ts";
import { createTokenizer } from "./tokenizer.ts";
import { WordCache } from "./word-cache.ts";

const folder = new URL("../../test/parity/fixtures/tokenizers/", import.meta.url);
const open = (name: string) =>
  JSON.parse(gunzipSync(readFileSync(new URL(`${name}.json.gz`, folder))).toString("utf8")) as TokenizerJson;
const random = createRandom(3, "encoder");
const word = (letters: string, length: number) =>
  Array.from({ length }, () => letters[Math.floor(random.float() * letters.length)]).join("");

describe("one word of a megabyte", () => {
  // Quadratic work would take hours.
  it.each(["llama3", "llama2", "gemma", "t5", "smollm"])("is encoded by %s", { timeout: 60_000 }, (name) => {
    const tokenizer = createTokenizer(open(name));
    for (const text of [word("abcde", 1_000_000), "a".repeat(1_000_000)]) {
      const ids = tokenizer.encode(text);
      expect(tokenizer.decode(ids).trimStart()).toBe(text);
    }
  });
});

it("pairs are joined alike by scanning and by the heap", () => {
  const model = open("gpt2").model as BpeJson;
  const ids = new Map(Object.entries(model.vocab));
  // No merge has Ġ on its right: what it begins is independent of what is before it, together (long) as apart (short).
  for (const leftmost of [false, true]) {
    const bpe = createBpe({ ...model, leftmost }, ids, "gpt2");
    for (let i = 0; i < 300; i++) {
      const parts = Array.from({ length: 12 }, () => word("abcsteing", 10));
      const [long, short]: number[][] = [[], []];
      bpe.encode(parts.join("Ġ"), long!);
      for (const [j, part] of parts.entries()) bpe.encode(j === 0 ? part : `Ġ${part}`, short!);
      expect(long).toEqual(short);
    }
  }
});

it("text without a pre-tokeniser is cut at spaces only where no merge joins across them", () => {
  const json = open("llama2");
  const across = structuredClone(json) as TokenizerJson & { model: BpeJson };
  // A merge over a space: "the▁" is now a token, so words are not independent any more.
  across.model.vocab["e▁"] = 5000;
  across.model.merges = [["e", "▁"], ...across.model.merges];
  const tokenizer = createTokenizer(across);
  expect(tokenizer.encode("e e").map((id) => tokenizer.idToToken(id))).toContain("e▁");
  expect(createTokenizer(json).decode(createTokenizer(json).encode("e e"))).toBe("e e");
});

describe("words", () => {
  it("are encoded once, long ones each time", () => {
    const asked: string[] = [];
    const cache = new WordCache((word, ids) => ids.push(asked.push(word), 7));
    const ids: number[] = [];
    for (const text of ["a", "b", "a", "x".repeat(65), "x".repeat(65)]) cache.encode(text, ids);
    expect(ids).toEqual([1, 7, 2, 7, 1, 7, 3, 7, 4, 7]);
    expect(asked.map(({ length }) => length)).toEqual([1, 1, 65, 65]);
  });
});
