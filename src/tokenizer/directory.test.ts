// Model directories without tokenizer.json: GPT-2's vocab.json and merges.txt, SentencePiece's tokenizer.model with tokens
// that other files add; and what is wrong with damaged ones.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { HandheldError } from "../errors.ts";
import { readFields } from "./protobuf.ts";
import { createTokenizer } from "./tokenizer.ts";
import { loadTokenizer } from "./tokenizer-file.ts";

const folder = new URL("../../test/parity/fixtures/tokenizers/", import.meta.url);
const unzip = (name: string) => gunzipSync(readFileSync(new URL(name, folder)));
const root = mkdtempSync(join(tmpdir(), "handheld-tokenizers-"));
afterAll(() => rmSync(root, { recursive: true }));

let made = 0;
function directory(files: Record<string, string | Uint8Array>): string {
  const dir = join(root, String(made++));
  mkdirSync(dir);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(dir, name), content);
  return dir;
}

describe("vocab.json and merges.txt", () => {
  const json = JSON.parse(unzip("gpt2.json.gz").toString("utf8"));
  const merges = (json.model.merges as string[][]).map((pair) => pair.join(" "));
  const files = {
    "vocab.json": JSON.stringify(json.model.vocab),
    "merges.txt": `#version: 0.2\n${merges.join("\n")}\n`,
  };

  it("are GPT-2's tokenizer", async () => {
    const tokenizer = await loadTokenizer(
      directory({ ...files, "special_tokens_map.json": '{"eos_token":"<|endoftext|>"}' }),
    );
    const same = createTokenizer(json);
    for (const text of ["It's 12 o'clock,  we'll\n\n see", "ÜNÏ 東京 👍🏽", "a<|endoftext|>b"]) {
      expect(tokenizer.encode(text)).toEqual(same.encode(text));
    }
    expect(tokenizer.eosId).toBe(same.tokenToId("<|endoftext|>"));
    expect(tokenizer.specialIds.has(tokenizer.eosId!)).toBe(true);
  });

  it("take the tokens of tokenizer_config.json and added_tokens.json along", async () => {
    const config = { added_tokens_decoder: { 801: { content: "<b>", special: true } } };
    const dir = directory({
      ...files,
      "tokenizer_config.json": JSON.stringify(config),
      "added_tokens.json": '{"<a>":800}',
    });
    expect((await loadTokenizer(dir)).encode("<a><b>")).toEqual([800, 801]);
  });

  it("are refused where a merge is none", async () => {
    const dir = directory({ ...files, "merges.txt": "a b c\n" });
    await expect(loadTokenizer(dir)).rejects.toThrow("model.merges.0");
  });
});

describe("tokenizer.model", () => {
  const model = unzip("llama2-pieces.model.gz");

  it("has roles, and begins a text where its class does", async () => {
    const plain = await loadTokenizer(directory({ "tokenizer.model": model }));
    expect([plain.bosId, plain.eosId, plain.padId]).toEqual([1, 2, null]);
    expect(plain.encode("a", { specialTokens: true })).toEqual(plain.encode("a"));
    const config = '{"tokenizer_class":"LlamaTokenizer"}';
    const llama = await loadTokenizer(directory({ "tokenizer.model": model, "tokenizer_config.json": config }));
    expect(llama.encode("a", { specialTokens: true })).toEqual([1, ...plain.encode("a")]);
    expect(llama.encode("a</s>")).toEqual([...plain.encode("a"), 2]);
    expect(llama.decode([1, ...plain.encode("a  b")], { skipSpecial: true })).toBe("a  b");
  });

  it("is left alone where there is a tokenizer.json", async () => {
    const json = unzip("smollm.json.gz");
    const tokenizer = await loadTokenizer(directory({ "tokenizer.model": "junk", "tokenizer.json": json }));
    expect(tokenizer.tokenToId("<|im_start|>")).toBeDefined();
  });

  const broken: [string, Uint8Array, string][] = [
    ["nothing", new Uint8Array(0), "has no pieces"],
    ["a cut", model.subarray(0, 5000), "ends within a field"],
    ["a field of an unknown kind", Uint8Array.of(0x0b), "unknown kind 3"],
    ["a number without an end", new Uint8Array(20).fill(0xff), "a number has no end"],
    ["a piece that is not UTF-8", Uint8Array.of(0x0a, 3, 0x0a, 1, 0xff), "a piece is not UTF-8"],
    ["a score that is not a number", Uint8Array.of(0x0a, 8, 0x0a, 1, 97, 0x15, 0, 0, 0xc0, 0x7f), "is not a number"],
    ["words", Uint8Array.of(0x0a, 3, 0x0a, 1, 97, 0x12, 2, 0x18, 3), "neither unigram (1) nor BPE (2)"],
    ["a damaged table", Uint8Array.of(0x0a, 3, 0x0a, 1, 97, 0x1a, 3, 0x12, 1, 9), "precompiled_charsmap) is damaged"],
    [
      "no decoder for spaces after words",
      Uint8Array.of(0x0a, 3, 0x0a, 1, 97, 0x12, 3, 0xc0, 1, 1),
      "at the end of pieces",
    ],
  ];
  it.each(broken)("with %s is refused", async (_what, bytes, message) => {
    const loading = loadTokenizer(directory({ "tokenizer.model": bytes }));
    await expect(loading).rejects.toThrow(message);
    await expect(loading).rejects.toBeInstanceOf(HandheldError);
  });

  it("reads every kind of field, never past the end of a message", () => {
    const message = Uint8Array.of(
      0x08,
      0x96,
      0x01,
      0x11,
      1,
      2,
      3,
      4,
      5,
      6,
      7,
      8,
      0x1a,
      2,
      9,
      9,
      0x25,
      0,
      0,
      0x80,
      0x3f,
    );
    const fields = [...readFields(message, "m")].map(({ number, integer, bytes }) => [number, integer, bytes.length]);
    expect(fields).toEqual([
      [1, 150, 0],
      [2, 0, 8],
      [3, 0, 2],
      [4, 0x3f800000, 0],
    ]);
  });
});

it("a directory without a tokenizer says so", async () => {
  await expect(loadTokenizer(directory({}))).rejects.toThrow("tokenizer.json: no such file or folder");
});
