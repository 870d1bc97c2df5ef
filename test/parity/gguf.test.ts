// GGUF files written by llama.cpp's Python package (gguf_files.py): blocks, a model's logits, tokenizers, and damaged copies.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { HandheldError } from "../../src/errors.ts";
import { convertGguf, ggufSpec, ggufTensors, ggufTokenizer, openGguf } from "../../src/gguf/index.ts";
import { createBackend } from "../../src/kernels/index.ts";
import { loadModel } from "../../src/model/index.ts";
import { type GgmlType, ggmlFormats, unpackGgml } from "../../src/quant/index.ts";
import { createRandom } from "../../src/random.ts";
import { createTokenizer } from "../../src/tokenizer/index.ts";

const folder = new URL("./fixtures/gguf/", import.meta.url);
const path = (name: string) => fileURLToPath(new URL(name, folder));
const json = (name: string) => JSON.parse(readFileSync(new URL(name, folder), "utf8"));
const bytes = (text: string) => new Uint8Array(Buffer.from(text, "base64"));
const floats = (text: string) => new Float32Array(bytes(text).buffer);

const out = mkdtempSync(join(tmpdir(), "handheld-gguf-"));
afterAll(() => rmSync(out, { recursive: true }));

describe("blocks", () => {
  const fixture = json("blocks.json") as Record<GgmlType, { bytes: string; floats: string }>;
  it.each(Object.keys(ggmlFormats) as GgmlType[])("%s: the floats of Python, to the last bit but one", (type) => {
    const expected = floats(fixture[type].floats);
    const got = new Float32Array(expected.length);
    unpackGgml(type, bytes(fixture[type].bytes), got);
    // numpy rounds products of scales to f32 on the way, we round once.
    const wrong = got.findIndex((value, i) => Math.abs(value - expected[i]!) > 3e-7 * (1 + Math.abs(value)));
    expect(wrong).toBe(-1);
    expect(got.some((value) => value !== 0)).toBe(true);
  });
});

describe("a model", () => {
  const expected = json("llama.json") as {
    strings: { text: string; ids: number[] }[];
    prompt: number[];
    logits: string;
  };

  it("has the logits of transformers within 1e-4", async () => {
    await convertGguf(path("llama.gguf"), join(out, "llama"), { format: "f32" });
    const backend = await createBackend();
    const model = await loadModel(backend, join(out, "llama"));
    const session = model.decoder.createSession({ kv: "f32" });
    const logits = floats(expected.logits);
    const V = model.spec.vocabulary;
    let worst = 0;
    session.score(expected.prompt, (i, row) => {
      row.forEach((logit, v) => {
        worst = Math.max(worst, Math.abs(logit - logits[i * V + v]!));
      });
    });
    expect(worst).toBeLessThan(1e-4);
    session.close();
    model.close();
    await backend.close();
  });

  it("splits text as Python's tokenizers do", async () => {
    const { tokenizer } = await open("llama.gguf");
    for (const { text, ids } of expected.strings)
      expect([...tokenizer.encode(text)], JSON.stringify(text)).toEqual(ids);
    expect(tokenizer.config.chat_template).toContain("<|im_start|>");
    expect(tokenizer.eosId).toBe(2);
  });

  it("becomes an int4 directory that runs", async () => {
    await convertGguf(path("llama.gguf"), join(out, "int4"), { format: "int4" });
    const backend = await createBackend();
    const model = await loadModel(backend, join(out, "int4"));
    expect(model.format).toBe("int4");
    const session = model.decoder.createSession();
    session.append(expected.prompt);
    expect(session.logits().every(Number.isFinite)).toBe(true);
    session.close();
    model.close();
    await backend.close();
  });
});

it.each(["llama-bpe", "qwen2"])("text is split by the pattern of %s as Python's tokenizers do", async (pre) => {
  const { tokenizer } = await open(`${pre}.gguf`);
  const { strings } = json(`${pre}.json`) as { strings: { text: string; ids: number[] }[] };
  for (const { text, ids } of strings) expect([...tokenizer.encode(text)], JSON.stringify(text)).toEqual(ids);
});

it("SentencePiece's pieces split text as sentencepiece does", async () => {
  const { tokenizer } = await open("pieces.gguf");
  const { strings } = json("pieces.json") as { strings: { text: string; ids: number[] }[] };
  for (const { text, ids } of strings) expect([...tokenizer.encode(text)], JSON.stringify(text)).toEqual(ids);
  expect(tokenizer.encode("a", { specialTokens: true })).toEqual([1, ...tokenizer.encode("a")]);
});

async function open(name: string) {
  const file = await openGguf(path(name));
  const { json, config } = ggufTokenizer(file, name);
  await file.close();
  return { tokenizer: createTokenizer(json, config, name) };
}

describe("damaged files", () => {
  const whole = readFileSync(path("llama.gguf"));
  const damaged = join(out, "damaged.gguf");

  /** What comes of a file; `null` when it is read to its end. */
  async function attempt(content: Uint8Array): Promise<unknown> {
    writeFileSync(damaged, content);
    try {
      const file = await openGguf(damaged);
      try {
        ggufTokenizer(file, damaged);
        for (const { read } of ggufTensors(file, ggufSpec(file, damaged))) await read();
      } finally {
        await file.close();
      }
      return null;
    } catch (error) {
      return error;
    }
  }

  it("is read whole before it is damaged", async () => expect(await attempt(whole)).toBeNull());

  it("gives a typed error wherever it is cut", async () => {
    for (let end = 0; end < whole.length; end += 1 + Math.floor(end / 20)) {
      const error = await attempt(whole.subarray(0, end));
      expect(error, `${end} bytes`).toBeInstanceOf(HandheldError);
    }
  });

  it("gives a typed error, or a model, whatever byte of its header is another", async () => {
    const random = createRandom(1, "gguf");
    for (let i = 0; i < 1500; i++) {
      const copy = Uint8Array.from(whole);
      const changes = 1 + Math.floor(random.float() * 3);
      for (let j = 0; j < changes; j++) {
        const at = Math.floor(random.float() * random.float() * 16_000);
        copy[at] = [0, 255, 127, copy[at]! ^ (1 << (i % 8))][i % 4]!;
      }
      const error = await attempt(copy);
      if (error !== null) expect(error, `${i}: ${error}`).toBeInstanceOf(HandheldError);
    }
  }, 60_000);
});
