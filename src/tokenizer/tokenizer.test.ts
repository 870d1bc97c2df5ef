// Encoding equal to Python's `tokenizers`, decoding and streaming of any bytes, and malformed files.
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { HandheldError } from "../errors.ts";
import { createTokenizer, loadTokenizer, saveTokenizer, type Tokenizer, trainTokenizer } from "./index.ts";

const fixtures = new URL("../../test/parity/fixtures/tokenizer/", import.meta.url);
const readJson = (url: URL) => JSON.parse(readFileSync(url, "utf8"));
const expected = readJson(new URL("expected.json", fixtures));
const strings: string[] = expected.strings;

describe.each(["plain", "spaced", "metaspace"])("%s tokenizer against Python tokenizers 0.22.2", (name) => {
  const tokenizer = createTokenizer(readJson(new URL(`${name}.json`, fixtures)));

  it(`encodes ${strings.length} strings to the same ids`, () => {
    expect(strings.length).toBeGreaterThan(500);
    strings.forEach((text, i) => {
      expect(tokenizer.encode(text), JSON.stringify(text)).toEqual(expected[name][i]);
    });
  });

  it("decodes them to the same texts", () => {
    strings.forEach((text, i) => {
      const decoded: string = expected[`${name}Decoded`][i] ?? text;
      expect(tokenizer.decode(expected[name][i]), JSON.stringify(text)).toBe(decoded);
    });
  });

  it("streams the same text one id at a time, whole characters only", () => {
    for (const text of strings) expect(streamed(tokenizer, tokenizer.encode(text))).toBe(decodeAll(tokenizer, text));
  });
});

function decodeAll(tokenizer: Tokenizer, text: string): string {
  return tokenizer.decode(tokenizer.encodeInt32(text));
}

function streamed(tokenizer: Tokenizer, ids: number[]): string {
  const stream = tokenizer.stream();
  const parts = ids.map((id) => stream.push(id));
  for (const part of parts) expect(part).toBe(part.toWellFormed());
  return parts.join("") + stream.end();
}

describe("a trained tokenizer", () => {
  const options = { vocabularySize: 300, specialTokens: ["<s>", "</s>"], roles: { bos: "<s>", eos: "</s>" } };
  const tokenizer = trainTokenizer(["the cat and the dog", "the other cat"], options);

  it("round-trips any UTF-8 text: 2,000 strings of random code points", () => {
    const random = createRandom(1);
    for (let i = 0; i < 2000; i++) {
      const text = randomText(random);
      expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
    }
  });

  it("gives the bytes of every token", () => {
    const bytes = tokenizer.tokenBytes();
    const text = "the 🐈 café\n";
    const ids = tokenizer.encode(text);
    expect(Buffer.concat(ids.map((id) => bytes[id]!)).toString()).toBe(text);
    expect(bytes).toHaveLength(tokenizer.size);
    expect(new Set(bytes.filter(({ length }) => length === 1).map(([byte]) => byte)).size).toBe(256);
    expect(Buffer.from(bytes[0]!).toString()).toBe("<s>");
  });

  it("holds a character back until its last byte, and gives U+FFFD for one that never ends", () => {
    const ids = tokenizer.encode("a🐈b");
    const stream = tokenizer.stream();
    expect(ids.map((id) => stream.push(id))).toEqual(["a", "", "", "", "🐈", "b"]);
    expect(stream.push(ids[1]!)).toBe("");
    expect(stream.end()).toBe("\ufffd");
    expect(stream.push(ids[0]!)).toBe("a");
  });

  it("knows roles, special tokens and lookups", () => {
    expect([tokenizer.bosId, tokenizer.eosId, tokenizer.padId]).toEqual([0, 1, null]);
    expect(tokenizer.idToToken(tokenizer.tokenToId("Ġcat")!)).toBe("Ġcat");
    expect(tokenizer.tokenToId("nope")).toBeUndefined();
    const ids = tokenizer.encode("<s>the cat</s>");
    expect(tokenizer.decode(ids)).toBe("<s>the cat</s>");
    expect(tokenizer.decode(ids, { skipSpecial: true })).toBe("the cat");
    expect(() => tokenizer.decode([9999])).toThrow("token id 9999 is outside the vocabulary");
  });

  it("saves and loads to the same ids", async () => {
    const folder = mkdtempSync(join(tmpdir(), "handheld-tokenizer-"));
    await saveTokenizer(tokenizer, folder);
    const loaded = await loadTokenizer(folder);
    expect(loaded.encode("<s>the other dog, 42")).toEqual(tokenizer.encode("<s>the other dog, 42"));
    expect(loaded.eosId).toBe(1);
    expect(readJson(new URL(`file://${folder}/tokenizer_config.json`)).clean_up_tokenization_spaces).toBe(false);
  });
});

