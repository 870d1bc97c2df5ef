// GGUF files of models and tokenizers, read back: the same architecture, weights, ids. llama.cpp itself: bench/peers.
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { tinyTokenizer } from "../generate/tiny-model.case.ts";
import { openStoredModel } from "../model/stored-access.ts";
import { randomTensors, tinySpec, worst } from "../model/tiny.case.ts";
import type { PackedType } from "../quant/ggml-pack.ts";
import { packGgml } from "../quant/ggml-pack.ts";
import { createTokenizer, type Tokenizer } from "../tokenizer/tokenizer.ts";
import { ggufSpec, ggufTensors } from "./architecture.ts";
import { exportGguf, type ModelToExport } from "./export.ts";
import { openGguf } from "./file.ts";
import { joinHalves, splitHalves } from "./layouts.ts";
import { openModel } from "./model-source.ts";
import { preTokenizerName } from "./pre-tokenizers.ts";
import { ggufTokenizer } from "./tokenizer.ts";
import { tokenizerMetadata } from "./tokenizer-write.ts";
import { entry, saveGguf } from "./write.ts";

const folder = mkdtempSync(join(tmpdir(), "handheld-export-"));
afterAll(() => rmSync(folder, { recursive: true }));
const strings = [
  "",
  " ",
  "wake me up at 8",
  "It's 12345 o'clock",
  "  two  spaces ",
  "über 漢字 👍🏽",
  "line\n\tbreaks\r\n",
  "<|endoftext|>a",
];

function tinyModel(tokenizer: Tokenizer, changes: Parameters<typeof tinySpec>[0] = {}): ModelToExport {
  const spec = tinySpec({ vocabulary: tokenizer.size + 3, width: 64, ffnWidth: 96, heads: 4, kvHeads: 2, ...changes });
  const tensors = randomTensors(spec).map(({ name, shape, data }) => {
    return { name, shape, read: async () => data as Float32Array<ArrayBuffer> };
  });
  return { spec, tokenizer, tensors, name: "runs/tiny" };
}

/** A tokenizer smaller than the vocabulary of any model here. */
const fewTokens = createTokenizer({
  added_tokens: [],
  pre_tokenizer: { type: "ByteLevel", add_prefix_space: false },
  decoder: { type: "ByteLevel" },
  model: { type: "BPE", vocab: { a: 0, b: 1 }, merges: [] },
});

describe("a model as a GGUF file", () => {
  it.each<[PackedType, number]>([
    ["F32", 0],
    ["F16", 2 ** -11],
    ["Q8_0", 0.006],
    ["Q4_0", 0.13],
  ])(
    "%s: comes back with its architecture, tokenizer and weights within %f of each matrix's largest",
    async (type, within) => {
      const model = tinyModel(tinyTokenizer(), { tiedEmbeddings: false });
      const path = join(folder, `${type}.gguf`);
      await exportGguf(path, model, type);
      const back = await openModel(path);
      expect(back.spec).toEqual(model.spec);
      for (const text of strings) expect(back.tokenizer.encode(text)).toEqual(model.tokenizer.encode(text));
      expect(back.tensors.map(({ name }) => name)).toEqual(model.tensors.map(({ name }) => name));
      for (const [i, { read, shape }] of back.tensors.entries()) {
        const wanted = await model.tensors[i]!.read();
        const bound = shape.length === 1 ? 0 : within * Math.max(...wanted.map(Math.abs));
        expect(worst(await read(), wanted)).toBeLessThanOrEqual(bound);
      }
      await back.close();
    },
  );

  it("Q4_0 keeps the head, or the embedding that is one, in Q8_0, and rows of other lengths in F16", async () => {
    const path = join(folder, "types.gguf");
    const typesOf = async (changes: Parameters<typeof tinySpec>[0]) => {
      await exportGguf(path, tinyModel(tinyTokenizer(), changes), "Q4_0");
      const file = await openGguf(path);
      await file.close();
      return Object.fromEntries(file.tensors.map(({ name, type }) => [name, type]));
    };
    expect(await typesOf({ tiedEmbeddings: false })).toMatchObject({
      ...{ "token_embd.weight": "Q4_0", "output.weight": "Q8_0", "output_norm.weight": "F32" },
      ...{ "blk.0.attn_q.weight": "Q4_0", "blk.1.ffn_norm.weight": "F32" },
    });
    const odd = await typesOf({ ffnWidth: 72 });
    expect(odd).toMatchObject({
      "token_embd.weight": "Q8_0",
      "blk.0.ffn_down.weight": "F16",
      "blk.0.ffn_up.weight": "Q4_0",
    });
    expect(odd).not.toHaveProperty(["output.weight"]);
  });

  it("blocks that repeat are written as often as they run", async () => {
    const model = tinyModel(tinyTokenizer(), { layerRepeat: 2 });
    const path = join(folder, "repeat.gguf");
    await exportGguf(path, model, "F32");
    const back = await openModel(path);
    expect(back.spec).toEqual({ ...model.spec, layers: 4, layerRepeat: 1 });
    const up = (i: number) => back.tensors.find(({ name }) => name === `model.layers.${i}.mlp.up_proj.weight`)!.read();
    expect(await up(1)).toEqual(await up(0));
    expect(await up(2)).not.toEqual(await up(1));
    await back.close();
  });

  it("refuses what llama.cpp does not compute, and leaves nothing", async () => {
    const path = join(folder, "relu.gguf");
    const model = tinyModel(tinyTokenizer(), { activation: "relu" });
    await expect(exportGguf(path, model, "F16")).rejects.toThrow(
      'runs/tiny: no architecture of GGUF fits: llama has activation "silu", not "relu"',
    );
    expect(() => statSync(path)).toThrow("ENOENT");
  });

  const families = new URL("../../test/parity/fixtures/families/", import.meta.url);
  it.each([
    // Constant factors are in the weights by then.
    ["granite", "llama"],
    ["llama-rope-llama3", "llama"],
    ["llama-rope-linear", "llama"],
    ["llama-sharded", "llama"],
    ["qwen2-tied", "qwen2"],
    ["gpt2", "gpt2"],
    ["gemma2", "normPlacement"],
    ["phi3", "slidingWindow"],
    ["bloom", "embeddingNorm"],
  ])("%s becomes %s, or is refused for that", async (name, layout) => {
    const { spec, ...stored } = await openStoredModel(fileURLToPath(new URL(name, families)));
    const path = join(folder, `${name}.gguf`);
    const model = { ...stored, spec, tokenizer: fewTokens, name };
    const writing = exportGguf(path, model, "F32");
    if (/[A-Z]/.test(layout)) await expect(writing).rejects.toThrow(new RegExp(`llama has (${layout}) `));
    else {
      await writing;
      const file = await openGguf(path);
      expect(file.metadata.get("general.architecture")).toBe(layout);
      const back = ggufSpec(file, path);
      const tensors = ggufTensors(file, back);
      for (const [i, { name, read }] of tensors.entries()) {
        const { name: wantedName, read: wanted } = stored.tensors[i]!;
        expect(name).toBe(wantedName);
        expect(await read()).toEqual(await wanted());
      }
      await file.close();
    }
    await stored.close();
  });

  it("stops when told to, and leaves nothing", async () => {
    const path = join(folder, "stopped.gguf");
    const stop = new AbortController();
    const onProgress = (done: number) => done === 3 && stop.abort();
    const exporting = exportGguf(path, tinyModel(tinyTokenizer()), "F16", { signal: stop.signal, onProgress });
    await expect(exporting).rejects.toMatchObject({ code: "aborted" });
    expect(() => statSync(path)).toThrow("ENOENT");
  });
});

it("rows of heads: neighbours to halves and back", () => {
  const rows = Float32Array.from({ length: 2 * 6 * 3 }, (_, i) => i);
  const halves = splitHalves(rows, 2, 6);
  expect([...halves.filter((_, i) => i % 3 === 0)].map((first) => first / 3)).toEqual([
    0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11,
  ]);
  expect(joinHalves(halves, 2, 6)).toEqual(rows);
});