describe("malformed files", () => {
  const good = trainTokenizer(["aa aa"], { vocabularySize: 258 }).json;
  const model = good.model as { vocab: Record<string, number>; merges: unknown[] };
  const cases: [string, unknown, string][] = [
    ["not an object", [], "tokenizer.json: Invalid input"],
    ["no model", { ...good, model: undefined }, "tokenizer.json: model"],
    ["a strange model", { ...good, model: { ...model, type: "Magic" } }, "tokenizer.json: model.type"],
    ["a negative id", { ...good, model: { ...model, vocab: { ...model.vocab, x: -1 } } }, "model.vocab.x"],
    ["a huge id", { ...good, model: { ...model, vocab: { ...model.vocab, xx: 1e9 } } }, "model.vocab.xx"],
    ["an id twice", { ...good, model: { ...model, vocab: { ...model.vocab, xx: 5 } } }, "both have the id 5"],
    ["a merge of unknown tokens", { ...good, model: { ...model, merges: [["q", "zz"]] } }, "model.merges.0"],
    ["a merge of three", { ...good, model: { ...model, merges: ["a a a"] } }, "model.merges.0"],
    ["an unknown pre-tokenizer", { ...good, pre_tokenizer: { type: "Magic" } }, "tokenizer.json: "],
    ["an unknown decoder", { ...good, decoder: { type: "Magic" } }, "Magic"],
    ["a decoder that has no bytes", { ...good, decoder: { type: "CTC" } }, 'decoder "CTC" is not supported'],
    ["added tokens with one id", { ...good, added_tokens: [0, 0].map((id) => ({ id, content: "x" })) }, "same id"],
  ];
  it.each(cases)("%s", (_what, json, message) => {
    expect(() => createTokenizer(json)).toThrow(HandheldError);
    expect(() => createTokenizer(json)).toThrow(message);
  });

  it("name the file that is missing or is not JSON", async () => {
    const folder = mkdtempSync(join(tmpdir(), "handheld-tokenizer-"));
    await expect(loadTokenizer(folder)).rejects.toThrow("tokenizer.json: no such file or folder");
    writeFileSync(join(folder, "tokenizer.json"), "{,");
    await expect(loadTokenizer(folder)).rejects.toThrow("tokenizer.json: not valid JSON");
  });
});

const phonelm = new URL("../../../shared/data/tokenizers/phonelm/", import.meta.url);
describe.skipIf(!existsSync(phonelm))("PhoneLM's tokenizer (needs ../shared/data/tokenizers/phonelm)", () => {
  // Ids by Python tokenizers 0.22.2.
  const known: [text: string, ids: number[], decoded: string][] = readJson(new URL("phonelm-ids.json", fixtures));

  it(`encodes ${known.length} strings to Python's ids and decodes them to Python's texts`, async () => {
    const tokenizer = await loadTokenizer(phonelm.pathname);
    expect(tokenizer.size).toBe(49_152);
    // Its vocabulary lacks some control characters, which both libraries then drop.
    for (const [text, ids, decoded] of known) {
      expect(tokenizer.encode(text), JSON.stringify(text)).toEqual(ids);
      expect(tokenizer.decode(ids)).toBe(decoded);
    }
  });
});

function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function randomText(random: () => number): string {
  const tops = [0x20, 0x80, 0x100, 0x800, 0x3000, 0x10000, 0x20000, 0x110000];
  let text = "";
  for (let n = Math.floor(random() * 12); n >= 0; n--) {
    const point = Math.floor(random() * tops[Math.floor(random() * tops.length)]!);
    text += point >= 0xd800 && point < 0xe000 ? " " : String.fromCodePoint(point);
  }
  return text;
}