describe("tokenizers", () => {
  const fixtures = new URL("../../test/parity/fixtures/", import.meta.url);

  /** A tokenizer from GGUF metadata, written and read again. */
  async function again(tokenizer: Tokenizer): Promise<Tokenizer> {
    const path = join(folder, "tokenizer.gguf");
    const data = () => [packGgml("F32", new Float32Array(1))];
    const metadata = tokenizerMetadata(tokenizer, tokenizer.size, "t");
    metadata.set("general.architecture", entry.string("llama"));
    await saveGguf(path, metadata, [{ name: "x", shape: [1], type: "F32", data }]);
    return readTokenizer(path);
  }

  async function readTokenizer(path: string): Promise<Tokenizer> {
    const file = await openGguf(path);
    await file.close();
    const { json, config } = ggufTokenizer(file, path);
    return createTokenizer(json, config);
  }

  it.each(["llama", "llama-bpe", "qwen2", "pieces"])(
    "%s.gguf of Python's package comes back the same",
    async (name) => {
      const tokenizer = await readTokenizer(fileURLToPath(new URL(`gguf/${name}.gguf`, fixtures)));
      const back = await again(tokenizer);
      expect(back.json).toEqual(tokenizer.json);
      expect(back.config).toEqual(tokenizer.config);
    },
  );

  it("a byte-level tokenizer.json keeps its ids", async () => {
    const json = JSON.parse(readFileSync(new URL("tokenizer/plain.json", fixtures), "utf8"));
    const tokenizer = createTokenizer(json);
    const back = await again(tokenizer);
    for (const text of strings) expect(back.encode(text), JSON.stringify(text)).toEqual(tokenizer.encode(text));
  });

  it("pieces that begin with U+FEFF are their own; symbols of the user have the spaces of text, as in Gemma's files", async () => {
    const tokens = ["<unk>", "/", "\ufeff/", "//", "\ufeff//", "▁", "  ", "\ufeff", "a", "▁a"];
    const metadata = new Map([
      ["tokenizer.ggml.model", entry.string("llama")],
      ["tokenizer.ggml.tokens", entry.string(tokens)],
      ["tokenizer.ggml.scores", entry.f32(tokens.map((_, id) => -id))],
      ["tokenizer.ggml.token_type", entry.i32(tokens.map((token) => (token === "<unk>" ? 2 : token === "  " ? 4 : 1)))],
      ["tokenizer.ggml.add_space_prefix", entry.bool(false)],
    ]);
    const path = join(folder, "gemma.gguf");
    const data = () => [packGgml("F32", new Float32Array(1))];
    await saveGguf(path, metadata, [{ name: "x", shape: [1], type: "F32", data }]);
    const tokenizer = await readTokenizer(path);
    expect(tokenizer.encode("//\ufeff//  a a")).toEqual([3, 4, 6, 8, 9]);
    expect(tokenizer.decode([3, 4, 6, 8, 9])).toBe("//\ufeff//  a a");
    const written = tokenizerMetadata(tokenizer, tokens.length, "t");
    expect(written.get("tokenizer.ggml.tokens")!.value).toEqual(tokens);
  });

  it("refuses pieces whose merges do not follow from them", () => {
    const json = JSON.parse(readFileSync(new URL("tokenizer/metaspace.json", fixtures), "utf8"));
    expect(() => tokenizerMetadata(createTokenizer(json), 300, "t")).toThrow("its merges are not those that follow");
  });

  it("refuses ways to cut text that GGUF has no name for", async () => {
    const json = JSON.parse(readFileSync(new URL("tokenizer/spaced.json", fixtures), "utf8"));
    expect(() => tokenizerMetadata(createTokenizer(json), 300, "t")).toThrow("no name in GGUF");
    expect(preTokenizerName({ type: "ByteLevel", add_prefix_space: false })).toBe("gpt-2");
    expect(preTokenizerName({ type: "Whitespace" })).toBeNull();
  });
});
